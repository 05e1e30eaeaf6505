"""Settings from files, the environment and flags.

`corpus/bad/NAME.yaml` gives the problems in `NAME.expected`, one a line;
`corpus/good/NAME.yaml` gives the settings in `NAME.json`, without those that are None.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.config import (
    AppSettings,
    CollectionSettings,
    Settings,
    TaskSettings,
    load_settings,
)
from exporter.config import WebSettings as Web
from exporter.errors import ConfigError
from tests.builders import SECRET

ENVIRONMENT = {"ZEGO_APP_ID": "12345", "ZEGO_SERVER_SECRET": SECRET}
EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"


def problems(path: Path | None, environment: dict[str, str], **overrides: Any) -> list[str]:
    """Return the problems of the configuration, none of which may show the secret."""
    with pytest.raises(ConfigError) as caught:
        load_settings(path, environment, overrides=overrides)
    assert SECRET not in str(caught.value)
    return list(caught.value.problems)


def write(folder: Path, text: str) -> Path:
    """Write a configuration file."""
    path = folder / "config.yaml"
    path.write_text(text, "utf-8")
    return path


def test_the_environment_alone_gives_one_app_with_defaults() -> None:
    """Without a file two variables are enough, and the third chooses the host."""
    loaded = load_settings(None, {**ENVIRONMENT, "ZEGO_REGION": "fra"})
    (app,) = loaded.apps
    assert (app.name, app.app_id, app.read_secret()) == ("12345", 12345, SECRET)
    assert app.endpoint == "https://cloud-player-api-fra.zego.im"
    assert (loaded.tasks, loaded.web, loaded.warnings) == (TaskSettings(), Web(), ())


def test_an_empty_variable_is_an_unset_one() -> None:
    """Compose files pass on unset variables as empty ones."""
    loaded = load_settings(None, {**ENVIRONMENT, "ZEGO_REGION": "", "ZEGO_SERVER_SECRET_FILE": ""})
    assert loaded.apps[0].region == "global"


def test_white_space_around_a_variable_does_not_count() -> None:
    """Lines of an `--env-file` can end in a space, or, written on Windows, in a carriage return."""
    variables = {"ZEGO_APP_ID": " 1\r", "ZEGO_SERVER_SECRET": f"{SECRET}\r", "ZEGO_REGION": "fra "}
    (app,) = load_settings(None, variables).apps
    assert (app.app_id, app.region) == (1, "fra")
    assert app.read_secret() == SECRET


@pytest.mark.parametrize("name", ["ZEGO_APPID", "zego_app_id", "ZEGO_APPID_FILE"])
def test_a_variable_that_is_named_alike_is_mentioned(name: str, tmp_path: Path) -> None:
    """The name alone: its value may be a secret."""
    similar = {name: "7", "ZEGO_SERVER_SECRET": SECRET, "ZEGO_HISTORY_PATH": "/h", "APP_ID": "8"}
    similar["ZEGO_APP\x1b_ID"] = "9"  # nearer, and not fit for a terminal
    assert problems(None, similar) == [
        f"ZEGO_APP_ID: is not set, but {name} is (the AppId from the ZEGO console; or give "
        "--config.file)"
    ]
    path = tmp_path / "config.yaml"
    path.write_text(f"apps: [{{app_id: '${{ZEGO_APP_ID}}', server_secret: {SECRET}}}]")
    assert problems(path, similar) == [
        f"apps[0].app_id: the environment variable ZEGO_APP_ID is not set, but {name} is (set it, "
        "or write $${ for a plain ${)"
    ]


def test_an_empty_variable_in_the_file_is_said_to_be_empty(tmp_path: Path) -> None:
    """The file looks right."""
    path = tmp_path / "config.yaml"
    path.write_text("apps: [{app_id: 1, server_secret: '${SECRET}'}]")
    for value, problem in (("", "empty"), (" ", "blank")):
        (line,) = problems(path, {"SECRET": value})
        assert line.startswith(f"apps[0].server_secret: is {problem}: the variable is empty (")


def test_the_environment_may_name_a_secret_file(tmp_path: Path) -> None:
    """Docker secrets are files."""
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    environment = {"ZEGO_APP_ID": "1", "ZEGO_SERVER_SECRET_FILE": str(file)}
    assert load_settings(None, environment).apps[0].read_secret() == SECRET


def test_problems_of_the_environment_are_named_after_the_variables() -> None:
    """There is no file with lines to name."""
    assert problems(None, {}) == [
        "ZEGO_APP_ID: is not set (the AppId from the ZEGO console; or give --config.file)",
        "ZEGO_SERVER_SECRET: is not set (the ServerSecret from the ZEGO console, or "
        "ZEGO_SERVER_SECRET_FILE; or give --config.file)",
    ]
    wrong = {"ZEGO_APP_ID": "my app", "ZEGO_SERVER_SECRET": SECRET, "ZEGO_REGION": "eu"}
    assert problems(None, {**wrong, "ZEGO_SERVER_SECRET_FILE": "/nonexistent/file"}) == [
        "ZEGO_APP_ID: is text, not a whole number (the AppId from the ZEGO console, "
        "1 to 4294967295)",
        'ZEGO_SERVER_SECRET_FILE: "/nonexistent/file" cannot be used: No such file or directory '
        "(a file that holds the ServerSecret from the ZEGO console and nothing else)",
        "ZEGO_SERVER_SECRET: is set and ZEGO_SERVER_SECRET_FILE too (exactly one of the two)",
        "ZEGO_REGION: is not known (one of global, sha, hkg, fra, lax, bom, sgp)",
    ]


def test_flags_win_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A given flag replaces the key; paths of flags count from the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "etc").mkdir()
    (tmp_path / "web.yaml").touch()
    text = "apps: [{app_id: 1, server_secret: '${ZEGO_SERVER_SECRET}'}]\nweb: {listen_address: [x]}"
    web = {"listen_address": (":9",), "telemetry_path": None, "config_file": "web.yaml"}
    path = write(tmp_path / "etc", text)
    loaded = load_settings(path, ENVIRONMENT, overrides={"web": web})
    assert loaded.web.listen_address == (":9",)
    assert loaded.web.telemetry_path == "/metrics"
    assert loaded.web.config_file == tmp_path / "web.yaml"


def test_bytes_that_are_not_utf_8_are_a_problem_of_their_place(tmp_path: Path) -> None:
    """Python has them as surrogates in variables and flags, and pydantic refuses these."""
    file = write(
        tmp_path,
        "apps:\n"
        "- {app_id: 1, server_secret: '${X}', name: '${X}', region: '${X}', ca_file: '${X}'}\n"
        "- {app_id: 2, server_secret_file: '${X}', endpoint: 'https://${X}'}\n"
        "collection: {interval: '${X}'}\n"
        "tasks: {title: '${X}', expiry_windows: ['${X}'], statuses: ['${X}']}\n"
        "web: {listen_address: ['${X}:1'], config_file: '${X}'}\n",
    )
    bad = os.fsdecode(b"\xff")
    found = problems(file, {"X": bad}, web={"telemetry_path": f"/{bad}"})
    assert [problem.partition(": ")[0] for problem in found] == [
        *(f"apps[0].{key}" for key in ("server_secret", "name", "region", "ca_file")),
        *(f"apps[1].{key}" for key in ("server_secret_file", "endpoint")),
        "collection.interval",
        *(f"tasks.{key}" for key in ("title", "expiry_windows[0]", "statuses[0]")),
        *("web.listen_address[0]", "web.config_file", "--web.telemetry-path"),
    ]
    assert sum(": is not UTF-8 text (" in problem for problem in found) == 4


def test_flags_keep_the_rules_of_the_file() -> None:
    """A wrong flag is reported like a wrong key, by its name; `${` in a flag means nothing."""
    assert problems(None, ENVIRONMENT, web={"listen_address": ["${X}"]}) == [
        '--web.listen-address: is "${X}", not an address to listen on (such as ":10317", '
        '"127.0.0.1:10317" or "[::1]:10317")'
    ]


def test_a_broken_section_is_reported_with_flags_too(tmp_path: Path) -> None:
    """Flags do not hide a section that is no mapping."""
    path = write(tmp_path, "apps: [{app_id: 1, server_secret: x}]\nweb: 5")
    (problem,) = problems(path, {}, web={"listen_address": [":1"]})
    assert problem.startswith("web: is a whole number, not a mapping (")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Absent, or a folder."""
    path = tmp_path / "none.yaml"
    assert problems(path, {}) == [
        f"{path}: cannot be read: No such file or directory (check the path)"
    ]
    assert problems(tmp_path, {}) == [
        f"{tmp_path}: cannot be read: Is a directory; Docker mounts one for a file that the host "
        "lacks (check the path)"
    ]


