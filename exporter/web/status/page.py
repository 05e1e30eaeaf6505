"""The status page as HTML: the apps' state and the selected tasks in a template.

The page works without its script and loads nothing: style and script are inside, each allowed by
its hash alone. The script may fetch the page again from this origin, and nothing else. Links are
relative, so that a proxy may serve the page below a prefix.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from exporter import __version__
from exporter.allocator import return_free_memory
from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.languages import (
    HTML_LANGUAGES,
    OTHER_LANGUAGE,
    Language,
    failure_name,
    reason_name,
    status_name,
    translate_message,
    translate_remedy,
)
from exporter.tasks import TaskStatus
from exporter.text import MAX_LABEL_CHARACTERS, cut, printable
from exporter.web.status.api import AppHealth, attention, health, stale_since
from exporter.web.status.query import ALL, ATTENTION, UNRESOLVED, QueryError, TaskQuery
from exporter.web.status.task_list import EXPIRING_WITHIN, TaskTable, select, select_page
from exporter.web.status.wording import (
    format_iso,
    format_relative,
    format_span,
    format_utc,
    format_window,
    texts_in,
)

MANY_APPS = 6
"""Number of cards from which on they are kept short."""

EXPIRING_LIMIT = 10
"""Rows of the section on expiring files; a link leads to all of them."""

WORST_FIRST: Final[tuple[AppHealth, ...]] = ("down", "waiting", "up")

SORT_OPTIONS: Final = (
    *("urgency", "-created", "created", "expires", "since", "-retries", "title", "app", "status"),
)
"""The orders that the form offers; headings lead to others."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table."""

    text: str
    """Key of its heading in `TEXTS`."""

    sort: str
    """Value of the parameter `sort`."""

    first: str = ""
    """`-` if the first click on the heading sorts in descending order."""

    style: str = ""
    """CSS class of its cells."""


COLUMNS: Final = (
    Column("app", "app"),
    Column("status", "status"),
    Column("column_title", "title"),
    Column("column_retries", "retries", "-", "count"),
    Column("column_created", "created", "-"),
    Column("column_since", "since"),
    Column("column_expires", "expires"),
)


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


_environment = Environment(
    loader=PackageLoader("exporter.web.status"),
    autoescape=True,
    auto_reload=False,  # the hashes in the policy are those of the files at the start
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {"utc": format_utc, "iso": format_iso, "number": "{:,}".format}
_environment.globals |= {"health": health, "stale_since": stale_since}
_environment.filters["short"] = partial(cut, limit=MAX_LABEL_CHARACTERS)
_template = _environment.get_template("status.html")
_style, _script = (_environment.get_template(f"status.{kind}").render() for kind in ("css", "js"))
return_free_memory()  # compiling them, which happens once, leaves 4 MiB

HTML_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_hash(_style)}'; "
        f"script-src 'sha256-{_hash(_script)}'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Vary": "Accept-Encoding, Accept-Language",
}


_SOON: Final = TaskQuery(
    statuses=frozenset({TaskStatus.SUCCEEDED}),
    attention=False,
    expiring_within=EXPIRING_WITHIN,
    sort="expires",
)
"""The section on expiring files."""


def render_status(
    views: Sequence[AppView],
    tables: Mapping[str, TaskTable],
    settings: TaskSettings,
    query: TaskQuery,
    now: float,
    *,
    language: Language = "en",
    telemetry_path: str = "/metrics",
    problem: QueryError | None = None,
) -> bytes:
    """Return the page of these apps and their tables at `now` (Unix seconds).

    `problem` says why the query of the request cannot be used; None if it can.
    """
    query, tasks = select_page(views, tables, query, now)
    soon = replace(_SOON, apps=query.apps, language=query.language)
    chosen = [view for view in views if not query.apps or view.settings.name in query.apps]
    needing = {
        view.settings.name: attention(view, tables.get(view.settings.name), now) for view in views
    }
    # The settings may write a window as 24h where `format_duration` writes 1d.
    labels = {seconds: label for label, seconds in settings.expiry_windows}
    return _template.render(
        views=views,
        cards=sorted(chosen, key=lambda view: WORST_FIRST.index(health(view))),
        healths=[health(view) for view in views],
        worst=min(map(health, views), key=WORST_FIRST.index, default="up"),
        attention=needing,
        # How many apps have no current data: the lists below may lack some of their tasks.
        blind=sum(view.snapshot is None for view in views),
        blind_chosen=sum(view.snapshot is None for view in chosen),
        tasks=tasks,
        soon=soon,
        expiring=select(views, tables, replace(soon, limit=EXPIRING_LIMIT), now),
        query=query,
        problem=problem,
        pager=_pager(query, tasks.total),
        columns=COLUMNS,
        sort_options=(*SORT_OPTIONS, *({query.sort_word} - {*SORT_OPTIONS})),
        windows=settings.expiry_windows,
        within=labels.get(query.expiring_within or -1.0, query.window),
        titles=settings.title,
        expires_soon=now + EXPIRING_WITHIN,
        many=len(chosen) >= MANY_APPS,
        telemetry_path=telemetry_path,
        now=now,
        version=__version__,
        **_in_language(language),
    ).encode(errors="replace")  # JSON can carry lone surrogates, UTF-8 cannot


@cache
def _in_language(language: Language) -> Mapping[str, Any]:
    """Return the texts and functions of the template that depend on the language."""
    t = texts_in(language)
    other, other_name = OTHER_LANGUAGE[language]
    return {
        "t": t,
        "language": language,
        "other": other,
        "other_name": other_name,
        "html_languages": HTML_LANGUAGES,
        "span": partial(format_span, language=language),
        "relative": partial(format_relative, language=language),
        "window": partial(format_window, language=language),
        "status_name": partial(status_name, language=language),
        "failure_name": partial(failure_name, language=language),
        "reason_name": partial(reason_name, language=language),
        "message": lambda error: printable(translate_message(str(error), language)),
        "remedy": lambda error: printable(translate_remedy(error.remedy, language)),
        "status_options": {
            **{word: t(f"status_{word}") for word in (ATTENTION, UNRESOLVED, ALL)},
            **{status.value: status_name(status.value, language) for status in TaskStatus},
        },
    }


def _pager(query: TaskQuery, total: int) -> Sequence[tuple[str, str]]:
    """Return the links to other parts of the list as (text, address), an empty one for here."""
    last = max(0, total - 1) // query.limit * query.limit
    places = {
        "first": 0,
        "previous": max(0, query.offset - query.limit),
        "next": min(last, query.offset + query.limit),
        "last": last,
    }
    return [
        (text, "" if place == query.offset else query.at(place).link)
        for text, place in places.items()
    ]
