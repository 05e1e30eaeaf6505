"""Takes out of a text what may open something (contract, section 1.9); knows no secret itself."""

from __future__ import annotations

import re

_URL_QUERY = re.compile(r"(?i)(\bhttps?://[^\s?#]*)[?#]\S*")
# As in a query, in a header, or in the representation of a mapping.
_SIGNATURE = re.compile(r"(\bSignature[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;)}\]]+")


def cut_queries(text: str) -> str:
    """Return `text` with every URL in it cut off where its query or fragment begins."""
    return _URL_QUERY.sub(r"\1", text)


def redact(text: str) -> str:
    """Return `text` without the queries of URLs and without the values of signatures."""
    return _SIGNATURE.sub(r"\1...", cut_queries(text))
