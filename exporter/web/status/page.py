"""The status page as HTML: the model of `exporter.web.status.view` in a template.

The page works without its script and loads nothing: style and script are inside, each allowed by
its hash alone. What the script does (fetching the page anew) it may do with this origin alone.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from exporter.config import TaskSettings
from exporter.tasks import TaskStatus
from exporter.web.status.query import ALL, ATTENTION, TaskQuery
from exporter.web.status.task_list import EXPIRING_WITHIN
from exporter.web.status.view import Status
from exporter.web.status.wording import (
    FAILURES,
    format_instant,
    format_iso,
    format_relative,
    format_span,
)

HTML: Final = "text/html; charset=utf-8"

MANY_APPS = 6
"""Number of cards from which on they are kept short."""

STATUS_OPTIONS: Final[Mapping[str, str]] = {
    ATTENTION: "needs attention",
    ALL: "all",
    **{status.value: status.value.replace("_", " ") for status in TaskStatus},
}
SORT_OPTIONS: Final[Mapping[str, str]] = {
    "urgency": "most urgent first",
    "-created": "newest first",
    "created": "oldest first",
    "expires": "soonest expiry first",
    "since": "longest in its status first",
    "-retries": "most retries first",
    "title": "by title",
    "app": "by app",
    "status": "by status",
}
"""The orders that the form offers."""

OTHER_SORT_OPTIONS: Final[Mapping[str, str]] = {
    "-urgency": "least urgent first",
    "-expires": "latest expiry first",
    "-since": "shortest in its status first",
    "retries": "fewest retries first",
    "-title": "by title, backwards",
    "-app": "by app, backwards",
    "-status": "by status, backwards",
}
"""The orders that only the headings lead to."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: its heading, what it sorts by, and the direction to begin with."""

    heading: str
    sort: str
    first: str = ""
    style: str = ""


COLUMNS: Final = (
    Column("App", "app"),
    Column("Status", "status"),
    Column("Title and id", "title"),
    Column("Retries", "retries", "-", "count"),
    Column("Created", "created", "-"),
    Column("In status since", "since"),
    Column("Expires", "expires"),
)


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


_environment = Environment(
    loader=PackageLoader("exporter.web.status"),
    autoescape=True,
    auto_reload=False,  # the hashes in the policy are those of the files as they were at the start
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {
    "span": format_span,
    "relative": format_relative,
    "instant": format_instant,
    "iso": format_iso,
    "number": "{:,}".format,
    "words": lambda word: word.replace("_", " "),
    "failure": lambda word: FAILURES.get(word, word.replace("_", " ")),
}
_template = _environment.get_template("status.html")
_style, _script = (_environment.get_template(f"status.{kind}").render() for kind in ("css", "js"))

HTML_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_hash(_style)}'; "
        f"script-src 'sha256-{_hash(_script)}'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Vary": "Accept-Encoding",
}


def render_status(
    status: Status, settings: TaskSettings, *, telemetry_path: str, problem: str = ""
) -> bytes:
    """Return the page; `problem` says what was wrong with the query, empty where nothing was."""
    chosen = [app for app in status.apps if app.name in (status.query.apps or {app.name})]
    return _template.render(
        page=status,
        cards=sorted(chosen, key=lambda app: _WORST_FIRST.index(app.health)),
        query=status.query,
        problem=problem,
        pager=_pager(status.query, status.tasks.total),
        columns=COLUMNS,
        status_options=STATUS_OPTIONS,
        sort_options=_sort_options(status.query.sort_word),
        windows=[label for label, _ in settings.expiry_windows],
        within=_window_label(status.query, settings),
        titles=settings.title,
        soon=status.now + EXPIRING_WITHIN,
        many=len(chosen) >= MANY_APPS,
        telemetry_path=telemetry_path,
    ).encode(errors="replace")  # JSON can carry lone surrogates, UTF-8 cannot


_WORST_FIRST = ("down", "waiting", "up")


def _sort_options(chosen: str) -> Mapping[str, str]:
    """Return the orders to offer: the usual ones, and the one that is chosen."""
    return {**SORT_OPTIONS, **{word: s for word, s in OTHER_SORT_OPTIONS.items() if word == chosen}}


def _window_label(query: TaskQuery, settings: TaskSettings) -> str:
    """Return `expiring_within` as the window of the settings is labelled, else as a duration."""
    labels = {seconds: label for label, seconds in settings.expiry_windows}
    return labels.get(query.expiring_within or -1.0, query.window)


def _pager(query: TaskQuery, total: int) -> Sequence[tuple[str, str]]:
    """Return the links to other parts of the list as (words, address), an empty one for here."""
    last = max(0, total - 1) // query.limit * query.limit
    places = {
        "First": 0,
        "Previous": max(0, query.offset - query.limit),
        "Next": min(last, query.offset + query.limit),
        "Last": last,
    }
    return [
        (words, "" if place == query.offset else query.at(place).link)
        for words, place in places.items()
    ]
