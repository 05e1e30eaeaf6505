"""Checks and decodes the events that ZEGO pushes (`docs/zego-api.md`, Callbacks).

A callback is authentic if its signature is right and its timestamp recent. The caller must also
refuse a nonce that was used before. An error contains the label value that counts it
(`zego_upload_callback_rejections_total{reason}`) and no text from the request.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from exporter.errors import ExporterError
from exporter.tasks import TaskStatus
from exporter.text import replace_surrogates

MAX_BODY_BYTES = 64 * 1024
"""Maximum size of a body; the longest field of an event, its URL, has at most 1,024 bytes."""

MAX_CLOCK_DEVIATION_SECONDS = 600
"""How far a timestamp may be from our clock: ZEGO's own limit for requests to the API."""

EVENTS = {
    10001: "succeeded",
    10002: "failed",
    10003: "status_changed",
    10004: "cancel_refused",
    10005: "retrying",
    10006: "expired",
}
"""Label of each `EventType`."""

OTHER = "other"
"""Label of event types and failure reasons that this version does not know."""

EVENT_WORDS = (*EVENTS.values(), OTHER)
"""Labels of `zego_upload_callback_events_total`."""

_UPLOAD_FAILED = 10002

# The status that a task enters with an event.
_STATUSES = {
    10001: TaskStatus.SUCCEEDED,
    10002: TaskStatus.FAILED,
    10005: TaskStatus.WAITING_RETRY,
    10006: TaskStatus.EXPIRED,
}
# `Detail.Status` of event 10003: not the codes of the query API (docs/zego-api.md, Callbacks).
_CHANGES = {1: TaskStatus.WAITING, 2: TaskStatus.UPLOADING, 3: TaskStatus.CANCELLED}
_FAILURES = {1: "source_download", 2: "upload", 3: "file_too_large"}
FAILURE_WORDS = (*_FAILURES.values(), OTHER)
"""Labels of `zego_upload_failures_total`."""

_MAX_ID_CHARACTERS = 256
_MAX_NONCE_CHARACTERS = 256
# No leading zeros: the signature covers the joined texts, and "00"+"01" is the same as "0"+"001".
_WHOLE = re.compile(r"0|[1-9][0-9]{0,17}")

REJECTIONS = ("malformed", "app_id", "signature", "timestamp", "replayed", "too_large")
"""Labels of `zego_upload_callback_rejections_total`."""


class CallbackRejected(ExporterError):
    """A callback that is refused; `reason` is one of REJECTIONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"callback rejected: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class CallbackEvent:
    """An authentic event.

    Attributes:
        word: The kind of event, one of EVENT_WORDS.
        task_id: The task that it concerns.
        failure: Why the upload failed, one of FAILURE_WORDS; None for other events.
        nonce: For the detection of replays.
        status: The status that the task has entered, None if the event does not say.
        at: Time of the event in Unix seconds, None if it is absent or implausible.
    """

    word: str
    task_id: str
    failure: str | None
    nonce: str
    status: TaskStatus | None = None
    at: float | None = None


def sign_callback(secret: str, timestamp: str, nonce: str) -> str:
    """Return the signature of a callback, 40 lower-case hexadecimal digits.

    Source: `docs/zego-api.md`, Callbacks. SHA-1 is ZEGO's choice, not ours.
    """
    joined = "".join(sorted((secret, timestamp, nonce)))
    return hashlib.sha1(joined.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def read_callback(body: bytes, *, secret: str, app_id: int, now: float) -> CallbackEvent:
    """Return the event in `body`, which is JSON or URL-encoded JSON; `now` is Unix seconds.

    Raises CallbackRejected.
    """
    values = _decode(body)
    timestamp, nonce = _text(values.get("Timestamp")), _text(values.get("Nonce"))
    if len(nonce) > _MAX_NONCE_CHARACTERS:
        raise CallbackRejected("malformed")
    # Before the other fields, so that their reasons count mistakes of the authentic sender only.
    expected = sign_callback(secret, timestamp, nonce).encode()
    signature = _text(values.get("Signature")).encode("utf-8", "surrogatepass")
    if not nonce or not hmac.compare_digest(signature, expected):
        raise CallbackRejected("signature")
    sent_at = _whole(timestamp)
    if sent_at is None or abs(now - sent_at) > MAX_CLOCK_DEVIATION_SECONDS:
        raise CallbackRejected("timestamp")
    if _whole(values.get("AppID")) != app_id:
        raise CallbackRejected("app_id")
    return _event(values, nonce, now)


def _decode(body: bytes) -> dict[str, Any]:
    """Return the JSON object in `body`, whose whole text can be URL-encoded."""
    if len(body) > MAX_BODY_BYTES:
        raise CallbackRejected("too_large")
    text = body.strip()
    if not text.startswith(b"{"):
        text = unquote_to_bytes(text.replace(b"+", b" "))  # forms encode a space as "+"
    try:
        values = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        raise CallbackRejected("malformed") from None
    if not isinstance(values, dict):
        raise CallbackRejected("malformed")
    return values


def _event(values: Mapping[str, Any], nonce: str, now: float) -> CallbackEvent:
    event_type = _whole(values.get("EventType"))
    detail = values.get("Detail")
    failure = None
    if event_type == _UPLOAD_FAILED:
        reason = _whole(detail.get("Reason")) if isinstance(detail, dict) else None
        failure = OTHER if reason is None else _FAILURES.get(reason, OTHER)
    word = OTHER if event_type is None else EVENTS.get(event_type, OTHER)
    task_id = replace_surrogates(_text(values.get("UploadTaskId")))
    status = None if event_type is None else _STATUSES.get(event_type)
    if word == "status_changed" and isinstance(detail, dict):
        status = _CHANGES.get(_whole(detail.get("Status")) or 0)
    happened = _whole(values.get("EventTime"))
    at = None if happened is None else happened / 1000
    if at is not None and abs(now - at) > MAX_CLOCK_DEVIATION_SECONDS:
        at = None
    return CallbackEvent(word, task_id[:_MAX_ID_CHARACTERS], failure, nonce, status, at)


def _text(value: object) -> str:
    """Return a string, or the digits of an integer; the empty string for anything else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _whole(value: object) -> int | None:
    """Return an integer, also if it is sent as a string; None for anything else."""
    return int(text) if _WHOLE.fullmatch(text := _text(value)) else None
