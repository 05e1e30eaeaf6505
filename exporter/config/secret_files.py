"""Secrets that stand in files of their own, as Docker and Kubernetes mount them."""

from __future__ import annotations

from pathlib import Path

_MAX_BYTES = 4096
"""More than any secret: a wrong path, such as a device, is not read to its end."""


def read_secret_file(path: Path) -> str:
    """Return the text of `path` without white space around it.

    Raises OSError, or ValueError that says what is wrong with the content without showing it.
    """
    with path.open("rb") as file:
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise ValueError(f"it is longer than {_MAX_BYTES} bytes")
    try:
        secret = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text") from None
    if not secret:
        raise ValueError("it is empty")
    if not secret.isprintable():
        raise ValueError("it holds more than one line, or control characters")
    return secret
