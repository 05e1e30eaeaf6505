"""The API of one app, from the query and body of a request to the reply: no I/O, no clock.

    reply = handle(apps, query, body, now)

Rules that this file keeps (`docs/zego-api.md`, Requests and Answers):

- Every documented requirement of a request is checked, in the order of `check_caller` and
  `read_query`; the first one that fails decides the return code. Two codes are not documented and
  guessed: malformed public parameters (350006002), and a repeated nonce
  (100000005).
- Every request counts against the rate limit, whatever is wrong with it.

`tests/faults` extends `SimulatedApp` by everything that can go wrong.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from random import Random
from typing import Any

from exporter.simulator.bookkeeping import (
    TIMESTAMP_TOLERANCE,
    Arrivals,
    Cursor,
    Nonces,
    TokenTable,
)
from exporter.simulator.lifecycle import Lifecycle
from exporter.simulator.reply import Reply, become_gateway_error, make_reply
from exporter.simulator.task import STATUS_WORDS, SimulatedTask

RATE_LIMIT = 20
"""Requests a second for this Action and AppId (`docs/zego-api.md`, Requests)."""

MAX_PAGE_SIZE = 50

SUCCESS = 0
SIGNATURE_EXPIRED = 100000004
SIGNATURE_WRONG = 100000005
RATE_OVER_LIMIT = 350006001
GATEWAY_CHECK_FAILED = 350006002
INVALID_PARAMETER = 350006003

_NONCE = re.compile(r"[0-9a-fA-F]{16}")
_DIGITS = re.compile(r"[0-9]{1,12}")

Fields = Mapping[str, Any]
"""The body of a request, or a task as the API writes it."""


class Refusal(Exception):
    """A request is answered with the return code `code`."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Query:
    """The query of a request: for the task `task_id`, or if empty for the page at `cursor`."""

    cursor: Cursor
    page_size: int = MAX_PAGE_SIZE
    task_id: str = ""


@dataclass(slots=True)
class Page:
    """The listed tasks; `following` is the place behind them, None at the end."""

    entries: list[Fields]
    total: int
    following: Cursor | None = None


def handle(
    apps: Mapping[int, SimulatedApp],
    query: Mapping[str, str],
    body: bytes,
    now: float,
    *,
    arrived: float | None = None,
    content_type: str = "application/json",
) -> Reply:
    """Answer one request to DescribeUploadTasks.

    `apps` is by AppId, `now` the server's time (Unix seconds), `arrived` the time for the rate
    limit, of any clock that never goes back (default: `now`).
    """
    app = apps.get(_read_integer(query.get("AppId", "")))
    if app is None:
        return make_reply(envelope(GATEWAY_CHECK_FAILED, "unknown AppId"), now)
    fields = None
    if content_type.startswith("application/json"):
        try:
            fields = json.loads(body)
        except (ValueError, RecursionError):
            fields = None
    with app.life.lock:
        app.life.advance(now)
        return app.answer(
            query,
            fields if isinstance(fields, dict) else None,
            now,
            now if arrived is None else arrived,
        )


