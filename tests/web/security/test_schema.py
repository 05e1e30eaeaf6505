"""Values that only a web configuration has, and names in certificates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from exporter.errors import ConfigError
from exporter.web.security.loading import load_web_config
from exporter.web.security.schema import MAX_PEM_BYTES, HttpSection, RateLimitSection


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1),
        ("500ms", 0.5),
        ("1m30s", 90),
        ("1.5h", 5400),
        (".5s", 0.5),
        ("+2s", 2),
        ("1µs", 1e-6),
        ("1us", 1e-6),
        ("3ns", 3e-9),
        (0, 0),
        (1_000_000_000, 1),
    ],
)
def test_durations_are_read_as_in_go(text: Any, seconds: float) -> None:
    """Go's units, and its nanoseconds for a plain number."""
    assert RateLimitSection(interval=text).interval == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "1", "s", "1d", "-1s", "1 s", "1s!", -1, 1.5, True])
def test_other_texts_are_no_durations(text: Any) -> None:
    """Durations that Go refuses, and negative ones, are refused."""
    with pytest.raises(ValidationError):
        RateLimitSection(interval=text)


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        (True, True),
        ("yes", True),
        ("On", True),
        ("y", True),
        (False, False),
        ("NO", False),
        ("off", False),
        ("N", False),
    ],
)
def test_booleans_may_be_words(word: Any, meaning: bool) -> None:
    """The toolkit's YAML knows yes and no, on and off."""
    assert HttpSection(http2=word).http2 is meaning


def test_a_path_to_something_endless_is_not_read_to_its_end(tmp_path: Path) -> None:
    """A device may have no end."""
    path = tmp_path / "web.yml"
    path.write_text("tls_server_config: {cert_file: /dev/zero, key_file: /dev/null}\n")
    with pytest.raises(ConfigError, match=f"it is longer than {MAX_PEM_BYTES} bytes"):
        load_web_config(path)
