"""Paths and secrets in the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.config.files import MAX_SECRET_BYTES, read_secret_file


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"\xff", "it is not UTF-8 text"),
        (b"one\ntwo", "it contains more than one line, or control characters"),
        (b"x" * (MAX_SECRET_BYTES + 1), f"it is longer than {MAX_SECRET_BYTES} bytes"),
    ],
)
def test_a_file_that_is_no_secret_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    """The message does not show the content."""
    path = tmp_path / "secret"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=problem) as caught:
        read_secret_file(path)
    assert str(caught.value) == problem


@pytest.mark.parametrize(
    "content", [b"secret-text", b"\xef\xbb\xbfsecret-text\r\n", b" secret-text "]
)
def test_white_space_and_a_byte_order_mark_do_not_count(tmp_path: Path, content: bytes) -> None:
    """The editors of some systems add them."""
    path = tmp_path / "secret"
    path.write_bytes(content)
    assert read_secret_file(path) == "secret-text"


def test_a_device_is_not_read_to_its_end() -> None:
    """A path may be wrong."""
    with pytest.raises(ValueError, match="it is longer than"):
        read_secret_file(Path("/dev/zero"))
