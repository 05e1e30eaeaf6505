"""Decodes the API's answers: the only module that knows their JSON names.

Rules that this file keeps (`docs/zego-api.md`, "Answers" and "Not documented"):

- The documentation contradicts itself, so each of its four spellings is accepted.
- A number may be a whole floating-point number or text; a bool is not a number.
- A broken entry is left out and counted by reason; a broken page is a ProtocolError.
- A page that contradicts itself is broken: without a list although its total is above 0 or a
  token follows, or with entries of which none can be read (`docs/guarantees.md`, section 1).
- Unknown fields are ignored; an unknown status is `TaskStatus.UNKNOWN`.
- Any bytes give a value or a ProtocolError. An answer with far more values than a page can have is
  refused before it is parsed: 2 MiB of `[[],[],…` would become 45 MiB in memory.
- Only the host of a `StreamUrl` is kept: path, query and user can contain access tokens.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from exporter.errors import API_FAULT_REMEDY, ProtocolError
from exporter.tasks import UNKNOWN_HOST, TaskStatus, UploadTask
from exporter.text import label_value, replace_surrogates

MALFORMED_REASONS = (
    "not_an_object",
    "id",
    "title",
    "status",
    "retry_count",
    "expires_at",
    "create_time",
)
"""Labels of `zego_upload_malformed_entries_total`: the field that could not be read."""

# The table of the documentation and its example spell these differently.
_TOTAL_NAMES = ("TotalSize", "TotoalSize")
_LIST_NAMES = ("UploadTasks", "UploadTask")
_TOKEN_NAME = "NextPageToken"  # noqa: S105 - the name of a field, not a secret
_PAGE_NAMES = (*_LIST_NAMES, *_TOTAL_NAMES, _TOKEN_NAME)

_STATUSES = {
    1: TaskStatus.WAITING,
    2: TaskStatus.UPLOADING,
    3: TaskStatus.WAITING_RETRY,
    4: TaskStatus.SUCCEEDED,
    5: TaskStatus.FAILED,
    6: TaskStatus.CANCELLED,
    7: TaskStatus.EXPIRED,
}

STATUS_CODES: Mapping[TaskStatus, int] = {status: code for code, status in _STATUSES.items()}
"""The API's code of each status that it can filter by."""

MAX_VALUES = 65_536
"""Maximum number of JSON values and names in an answer; a page of 50 tasks has about 1,000."""

# A string, also one that is not closed, or a character that a value follows.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{,:]', re.DOTALL)  # possessive: linear time
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
_MAX_INTEGER = 2**63  # the API's numbers are at most 64-bit integers
_FIRST_MILLISECONDS = 1e11  # in seconds, this would be the year 5138
_LAST_MILLISECONDS = 1e14

