"""Content coding: whether the peer takes gzip, and the compression (RFC 9110, 12.5.3)."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from dataclasses import replace

from exporter.web.http import Response

GZIP_LEVEL = 1  # zlib's fastest: a scrape pays with CPU for bytes that mostly travel one hop
_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


def accepts_gzip(accept_encoding: str) -> bool:
    """Tell whether gzip is wanted: named or covered by `*`, not refused, not behind identity.

    A weight that is none (`q=abc`) is read as a refusal: the plain answer suits everybody.
    """
    weights = _parse_weights(accept_encoding)
    wanted = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return wanted > 0 and wanted >= weights.get("identity", 0.0)


def compress(response: Response) -> Response:
    """Return the same answer, gzip-coded."""
    headers = {**response.headers, "Content-Encoding": "gzip"}
    return replace(
        response, body=gzip.compress(response.body, GZIP_LEVEL, mtime=0), headers=headers
    )


def _parse_weights(accept_encoding: str) -> Mapping[str, float]:
    weights = {}
    for element in accept_encoding.lower().split(","):
        coding, *parameters = (part.strip() for part in element.split(";"))
        given = [p.removeprefix("q=") for p in parameters if p.startswith("q=")]
        weights[coding] = _parse_weight(given[0]) if given else 1.0
    return weights


def _parse_weight(weight: str) -> float:
    return float(weight) if _WEIGHT.fullmatch(weight) else 0.0
