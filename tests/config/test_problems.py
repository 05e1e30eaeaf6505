"""Places and words of problems."""

from __future__ import annotations

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
