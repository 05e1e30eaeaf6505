"""Content negotiation: which format and which coding a client accepts (RFC 9110, 12.5).

Both headers are split on commas and semicolons, once: the work is linear in the length of the
header. A regular expression over outside text was quadratic here, and 16 kB in `Accept` blocked
every request for seconds. `prometheus_client` has a negotiation of its own, which fails on versions
that are not numbers and reads `gzip;q=0` as a wish for gzip (client_python 0.26).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from starlette.requests import Request

_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")

TEXT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_OPENMETRICS = "application/openmetrics-text"

_ESCAPINGS = ("allow-utf-8", "underscores", "values")
"""Schemes that leave names such as ours unchanged. `dots` would double every underscore."""

_DEFAULT_ESCAPING = "underscores"


class MetricsFormat(NamedTuple):
    """Format of an exposition: OpenMetrics or text, and its Content-Type."""

    openmetrics: bool
    content_type: str


def joined(request: Request, name: str) -> str:
    """Return a header, repeated ones joined with commas (RFC 9110, 5.3)."""
    return ",".join(request.headers.getlist(name))


def choose_metrics_format(accept: str) -> MetricsFormat:
    """Return the format that an Accept header prefers; text where it prefers none that exists.

    A Content-Type of version 1.0.0 names the escaping scheme of metric names, because Prometheus 3
    negotiates it (prometheus.io, "Scrape protocol content negotiation").
    """
    text = 0.0
    best, content_type = 0.0, ""
    for media_type, parameters in _elements(accept):
        weight = _weight(parameters)
        if media_type == "text/plain":
            text = max(text, weight)
        elif media_type == _OPENMETRICS and weight > best:
            version = parameters.get("version", "1.0.0")
            if version not in ("1.0.0", "0.0.1"):
                continue
            best, content_type = weight, f"{_OPENMETRICS}; version={version}; charset=utf-8"
            if version == "1.0.0":
                wanted = parameters.get("escaping", "")
                escaping = wanted if wanted in _ESCAPINGS else _DEFAULT_ESCAPING
                content_type += f"; escaping={escaping}"
    if best > 0 and best >= text:
        return MetricsFormat(True, content_type)
    return MetricsFormat(False, TEXT_TYPE)


def accepts_gzip(accept_encoding: str) -> bool:
    """Tell whether gzip is wanted: named or covered by `*`, and not less than the plain answer.

    An unreadable weight (`q=abc`) counts as a refusal: every client can read the plain answer.
    """
    weights = {coding: _weight(parameters) for coding, parameters in _elements(accept_encoding)}
    wanted = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return wanted > 0 and wanted >= weights.get("identity", 0.0)


def prefers_chinese(accept_language: str) -> bool:
    """Tell whether Chinese is preferred to English; equal weights go to the first one named."""
    best, chinese = 0.0, False
    for tag, parameters in _elements(accept_language):
        language, weight = tag.partition("-")[0], _weight(parameters)
        if language in ("zh", "en") and weight > best:
            best, chinese = weight, language == "zh"
    return chinese


def _elements(header: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the elements of a list with their parameters, all in lower case."""
    for element in header.lower().split(","):
        name, *parameters = element.split(";")
        pairs = (parameter.partition("=") for parameter in parameters)
        yield name.strip(), {key.strip(): value.strip().strip('"') for key, _, value in pairs}


def _weight(parameters: Mapping[str, str]) -> float:
    """Return `q`, 1 where there is none (RFC 9110, 12.4.2)."""
    weight = parameters.get("q", "1")
    return float(weight) if _WEIGHT.fullmatch(weight) else 0.0
