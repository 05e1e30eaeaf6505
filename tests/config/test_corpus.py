"""Whole configuration files, good and bad, with exactly what comes of them.

`corpus/bad/NAME.yaml` gives the problems in `NAME.expected`, one a line;
`corpus/good/NAME.yaml` gives the settings in `NAME.json`, without those that are None.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from exporter.config import load_settings
from exporter.errors import ConfigError

CORPUS = Path(__file__).parent / "corpus"
SECRET = "9193cc662a4c0ec135ec71fb57194b38"
ENVIRONMENT = {
    "ZEGO_SERVER_SECRET": SECRET,
    "EMPTY": "",
    "APP_ID": "12345",
    "NAME": "name",
    "HALF": "0.5",
    "MINUTES": "2",
    "STATUS": "unknown",
    "TRUE": "true",
    "NOT_A_NUMBER": "correct horse",
    "WITH_SPACES": "battery staple",
}
HIDDEN = (SECRET, "9193", "hunter", "correct", "battery")
"""What stands for a secret in these files, whole or in part."""


def files(folder: str) -> list[str]:
    """Return the names of the configuration files of one kind."""
    return sorted(path.stem for path in (CORPUS / folder).glob("*.yaml"))


@pytest.mark.parametrize("name", files("bad"))
def test_bad_file_gives_exactly_these_problems(name: str) -> None:
    """Every problem of the file is reported, in its order, and nothing in it shows a secret."""
    with pytest.raises(ConfigError) as caught:
        load_settings(CORPUS / "bad" / f"{name}.yaml", ENVIRONMENT)
    messages = str(caught.value).replace(f"{CORPUS / 'bad'}/", "")
    expected = (CORPUS / "bad" / f"{name}.expected").read_text("utf-8")
    assert messages + "\n" == expected
    assert not [hidden for hidden in HIDDEN if hidden in messages]


@pytest.mark.parametrize("name", files("bad"))
def test_each_problem_is_one_line_that_says_what_would_be_right(name: str) -> None:
    """A message has a place, what is wrong, and a remedy in brackets."""
    for line in (CORPUS / "bad" / f"{name}.expected").read_text("utf-8").splitlines():
        assert re.fullmatch(r"[^:]+: .*\S \(.+\)", line), line


@pytest.mark.parametrize("name", files("good"))
def test_good_file_gives_exactly_these_settings(name: str) -> None:
    """Everything is filled in as documented, and no dump of the settings shows a secret."""
    settings = load_settings(CORPUS / "good" / f"{name}.yaml", ENVIRONMENT)
    dump = settings.model_dump_json(exclude_none=True).replace(f"{CORPUS / 'good'}/", "")
    expected = json.loads((CORPUS / "good" / f"{name}.json").read_text("utf-8"))
    assert {**json.loads(dump), "warnings": list(settings.warnings)} == expected
    assert not [hidden for hidden in HIDDEN if hidden in dump or hidden in repr(settings)]


def test_every_bad_file_has_its_expected_messages() -> None:
    """No half of a pair stands alone."""
    assert {path.stem for path in (CORPUS / "bad").glob("*.expected")} == set(files("bad"))
    assert {path.stem for path in (CORPUS / "good").glob("*.json")} == set(files("good"))
