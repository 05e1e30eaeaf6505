"""Sends an app's callbacks (`docs/zego-api.md`, Callbacks).

Rules that this file keeps:

- An event is tried three times, without a pause between them, then dropped. An event that comes
  while too many wait is dropped too. What was dropped is never sent again.
- Time passes in the app while callbacks are sent, not only when a request comes. So a callback
  can arrive before the change is in a listing.
- The spelling of an event is chosen at random, because no document fixes it.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import secrets
import time
from collections.abc import Callable, Mapping
from queue import Empty, Full, Queue
from random import Random
from threading import Event, Thread
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from exporter.simulator.app import SimulatedApp
from exporter.simulator.task import (
    CANCELLED,
    EXPIRED,
    FAILED,
    SUCCEEDED,
    UPLOADING,
    WAITING,
    WAITING_RETRY,
    Change,
    SimulatedTask,
)

UPLOAD_SUCCEEDED, UPLOAD_FAILED, STATUS_CHANGED = 10001, 10002, 10003
CANCEL_REFUSED, UPLOAD_TROUBLE, FILE_EXPIRED = 10004, 10005, 10006

ATTEMPTS = 3
MAX_WAITING = 1000
"""Events that wait to be sent; those that come when there are as many are dropped."""

LATE_CANCEL_CHANCE = 0.02
"""Probability of an attempt to cancel a task that uploads or is stored already."""

Detail = Mapping[str, int]

# Not the numbers of the query API.
_STATUS_NUMBERS: Mapping[int | None, int] = {WAITING: 1, UPLOADING: 2, CANCELLED: 3}
_LATE_CANCELS: Mapping[int | None, int] = {UPLOADING: 1, SUCCEEDED: 2}
_UPLOAD_ERROR = 2
_TICK_SECONDS = 0.5
_TIMEOUT_SECONDS = 5.0
JOIN_SECONDS = 0.25
"""How long `stop` waits for the thread."""


class _Waiting(NamedTuple):
    """An event in the queue, with the fields of its task when it happened."""

    kind: int
    detail: Detail
    at: float
    task_id: str
    title: str
    stream_url: str


def event_of(change: Change) -> tuple[int, Detail] | None:
    """Return EventType and Detail of the callback about a change; None where there is none."""
    number = _STATUS_NUMBERS.get(change.after)
    if number is not None:
        return STATUS_CHANGED, {"Status": number}
    events: Mapping[int | None, tuple[int, Detail]] = {
        SUCCEEDED: (UPLOAD_SUCCEEDED, {}),
        FAILED: (UPLOAD_FAILED, {"Reason": change.reason}),
        WAITING_RETRY: (UPLOAD_TROUBLE, {"Code": _UPLOAD_ERROR}),
        EXPIRED: (FILE_EXPIRED, {}),
    }
    return events.get(change.after)


def refusal_of_cancel(change: Change) -> tuple[int, Detail] | None:
    """Return the event of a refused cancellation after `change`; None if it would be accepted."""
    reason = _LATE_CANCELS.get(change.after)
    return None if reason is None else (CANCEL_REFUSED, {"Reason": reason})


def sign(secret: str, timestamp: str, nonce: str) -> str:
    """Return the signature of a callback (`docs/zego-api.md`, Callbacks)."""
    text = "".join(sorted([secret, timestamp, nonce]))
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class CallbackSender:
    """Sends the callbacks of `app` to `url`, from `start` until `stop`, in a thread.

    `url` is http. `clock` gives Unix seconds. Equal seeds make equal choices of spelling, in the
    same order.
    """

    def __init__(
        self,
        app: SimulatedApp,
        url: str,
        *,
        seed: int = 1,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._app = app
        self._url = urlsplit(url)
        self._clock = clock
        self._chance = Random(seed)  # noqa: S311 - a model, not a secret
        self._spelling = Random(seed)  # noqa: S311 - another one, for another thread
        self._waiting: Queue[_Waiting | None] = Queue(MAX_WAITING)  # None wakes the thread
        self._stopping = Event()
        self._thread = Thread(target=self._run, name=f"callbacks-{app.name}", daemon=True)

    def start(self) -> None:
        """Begin with the failures of the tasks that are listed now: none was sent so far."""
        life = self._app.life
        with life.lock:
            for task in life.by_status[FAILED]:
                self._note(Change(life.now, task.id, None, FAILED, task.reason), task)
            life.on_event(self._note)
        self._thread.start()

    def stop(self) -> None:
        """Send no more; returns when the thread has ended, or after JOIN_SECONDS."""
        self._stopping.set()
        with contextlib.suppress(Full):  # then it does not wait
            self._waiting.put_nowait(None)
        self._thread.join(JOIN_SECONDS)

    def _note(self, change: Change, task: SimulatedTask) -> None:
        """Queue the events of `change`; called while the life is locked, so nothing else."""
        if self._stopping.is_set():
            return
        late_cancel = self._chance.random() < LATE_CANCEL_CHANCE
        events = (event_of(change), refusal_of_cancel(change) if late_cancel else None)
        with contextlib.suppress(Full):
            for kind, detail in filter(None, events):
                self._waiting.put_nowait(
                    _Waiting(kind, detail, change.at, task.id, task.title, task.stream_url)
                )

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._app.life.advance(self._clock())
            try:
                waiting = self._waiting.get(timeout=_TICK_SECONDS)
            except Empty:
                continue
            if waiting is None:
                return
            body = self._write(waiting)
            for _ in range(ATTEMPTS):
                # Between two attempts too: a receiver that does not answer takes five seconds each.
                if self._stopping.is_set() or self._post(body):
                    break

    def _post(self, body: bytes) -> bool:
        """Return whether the receiver answered with any 2xx."""
        connection = http.client.HTTPConnection(
            self._url.hostname or "", self._url.port, timeout=_TIMEOUT_SECONDS
        )
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", self._url.path or "/", body, headers)
            return connection.getresponse().status // 100 == 2  # noqa: PLR2004 - as in "2xx"
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _write(self, waiting: _Waiting) -> bytes:
        """Return the body of one callback, signed now, in one of the spellings there are."""
        timestamp, nonce = str(int(self._clock())), secrets.token_hex(8)
        number = self._spelling.choice((int, str))
        event = {
            "AppID": number(self._app.app_id),
            "UploadTaskId": waiting.task_id,
            "EventType": number(waiting.kind),
            "Nonce": nonce,
            "Timestamp": timestamp,
            "Signature": sign(self._app.callback_secret, timestamp, nonce),
            "EventTime": number(int(waiting.at * 1000)),
            "Title": waiting.title,
            "StreamUrl": waiting.stream_url,
            "Detail": {name: number(value) for name, value in waiting.detail.items()},
        }
        text = json.dumps(event, ensure_ascii=False)
        return self._spelling.choice((text, quote(text, safe=""))).encode()
