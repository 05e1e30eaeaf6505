"""The API, from a request's query and body to the answer's JSON: no I/O, no clock.

    answer = handle(apps, query, body, now)

Rules that this file keeps (`docs/zego-api.md`, Requests and Answers):

- Every documented requirement of a request is checked, in the order of the rate limit,
  `_check_caller` and `_read_query`; the first one that fails decides the return code. Two codes
  are not documented and guessed: malformed public parameters (350006002), and a repeated nonce
  (100000005).
- Every request counts against the rate limit, whatever is wrong with it.
- An alteration changes a correct answer; it never makes a wrong request right.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

from exporter.simulator.app import TIMESTAMP_TOLERANCE, Alteration, SimulatedApp
from exporter.simulator.paging import MAX_PAGE_SIZE, Query, find_page, write_page
from exporter.simulator.task import STATUS_WORDS
from exporter.simulator.tokens import Cursor

SUCCESS = 0
SIGNATURE_EXPIRED = 100000004
SIGNATURE_WRONG = 100000005
RATE_OVER_LIMIT = 350006001
GATEWAY_CHECK_FAILED = 350006002
INVALID_PARAMETER = 350006003
NOT_ENABLED = 350006006
SYSTEM_ERROR = 350010000

_NONCE = re.compile(r"[0-9a-fA-F]{16}")
_DIGITS = re.compile(r"[0-9]{1,12}")


class Answer(NamedTuple):
    """The JSON value of an answer, and the alteration that the response may still need."""

    payload: Any
    alteration: Alteration


class _Refusal(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def handle(
    apps: Mapping[int, SimulatedApp],
    query: Mapping[str, str],
    body: bytes,
    now: float,
    *,
    arrived: float | None = None,
    content_type: str = "application/json",
) -> Answer:
    """Answer one request to DescribeUploadTasks.

    `apps` is by AppId, `now` the server's time (Unix seconds), `arrived` the time for the rate
    limit, of any clock that never goes back (default: `now`).
    """
    app = apps.get(_read_integer(query.get("AppId", "")))
    if app is None:
        return Answer(_refuse(_Refusal(GATEWAY_CHECK_FAILED, "unknown AppId")), Alteration())
    with app.life.lock:
        app.life.advance(now)
        within_limit = app.arrivals.record(now if arrived is None else arrived)
        fields = _read_body(body) if content_type.startswith("application/json") else None
        cursor = app.tokens.find(str(fields.get("PageToken"))) if fields else None
        alteration = app.alteration(1 if cursor is None else cursor.page)
        if not within_limit:
            refused = _refuse(_Refusal(RATE_OVER_LIMIT, "the request rate is over the limit"))
            return Answer(alteration.answer(refused), alteration)
        try:
            _check_caller(app, query, now + alteration.clock_offset)
            payload = _succeed(app, _read_query(app, fields), alteration)
        except _Refusal as refusal:
            payload = _refuse(refusal)
        return Answer(alteration.answer(payload), alteration)


def sign(app_id: int, nonce: str, server_secret: str, timestamp: int) -> str:
    """Return the signature of a request (`docs/zego-api.md`, Requests)."""
    text = f"{app_id}{nonce}{server_secret}{timestamp}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _check_caller(app: SimulatedApp, query: Mapping[str, str], now: float) -> None:
    """Check the public parameters and the signature; `now` is the server's clock."""
    if query.get("Action") != "DescribeUploadTasks" or query.get("SignatureVersion") != "2.0":
        raise _Refusal(GATEWAY_CHECK_FAILED, "unknown Action or SignatureVersion")
    nonce = query.get("SignatureNonce", "")
    timestamp = _read_integer(query.get("Timestamp", ""))
    if not _NONCE.fullmatch(nonce) or timestamp < 0:
        raise _Refusal(GATEWAY_CHECK_FAILED, "malformed SignatureNonce or Timestamp")
    if abs(now - timestamp) > TIMESTAMP_TOLERANCE:
        raise _Refusal(SIGNATURE_EXPIRED, "signature expired")
    expected = sign(app.app_id, nonce, app.server_secret, timestamp)
    if not hmac.compare_digest(expected.encode(), query.get("Signature", "").encode()):
        raise _Refusal(SIGNATURE_WRONG, "signature wrong")
    if not app.nonces.use(nonce, now):
        raise _Refusal(SIGNATURE_WRONG, "SignatureNonce used before")
    is_test = query.get("IsTest", None if app.needs_is_test else "false")
    if is_test not in ("true", "false"):
        raise _Refusal(INVALID_PARAMETER, "IsTest must be true or false")
    if not app.enabled:
        raise _Refusal(NOT_ENABLED, "service not enabled")


def _read_integer(text: str) -> int:
    """Return the number, or -1 where `text` is none."""
    return int(text) if _DIGITS.fullmatch(text) else -1


def _read_body(body: bytes) -> dict[str, Any] | None:
    """Return the parameters; None where the body is not a JSON object."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _read_query(app: SimulatedApp, fields: Mapping[str, Any] | None) -> Query:
    if fields is None:
        raise _Refusal(INVALID_PARAMETER, "the body is not a JSON object")
    task_id = _read_field(fields, "UploadTaskId", str, "")
    if task_id and not app.lookups_work:
        raise _Refusal(INVALID_PARAMETER, "UploadTaskId is not supported")
    status: int | None = _read_field(fields, "Status", int, 0)
    if status not in (0, *STATUS_WORDS):
        raise _Refusal(INVALID_PARAMETER, "Status is out of range")
    if not status or not app.filters_work:
        status = None
    page_size = _read_field(fields, "PageSize", int, MAX_PAGE_SIZE)
    if not task_id and not 0 < page_size <= MAX_PAGE_SIZE:
        raise _Refusal(INVALID_PARAMETER, "PageSize is out of range (0, 50]")
    token = _read_field(fields, "PageToken", str, "")
    cursor = app.tokens.find(token) if token else Cursor(status=status)
    if cursor is None or cursor.status != status:
        raise _Refusal(INVALID_PARAMETER, "PageToken is unknown")
    return Query(task_id, status, page_size, cursor, token)


def _read_field(fields: Mapping[str, Any], name: str, kind: type, default: Any) -> Any:
    value = fields.get(name)
    if value is None:
        return default
    if type(value) is not kind:  # True is an int, but no number here
        raise _Refusal(INVALID_PARAMETER, f"{name} has the wrong type")
    return value


def _succeed(app: SimulatedApp, query: Query, alteration: Alteration) -> Any:
    page = find_page(app, query)
    cursor, wanted = page.following, ""
    if not query.task_id:
        cursor, wanted = alteration.next_page(query.cursor, query.token, page.following)
    token = "" if cursor is None else app.tokens.issue(cursor, wanted)
    payload = envelope(SUCCESS, "succeed", write_page(app, page, token))
    return alteration.page(payload, app.spelling, query.cursor)


def _refuse(refusal: _Refusal) -> Mapping[str, Any]:
    return envelope(refusal.code, str(refusal), None)


def envelope(code: int, message: str, data: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the JSON value of an answer."""
    return {"Code": code, "Message": message, "RequestId": secrets.token_hex(8), "Data": data}
