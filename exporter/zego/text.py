"""Makes text that a peer chose fit for our messages."""

from __future__ import annotations

import re
from collections.abc import Iterable

from exporter.redaction import cut_queries

_SURROGATES = re.compile("[\ud800-\udfff]")


def replace_surrogates(text: str) -> str:
    """Return `text` with lone surrogates, which no encoding can hold, replaced by U+FFFD."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def printable(text: str, *, limit: int, hide: Iterable[str] = ()) -> str:
    """Return `text` in one printable line of at most `limit` characters.

    Queries of URLs are cut off; a text with one of the `hide` strings in it is dropped whole,
    since part of a secret is still too much (contract, section 1.9).
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    seen = (text + "\0" + line).casefold()
    if any(secret and secret.casefold() in seen for secret in hide):
        return ""
    return cut_queries(line)[:limit]