def test_the_example_loads_unchanged() -> None:
    """It needs one variable, and causes no warning."""
    loaded = load_settings(EXAMPLE, {"ZEGO_SERVER_SECRET": SECRET})
    assert loaded.warnings == ()
    assert loaded.apps[0].read_secret() == SECRET


_KEYS = st.sampled_from(
    [
        k
        for m in (Settings, AppSettings, CollectionSettings, TaskSettings, Web)
        for k in m.model_fields
    ]
)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(
        ["1h", "60s", "${A}", "${B}", "${", "failed", "full", ":1", "http://[::1", "1"]
    )
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(_KEYS | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    values=_VALUES
    | st.fixed_dictionaries(
        {"apps": st.lists(st.dictionaries(_KEYS, _VALUES, max_size=6), max_size=3)},
        optional={"collection": _VALUES, "tasks": _VALUES, "web": _VALUES},
    )
)
def test_any_structure_gives_settings_or_problems(
    tmp_path_factory: pytest.TempPathFactory, values: Any
) -> None:
    """No other exception escapes, and every problem is one printable line."""
    path = write(tmp_path_factory.getbasetemp(), yaml.safe_dump(values, allow_unicode=True))
    try:
        load_settings(path, {"A": "1", "B": "secret-of-the-environment"})
    except ConfigError as error:
        for line in error.problems:
            assert line.isprintable()
            assert "secret-of-the-environment" not in line


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", "/data/history.sqlite"),
        ("history: {}", "/data/history.sqlite"),
        ("history: {path: null}", "/data/history.sqlite"),
        ("history: {path: ''}", None),
        ("history: {path: /mine.sqlite}", "/mine.sqlite"),
    ],
)
def test_the_environment_gives_the_history_where_the_file_does_not(
    tmp_path: Path, text: str, path: str | None
) -> None:
    """A container image names a file on its volume; the configuration file takes precedence.

    Null is the default, as for every other key, and an empty text means no history.
    """
    file = write(tmp_path, f"apps: [{{app_id: 1, server_secret: '{SECRET}'}}]\n{text}")
    settings = load_settings(file, {"ZEGO_HISTORY_PATH": "/data/history.sqlite"})
    assert settings.history.path == (Path(path) if path else None)


