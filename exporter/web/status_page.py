"""The status page as HTML: the model of `exporter.web.status` in a template.

The page needs no script and loads nothing: its style is inside, allowed by its hash alone.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from exporter.web.status import Status
from exporter.web.wording import format_instant, format_relative, format_span

HTML: Final = "text/html; charset=utf-8"

_environment = Environment(
    loader=PackageLoader("exporter.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {
    "span": format_span,
    "relative": format_relative,
    "instant": format_instant,
    "words": lambda status: status.replace("_", " "),
}
_template = _environment.get_template("status.html")
_style = _environment.get_template("status.css").render()
_style_hash = base64.b64encode(hashlib.sha256(_style.encode()).digest()).decode()

HTML_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_style_hash}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Vary": "Accept-Encoding",
}


def render_status(status: Status, *, telemetry_path: str) -> bytes:
    """Return the page."""
    return _template.render(
        page=status,
        telemetry_path=telemetry_path,
    ).encode(errors="replace")  # JSON can carry lone surrogates, UTF-8 cannot