_MAX_CODE_CHARACTERS = 20  # sign and digits of a 64-bit integer
_MAX_URL_CHARACTERS = 4096  # ZEGO allows 1,024 bytes
# Scheme, user and password, host, port. Possessive quantifiers keep the time linear. A part that
# is not certainly a host counts as none, since it could be a password.
_URL = re.compile(
    r"[A-Za-z][A-Za-z0-9+.\-]{0,31}+://"
    r"(?:[^/?#@\\\s]*+@)*+"
    r"(\[[0-9A-Fa-f:.]{2,45}+\]|[\w.\-]{1,253}+)"
    r"(?::[0-9]{0,5}+)?+(?=[/?#]|\Z)([^?#]*+)"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The envelope of an answer; its texts come from outside and can contain anything."""

    code: int
    """Return code, 0 for success."""

    message: str = field(repr=False)
    request_id: str = field(repr=False)

    data: Any = field(repr=False)
    """JSON value that is not yet decoded."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of tasks."""

    tasks: tuple[UploadTask, ...]

    next_token: str
    """Token of the following page, empty at the end."""

    total: int | None
    """The API's own total, None if it gave none that can be read."""

    malformed: Mapping[str, int]
    """Entries that were left out, by reason (one of MALFORMED_REASONS)."""

    unknown_statuses: tuple[str, ...] = ()
    """The codes of statuses that this version does not know."""

    problems: Mapping[str, str] = field(default_factory=dict)
    """The kind of value of the first entry that was left out, by reason; no text from outside."""


class ContradictoryPage(ProtocolError):
    """A page whose parts contradict each other."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem, code="invalid_response", remedy=API_FAULT_REMEDY)


class _MalformedEntry(Exception):
    """An entry cannot be read: one of MALFORMED_REASONS, and the value of the field."""

    def __init__(self, reason: str, value: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.value = value


# NaN and Infinity are not JSON: `int` raises ValueError for their names.
_DECODER = json.JSONDecoder(parse_constant=int)


def decode_answer(body: bytes) -> Answer:
    """Return the envelope in `body`; raises ProtocolError if there is none."""
    # A value begins the text, or follows one of these. The fast count includes those inside of
    # strings: a URL can consist of commas.
    if sum(map(body.count, (b"[", b"{", b",", b":"))) >= MAX_VALUES:
        # Token by token: a list of all tokens would take more memory than the values.
        separators = (token for token in _TOKEN.finditer(body) if token.end() - token.start() == 1)
        if next(islice(separators, MAX_VALUES - 1, None), None) is not None:
            raise invalid_response(f"the answer has more than {MAX_VALUES} values")
    try:
        answer = _DECODER.decode(body.decode("utf-8-sig"))  # RFC 8259, 8.1: a BOM may be ignored
    except (ValueError, RecursionError):  # RecursionError: nested too deeply
        # Without the cause: its text quotes the answer.
        raise invalid_response("the answer is not JSON") from None
    if not isinstance(answer, dict):
        raise invalid_response("the answer is not a JSON object")
    code = _whole(answer.get("Code"))
    if code is None or abs(code) >= _MAX_INTEGER:
        raise invalid_response("the answer has no return code")
    return Answer(
        code=code,
        message=_string_or_empty(answer.get("Message")),
        request_id=_string_or_empty(answer.get("RequestId")),
        data=answer.get("Data"),
    )


def decode_page(data: Any) -> Page:
    """Return the page in the data of a successful answer; raises ProtocolError."""
    if not isinstance(data, dict):
        raise invalid_response("the answer's data is not an object")
    token = data.get(_TOKEN_NAME)
    if not isinstance(token, str | None):
        raise invalid_response("the next page's token is not text")
    total = _total(data)
    entries = _entries(data, token, total)
    tasks: list[UploadTask] = []
    malformed: Counter[str] = Counter()
    unknown: dict[str, None] = {}  # a set that keeps the order
    problems: dict[str, str] = {}
    for entry in entries:
        try:
            task = _decode_task(entry)
        except _MalformedEntry as problem:
            malformed[problem.reason] += 1
            problems.setdefault(problem.reason, _described(problem.value))
        else:
            tasks.append(task)
            if task.status is TaskStatus.UNKNOWN:
                unknown[str(_whole(entry["Status"]))[:_MAX_CODE_CHARACTERS]] = None
    if entries and not tasks:
        fields = ", ".join(sorted(malformed))
        raise ContradictoryPage(f"none of a page's {len(entries)} entries can be read ({fields})")
    return Page(tuple(tasks), token or "", total, malformed, tuple(unknown), problems)


def _entries(data: dict[str, Any], token: str | None, total: int | None) -> list[Any]:
    """Return the entries of a page with this next token and total."""
    lists = [data[name] for name in _LIST_NAMES if data.get(name) is not None]
    if not all(isinstance(entries, list) for entries in lists):
        raise invalid_response("the list of tasks is not an array")
    if not lists and not any(name in data for name in _PAGE_NAMES):
        raise invalid_response("the answer's data has no list of tasks")
    if not lists and (total or token):
        claim = f"reports {total} upload tasks" if total else "names a next page"
        raise ContradictoryPage(f"a page {claim} and has no list of tasks")
    return max(lists, key=len, default=[])  # with both spellings, one can be empty


def _total(data: dict[str, Any]) -> int | None:
    """Return the reported total; an unreadable one is ignored, since walks do not need it."""
    for name in _TOTAL_NAMES:
        total = _whole(data.get(name))
        if total is not None and 0 <= total < _MAX_INTEGER:
            return total
    return None


def _decode_task(entry: Any) -> UploadTask:
    if not isinstance(entry, dict):
        raise _MalformedEntry("not_an_object", entry)
    get = entry.get
    task_id = get("UploadTaskId")
    if not isinstance(task_id, str) or not task_id:
        raise _MalformedEntry("id", task_id)
    task_id = replace_surrogates(task_id)  # JSON can escape a surrogate, UTF-8 cannot encode it
    # An id that is changed as a label value could become the id of another task.
    if label_value(task_id) != task_id:
        raise _MalformedEntry("id", task_id)
    title = get("Title")
    if title is None:
        title = ""
    elif not isinstance(title, str):
        raise _MalformedEntry("title", title)
    status = _whole(get("Status"))
    if status is None:
        raise _MalformedEntry("status", get("Status"))
    retries = get("RetryCount")
    retry_count = 0 if retries is None else _whole(retries)
    if retry_count is None or not 0 <= retry_count < _MAX_INTEGER:
        raise _MalformedEntry("retry_count", retries)
    return UploadTask(
        id=task_id,
        title=replace_surrogates(title),
        status=_STATUSES.get(status, TaskStatus.UNKNOWN),
        retry_count=retry_count,
        expires_at=_timestamp(get("ExpiresAt"), "expires_at"),
        created_at=_timestamp(get("CreateTime"), "create_time"),
        source_host=_source_host(get("StreamUrl")),
    )


def _described(value: Any) -> str:
    """Return the kind of `value`; never a text, which can be a title or a URL with a token."""
    if value is None:
        return "null or absent"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return f"the number {str(value)[:_MAX_CODE_CHARACTERS]}"
    if isinstance(value, str):
        return f"a text of {len(value)} characters"
    return "an array" if isinstance(value, list) else "an object"


def _source_host(url: Any) -> str:
    """Return the host of a URL in lower case, `unknown` if it is not certain."""
    if not isinstance(url, str) or len(url) > _MAX_URL_CHARACTERS:
        return UNKNOWN_HOST
    parts = _URL.match(url)
    if parts is None:
        return UNKNOWN_HOST
    host, path = parts.groups()
    # In "https://user/word@host/" the slash belongs to a password that is not escaped.
    if "@" in path and "." not in host:
        return UNKNOWN_HOST
    # There are few hosts and many tasks: all tasks of a host share one object.
    return sys.intern(host.lower().rstrip(".")) or UNKNOWN_HOST


def _timestamp(value: Any, reason: str) -> float | None:
    """Return Unix seconds, None for an absent time: 0, null, no field or the empty string."""
    if value is None or value == "":
        return None
    number = _number(value)
    if number is None or not 0 <= number < _LAST_MILLISECONDS:
        raise _MalformedEntry(reason, value)
    if not number:
        return None
    return number / 1000 if number > _FIRST_MILLISECONDS else float(number)


def _whole(value: Any) -> int | None:
    if type(value) is int:  # the usual case; the type of True is bool
        return value
    number = _number(value)
    return int(number) if number is not None and number % 1 == 0 else None


def _number(value: Any) -> int | float | None:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return None


def _string_or_empty(value: Any) -> str:
    return value if isinstance(value, str) else ""


def invalid_response(problem: str) -> ProtocolError:
    """Return the error for an answer that contradicts the API's documentation."""
    return ProtocolError(
        problem,
        code="invalid_response",
        remedy="Check that the endpoint is ZEGO's and that no proxy answers in its place.",
    )
