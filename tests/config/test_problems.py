"""Places and words of problems."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.config import load_settings
from exporter.config.problems import place_text
from exporter.errors import ConfigError
from tests.builders import SECRET


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (("apps", 0, "app_id"), "apps[0].app_id"),
        (("web", "listen_address", 2), "web.listen_address[2]"),
        (("a b", "c\x1b"), '"a b"."c?"'),
        ((SECRET,), '"…"'),
        ((), "the file"),
    ],
)
def test_places_are_written_as_paths(place: tuple[str | int, ...], text: str) -> None:
    """A key that is no plain word is quoted, and moves no cursor."""
    assert place_text(place) == text


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("ZEGO_APP_ID", '"12345"', 'is "12345" with its quotes: remove the quotes'),
        ("ZEGO_REGION", "'fra'", "is 'fra' with its quotes: remove the quotes"),
        ("ZEGO_REGION", "'hunter2'", "is a text with its quotes: remove the quotes"),
    ],
)
def test_quotes_of_an_env_file_are_named(name: str, value: str, problem: str) -> None:
    """`docker run --env-file` keeps quotes; only values that cannot be secrets are shown."""
    environment = {"ZEGO_APP_ID": "1", "ZEGO_SERVER_SECRET": SECRET, name: value}
    with pytest.raises(ConfigError) as caught:
        load_settings(None, environment)
    (line,) = caught.value.problems
    assert line.startswith(f"{name}: {problem} (")


@pytest.mark.parametrize(
    "value", ["123 456 7890", "1,234", "1_234", "\uff11\uff12\uff13", "12\u00a034"]
)
def test_what_is_between_the_digits_of_a_number_is_the_mistake(value: str, tmp_path: Path) -> None:
    """It can be hard to see: full-width digits and spaces."""
    end = "(the AppId from the ZEGO console, 1 to 4294967295; only digits from 0 to 9)"
    path = tmp_path / "config.yaml"
    path.write_text(f"apps: [{{app_id: '{value}', server_secret: {SECRET}}}]")
    for file, environment in (
        (path, {}),
        (None, {"ZEGO_APP_ID": value, "ZEGO_SERVER_SECRET": SECRET}),
    ):
        with pytest.raises(ConfigError) as refused:
            load_settings(file, environment)
        assert end in str(refused.value)
