"""Reads the API's answers; the only place with its JSON names.

Sources: `docs/zego-api.md`, Answers and Upload tasks. Rules that this file keeps:

- The documentation contradicts itself, so each of its four spellings is taken.
- A number may come as a whole float or a string; a bool is not a number.
- A broken entry is left out and counted by reason; a broken page is a ProtocolError.
- Unknown fields are ignored; an unknown status is `TaskStatus.UNKNOWN`.
- Whatever the bytes are, the outcome is a value or a ProtocolError.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from exporter.errors import ProtocolError
from exporter.tasks import TaskStatus, UploadTask
from exporter.text import replace_surrogates

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
"""The API's number of each status that it can filter by."""

_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
_MAX_INTEGER = 2**63  # the API's numbers are at most 64-bit integers
_FIRST_MILLISECONDS = 1e11  # as seconds, that would be the year 5138
_LAST_MILLISECONDS = 1e14


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer's envelope; `data` is unread JSON, `message` and `request_id` are not sanitised."""

    code: int
    message: str = field(repr=False)
    request_id: str = field(repr=False)
    data: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of tasks.

    `next_token` is empty at the end; `total` is the API's own count, None where it gave none that
    can be read; `malformed` counts the entries left out, by reason.
    """

    tasks: tuple[UploadTask, ...]
    next_token: str
    total: int | None
    malformed: Mapping[str, int]


class _MalformedError(Exception):
    """An entry cannot be read; the argument is one of MALFORMED_REASONS."""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)  # NaN and Infinity are not JSON


def decode_answer(body: bytes) -> Answer:
    """Return the envelope that `body` holds; raises ProtocolError where it holds none."""
    try:
        answer = _DECODER.decode(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        # Nothing of the cause: its text would quote what the peer sent.
        raise _protocol_error("the answer is not JSON") from None
    if not isinstance(answer, dict):
        raise _protocol_error("the answer is not a JSON object")
    code = _whole(answer.get("Code"))
    if code is None or abs(code) >= _MAX_INTEGER:
        raise _protocol_error("the answer has no return code")
    return Answer(
        code=code,
        message=_string_or_empty(answer.get("Message")),
        request_id=_string_or_empty(answer.get("RequestId")),
        data=answer.get("Data"),
    )


def decode_page(data: Any) -> Page:
    """Return the page that the data of a successful answer holds; raises ProtocolError."""
    if not isinstance(data, dict):
        raise _protocol_error("the answer's data is not an object")
    decoded = [_task_or_reason(entry) for entry in _entries(data)]
    return Page(
        tasks=tuple(one for one in decoded if isinstance(one, UploadTask)),
        next_token=_next_token(data),
        total=_total(data),
        malformed=Counter(one for one in decoded if isinstance(one, str)),
    )


def _entries(data: dict[str, Any]) -> list[Any]:
    lists = [data[name] for name in _LIST_NAMES if data.get(name) is not None]
    if not all(isinstance(one, list) for one in lists):
        raise _protocol_error("the list of tasks is not an array")
    if not lists and not any(name in data for name in _PAGE_NAMES):
        raise _protocol_error("the answer's data has no list of tasks")
    return max(lists, key=len, default=[])  # of both spellings, not the one left empty


def _next_token(data: dict[str, Any]) -> str:
    token = data.get(_TOKEN_NAME)
    if token is None:
        return ""
    if not isinstance(token, str):
        raise _protocol_error("the next page's token is not a string")
    return token


def _total(data: dict[str, Any]) -> int | None:
    """Return the reported count; it is advisory, so an unreadable one is as good as none."""
    totals = (_whole(data.get(name)) for name in _TOTAL_NAMES)
    return next((one for one in totals if one is not None and 0 <= one < _MAX_INTEGER), None)


def _task_or_reason(entry: Any) -> UploadTask | str:
    """Return the task, or the word of MALFORMED_REASONS for what is wrong with it."""
    try:
        return _decode_task(entry)
    except _MalformedError as problem:
        return str(problem)


def _decode_task(entry: Any) -> UploadTask:
    if not isinstance(entry, dict):
        raise _MalformedError("not_an_object")
    get = entry.get
    task_id = get("UploadTaskId")
    if not isinstance(task_id, str) or not task_id:
        raise _MalformedError("id")
    title = get("Title")
    if title is None:
        title = ""
    elif not isinstance(title, str):
        raise _MalformedError("title")
    status = _whole(get("Status"))
    if status is None:
        raise _MalformedError("status")
    return UploadTask(
        id=replace_surrogates(task_id),
        title=replace_surrogates(title),
        status=_STATUSES.get(status, TaskStatus.UNKNOWN),
        retry_count=_retry_count(get("RetryCount")),
        expires_at=_instant(get("ExpiresAt"), "expires_at"),
        created_at=_instant(get("CreateTime"), "create_time"),
    )


def _retry_count(value: Any) -> int:
    count = 0 if value is None else _whole(value)
    if count is None or not 0 <= count < _MAX_INTEGER:
        raise _MalformedError("retry_count")
    return count


def _instant(value: Any, reason: str) -> float | None:
    """Return Unix seconds, None for "no such instant": 0, null, absent or the empty string."""
    if value is None or value == "":
        return None
    number = _number(value)
    if number is None or not 0 <= number < _LAST_MILLISECONDS:
        raise _MalformedError(reason)
    if not number:
        return None
    return number / 1000 if number > _FIRST_MILLISECONDS else float(number)


def _whole(value: Any) -> int | None:
    if type(value) is int:  # the good path; the type of True is bool
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


def _protocol_error(problem: str) -> ProtocolError:
    return ProtocolError(
        problem,
        code="invalid_response",
        remedy="Check that the endpoint is ZEGO's and that no proxy answers in its place.",
    )