def test_the_example_keeps_the_history_of_the_environment() -> None:
    """It is copied, and an image or a unit sets the variable on purpose."""
    environment = {"ZEGO_APP_ID": "1", "ZEGO_SERVER_SECRET": SECRET}
    example = Path(__file__).parents[2] / "config.example.yaml"
    settings = load_settings(example, {**environment, "ZEGO_HISTORY_PATH": "/data/h.sqlite"})
    assert settings.history.path == Path("/data/h.sqlite")


@pytest.mark.parametrize("text", ["${", "a${}", "${1BAD}", "${ X}"])
def test_a_reference_without_a_name_is_a_problem_in_the_real_environment_too(
    tmp_path: Path, text: str
) -> None:
    """`os.environ` raises TypeError for a name that is not text; a plain mapping does not."""
    path = write(tmp_path, f"apps: [{{app_id: 1, server_secret: '{text}'}}]")
    with pytest.raises(ConfigError) as caught:
        load_settings(path, os.environ)
    (problem,) = caught.value.problems
    assert problem.startswith("apps[0].server_secret: has ${ without a name")


@pytest.mark.parametrize("name", ["config.yaml", "device"])
def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path, name: str) -> None:
    """A log file or a device as a path."""
    path = tmp_path / name if name == "config.yaml" else Path("/dev/zero")
    if name == "config.yaml":
        path.write_text("# comment\n" * 200_000)
    with pytest.raises(ConfigError, match="longer than 1048576 bytes"):
        load_settings(path, {})


CORPUS = Path(__file__).parent / "corpus"
CORPUS_ENVIRONMENT = {
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
"""Secrets in these files, whole or in part."""


def files(folder: str) -> list[str]:
    """Return the names of the configuration files of one kind."""
    return sorted(path.stem for path in (CORPUS / folder).glob("*.yaml"))


@pytest.mark.parametrize("name", files("bad"))
def test_bad_file_gives_exactly_these_problems(name: str, request: pytest.FixtureRequest) -> None:
    """Every problem of the file is reported, in its order, and nothing in it shows a secret."""
    with pytest.raises(ConfigError) as caught:
        load_settings(CORPUS / "bad" / f"{name}.yaml", CORPUS_ENVIRONMENT)
    messages = str(caught.value).replace(f"{CORPUS / 'bad'}/", "")
    golden = CORPUS / "bad" / f"{name}.expected"
    if request.config.getoption("--update-golden"):
        golden.write_text(messages + "\n", "utf-8")
    assert messages + "\n" == golden.read_text("utf-8")
    assert not [hidden for hidden in HIDDEN if hidden in messages]


@pytest.mark.parametrize("name", files("bad"))
def test_each_problem_is_one_line_that_says_what_would_be_right(name: str) -> None:
    """A message has a place, the problem, and a remedy in brackets."""
    for line in (CORPUS / "bad" / f"{name}.expected").read_text("utf-8").splitlines():
        assert re.fullmatch(r"[^:]+: .*\S \(.+\)", line), line


@pytest.mark.parametrize("name", files("good"))
def test_good_file_gives_exactly_these_settings(name: str, request: pytest.FixtureRequest) -> None:
    """Everything is filled in as documented, and no dump of the settings shows a secret."""
    settings = load_settings(CORPUS / "good" / f"{name}.yaml", CORPUS_ENVIRONMENT)
    dump = settings.model_dump_json(exclude_none=True).replace(f"{CORPUS / 'good'}/", "")
    found = {**json.loads(dump), "warnings": list(settings.warnings)}
    golden = CORPUS / "good" / f"{name}.json"
    if request.config.getoption("--update-golden"):
        golden.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")
    assert found == json.loads(golden.read_text("utf-8"))
    assert not [hidden for hidden in HIDDEN if hidden in dump or hidden in repr(settings)]


def test_every_bad_file_has_its_expected_messages() -> None:
    """Each file has its expected text, and each text its file."""
    assert {path.stem for path in (CORPUS / "bad").glob("*.expected")} == set(files("bad"))
    assert {path.stem for path in (CORPUS / "good").glob("*.json")} == set(files("good"))
