"""Query strings: the parameters of the status page, `/api/v1/apps`, `/api/v1/tasks` and `/metrics`.

They read the same names, so that a filter found on the page works in a script: `app` and `status`
may come several times, everything else once. An empty value is as if the parameter were not there,
because a form without JavaScript sends its empty fields too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlencode

from exporter.durations import EXAMPLES, format_duration, parse_duration
from exporter.languages import LANGUAGES, Language
from exporter.tasks import TaskStatus

MAX_FIELDS = 1000
MAX_LIMIT = 1000
PAGE_LIMIT = 50

ATTENTION, UNRESOLVED, ALL = "attention", "unresolved", "all"
"""Values of `status` beside the statuses themselves."""

ORDERS = ("urgency", "app", "status", "title", "retries", "since", "created", "expires")
"""Values of `sort`; with a minus before it, the other way round."""

PARAMETERS = ("app", "status", "expiring_within", "q", "sort", "limit", "offset")

_STATUSES = {status.value: status for status in TaskStatus}
_WHOLE = re.compile(r"[0-9]{1,9}")  # not `int` alone, which also reads "1_000" and " 1"

Fields = Mapping[str, Sequence[str]]
"""Parameters by name, without their empty values."""


class QueryError(Exception):
    """A parameter that cannot be used; the text has its name and the correct form."""

    def __init__(self, parameter: str, problem: str) -> None:
        super().__init__(f"{parameter}: {problem}")
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class TaskQuery:
    """A query for tasks. No `apps` means all of them.

    Listed are the tasks in `statuses`; with `attention` those that need it, with `unresolved` the
    failed ones whose file nobody has uploaded again. Of these, `expiring_within` (seconds, None for
    all) keeps the succeeded ones that expire so soon, and `search` those with that text in title or
    id. Then come the order and the part of it. `language` only travels along in links.
    """

    apps: tuple[str, ...] = ()
    statuses: frozenset[TaskStatus] = frozenset()
    attention: bool = True
    unresolved: bool = False
    expiring_within: float | None = None
    search: str = ""
    sort: str = ORDERS[0]
    descending: bool = False
    limit: int = PAGE_LIMIT
    offset: int = 0
    language: str = ""

    @property
    def status_words(self) -> tuple[str, ...]:
        """The values of the parameter `status`."""
        if len(self.statuses) == len(TaskStatus):
            return (ALL,)
        chosen = tuple(status.value for status in TaskStatus if status in self.statuses)
        special = {ATTENTION: self.attention, UNRESOLVED: self.unresolved}
        return (*(word for word, asked in special.items() if asked), *chosen)

    @property
    def sort_word(self) -> str:
        """The value of the parameter `sort`."""
        return f"-{self.sort}" if self.descending else self.sort

    @property
    def window(self) -> str:
        """The value of the parameter `expiring_within`."""
        return "" if self.expiring_within is None else format_duration(self.expiring_within)

    def at(self, offset: int) -> TaskQuery:
        """Return the same query from another offset on."""
        return replace(self, offset=offset)

    def ordered(self, sort: str) -> TaskQuery:
        """Return the same query from the start, in the order of this value of `sort`."""
        return replace(self, sort=sort.removeprefix("-"), descending=sort[:1] == "-", offset=0)

    @property
    def link(self) -> str:
        """The link to this query on the page, without parameters that have their defaults."""
        words = self.status_words
        fields: Mapping[str, Sequence[object]] = {
            "app": self.apps,
            "status": () if words == (ATTENTION,) else words,
            "expiring_within": (self.window,) if self.window else (),
            "q": (self.search,) if self.search else (),
            "sort": () if self.sort_word == ORDERS[0] else (self.sort_word,),
            "offset": (self.offset,) if self.offset else (),
            "lang": (self.language,) if self.language else (),
        }
        return f"?{urlencode(fields, doseq=True)}"


def read_fields(query: bytes, known: Collection[str] | None = None) -> Fields:
    """Return the parameters of an ASGI query string.

    Raises QueryError for too many of them, and for one that is not `known`; None: all are known.
    """
    try:
        # Without `keep_blank_values`: a form sends its empty fields too.
        fields = parse_qs(query.decode("latin-1"), max_num_fields=MAX_FIELDS)
    except ValueError:
        raise QueryError("query", f"has more than {MAX_FIELDS} parameters") from None
    for name in fields:
        if known is not None and name not in known:
            raise QueryError(f"{name:.60}", f"is no parameter here (known: {', '.join(known)})")
    return fields


def read_apps(fields: Fields, configured: Sequence[str]) -> tuple[str, ...]:
    """Return the apps that are named, each once. Raises QueryError for one that is unknown."""
    # Not the sequence, which `_member` would search from its start for each of the names. A dict
    # keeps the order for the message.
    known = dict.fromkeys(configured)
    return tuple(dict.fromkeys(_member("app", app, known) for app in fields.get("app", ())))


def read_language(fields: Fields) -> Language | None:
    """Return the language that `lang` chooses, None where it chooses none that exists."""
    asked = fields.get("lang", ("",))[-1]
    return next((language for language in LANGUAGES if language == asked), None)


def read_query(
    fields: Fields, configured: Sequence[str], *, status: str = ATTENTION, limit: int = PAGE_LIMIT
) -> TaskQuery:
    """Return the query in `fields` about the apps `configured`; `status` and `limit` are defaults.

    Raises QueryError for the first parameter that cannot be used.
    """
    words = fields.get("status") or [status]
    for word in words:
        _member("status", word, (ATTENTION, UNRESOLVED, ALL, *_STATUSES))
    sort = _single(fields, "sort") or ORDERS[0]
    return TaskQuery(
        apps=read_apps(fields, configured),
        statuses=frozenset(s for word, s in _STATUSES.items() if word in words or ALL in words),
        attention=ATTENTION in words,
        unresolved=UNRESOLVED in words,
        expiring_within=_read_window(fields),
        search=_single(fields, "q").strip(),
        sort=_member("sort", sort.removeprefix("-"), ORDERS, also=", each with - before it too"),
        descending=sort.startswith("-"),
        limit=_read_whole(fields, "limit", limit, 1, MAX_LIMIT),
        offset=_read_whole(fields, "offset", 0, 0, 10**9 - 1),
    )


def _single(fields: Fields, name: str) -> str:
    values = fields.get(name, ("",))
    if len(values) > 1:
        raise QueryError(name, "is given more than once")
    return values[0]


def _member(name: str, value: str, allowed: Collection[str], *, also: str = "") -> str:
    if value not in allowed:
        raise QueryError(name, f"{value!r:.60} is none of {', '.join(allowed)}{also}")
    return value


def _read_whole(fields: Fields, name: str, default: int, low: int, high: int) -> int:
    text = _single(fields, name)
    if not text:
        return default
    if not _WHOLE.fullmatch(text) or not low <= int(text) <= high:
        raise QueryError(name, f"{text!r:.60} is not a whole number from {low} to {high}")
    return int(text)


def _read_window(fields: Fields) -> float | None:
    text = _single(fields, "expiring_within")
    try:
        return parse_duration(text, plain=True) if text else None
    except ValueError as error:
        raise QueryError("expiring_within", f"{text!r:.60} is {error} ({EXAMPLES})") from None