@dataclass(eq=False)
class SimulatedApp:
    """An AppId of the simulated API.

    Attributes:
        total_name: How answers spell the total, "TotalSize" or "TotoalSize": ZEGO's documents
            contradict themselves.
        tasks_name: How answers spell the list of tasks, "UploadTask" or "UploadTasks".
        callback_secret: With one, the app sends callbacks once the server knows where to.
        gateway_error_chance: Probability that a gateway in front of the API answers with HTTP 502.
        arrivals: The requests so far; the rate limit can be changed there.
    """

    app_id: int
    server_secret: str = field(repr=False)
    life: Lifecycle
    name: str = ""
    rate_limit: InitVar[int | None] = RATE_LIMIT
    total_name: str = "TotalSize"
    tasks_name: str = "UploadTask"
    callback_secret: str = field(default="", repr=False)
    gateway_error_chance: float = 0.0
    tokens: TokenTable = field(init=False, default_factory=TokenTable, repr=False)
    nonces: Nonces = field(init=False, default_factory=Nonces, repr=False)
    arrivals: Arrivals = field(init=False, repr=False)

    def __post_init__(self, rate_limit: int | None) -> None:
        self.name = self.name or str(self.app_id)
        self.arrivals = Arrivals(rate_limit)
        self._random = Random(self.app_id)  # noqa: S311 - a model, not a secret

    def answer(
        self, query: Mapping[str, str], fields: Fields | None, now: float, arrived: float
    ) -> Reply:
        """Return the reply to one request; `fields` is None where the body is no JSON object."""
        try:
            self.check_caller(query, now, arrived)
            payload = self.list_tasks(self.read_query(fields))
        except Refusal as refusal:
            payload = envelope(refusal.code, str(refusal))
        reply = make_reply(payload, now)
        if self.gateway_error_chance and self._random.random() < self.gateway_error_chance:
            become_gateway_error(reply)
        return reply

    def check_caller(self, query: Mapping[str, str], now: float, arrived: float) -> None:
        """Check the rate limit, the public parameters and the signature."""
        if not self.arrivals.record(arrived):
            raise Refusal(RATE_OVER_LIMIT, "the request rate is over the limit")
        if query.get("Action") != "DescribeUploadTasks" or query.get("SignatureVersion") != "2.0":
            raise Refusal(GATEWAY_CHECK_FAILED, "unknown Action or SignatureVersion")
        nonce = query.get("SignatureNonce", "")
        timestamp = _read_integer(query.get("Timestamp", ""))
        if not _NONCE.fullmatch(nonce) or timestamp < 0:
            raise Refusal(GATEWAY_CHECK_FAILED, "malformed SignatureNonce or Timestamp")
        if abs(now - timestamp) > TIMESTAMP_TOLERANCE:
            raise Refusal(SIGNATURE_EXPIRED, "signature expired")
        expected = sign(self.app_id, nonce, self.server_secret, timestamp)
        if not hmac.compare_digest(expected.encode(), query.get("Signature", "").encode()):
            raise Refusal(SIGNATURE_WRONG, "signature wrong")
        if not self.nonces.use(nonce, now):
            raise Refusal(SIGNATURE_WRONG, "SignatureNonce used before")
        if query.get("IsTest", "false") not in ("true", "false"):
            raise Refusal(INVALID_PARAMETER, "IsTest must be true or false")

    def read_query(self, fields: Fields | None) -> Query:
        """Check the parameters in the body; what the vendor does not name is ignored."""
        if fields is None:
            raise Refusal(INVALID_PARAMETER, "the body is not a JSON object")
        task_id = _read_field(fields, "UploadTaskId", "")
        status = _read_field(fields, "Status", 0)
        if status not in (0, *STATUS_WORDS):
            raise Refusal(INVALID_PARAMETER, "Status is out of range")
        page_size = _read_field(fields, "PageSize", MAX_PAGE_SIZE)
        if not task_id and not 0 < page_size <= MAX_PAGE_SIZE:
            raise Refusal(INVALID_PARAMETER, "PageSize is out of range (0, 50]")
        token = _read_field(fields, "PageToken", "")
        cursor = self.tokens.find(token) if token else Cursor(status=status or None)
        if cursor is None or cursor.status != (status or None):
            raise Refusal(INVALID_PARAMETER, "PageToken is unknown")
        return Query(cursor, page_size, task_id)

    def list_tasks(self, query: Query) -> Any:
        """Return the JSON value of a successful answer."""
        page = self.find_page(query)
        data = {
            "NextPageToken": "" if page.following is None else self.tokens.issue(page.following),
            self.total_name: page.total,
            self.tasks_name: page.entries,
        }
        return envelope(SUCCESS, "succeed", data)

    def find_page(self, query: Query) -> Page:
        """Return the page of the current tasks; a walk continues behind the last task listed."""
        status = query.cursor.status
        if query.task_id:
            task = self.life.tasks.get(query.task_id)
            if task is None or status not in (None, task.status):
                return Page([], 0)
            return Page([write_task(task)], 1)
        listing = self.life.listing if status is None else self.life.by_status[status]
        found = listing.after(query.cursor.position, query.page_size + 1)
        listed = found[: query.page_size]
        following = Cursor(listed[-1][0], status) if len(found) > len(listed) else None
        return Page([write_task(task) for _, task in listed], len(listing), following)


def sign(app_id: int, nonce: str, server_secret: str, timestamp: int) -> str:
    """Return the signature of a request (`docs/zego-api.md`, Requests)."""
    text = f"{app_id}{nonce}{server_secret}{timestamp}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def write_task(task: SimulatedTask) -> Fields:
    """Return a task with the API's field names."""
    return {
        "UploadTaskId": task.id,
        "StreamUrl": task.stream_url,
        "Title": task.title,
        "Status": task.status,
        "RetryCount": task.retry_count,
        "ExpiresAt": task.expires_at,
        "CreateTime": task.created_at,
        "UploadStreamUrl": task.upload_stream_url,
        "InternalUploadStreamUrl": task.internal_upload_stream_url,
    }


def envelope(code: int, message: str, data: Fields | None = None) -> dict[str, Any]:
    """Return the JSON value of an answer."""
    return {"Code": code, "Message": message, "RequestId": secrets.token_hex(8), "Data": data}


def _read_integer(text: str) -> int:
    """Return the number, or -1 where `text` is none."""
    return int(text) if _DIGITS.fullmatch(text) else -1


def _read_field(fields: Fields, name: str, default: Any) -> Any:
    """Return a parameter of the type of `default`, which it has if absent or null."""
    value = fields.get(name)
    if value is None:
        return default
    if type(value) is not type(default):  # True is an int, but no number here
        raise Refusal(INVALID_PARAMETER, f"{name} has the wrong type")
    return value
