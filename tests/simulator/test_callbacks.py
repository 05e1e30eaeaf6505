from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import Any
from urllib.parse import unquote

import pytest

from exporter.simulator import callbacks
from exporter.simulator.app import SimulatedApp
from exporter.simulator.callbacks import (
    CANCEL_REFUSED,
    MAX_WAITING,
    STATUS_CHANGED,
    UPLOAD_FAILED,
    CallbackSender,
    event_of,
    refusal_of_cancel,
    sign,
)
from exporter.simulator.http_server import SimulatorServer
from exporter.simulator.lifecycle import Lifecycle
from exporter.simulator.task import (
    CANCELLED,
    EXPIRED,
    FAILED,
    SUCCEEDED,
    UPLOADING,
    WAITING,
    WAITING_RETRY,
    Change,
)
from exporter.simulator.workload import Workload
from tests.simulator.calls import NOW

SECRET = "callback-secret-that-opens-nothing"
PATIENCE = 90.0


class Receiver(ThreadingHTTPServer):
    """Keeps the path and body of each POST; answers with the `statuses` in turn, then with 204."""

    daemon_threads = True

    def __init__(self, *statuses: int) -> None:
        self.received: Queue[tuple[str, bytes]] = Queue()
        self.statuses = list(statuses)
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def next(self) -> tuple[str, bytes]:
        """Return path and body of the next callback."""
        return self.received.get(timeout=PATIENCE)

    def next_event(self) -> dict[str, Any]:
        """Return the next event, however it is spelled."""
        event: dict[str, Any] = json.loads(unquote(self.next()[1].decode()))
        return event


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.put((self.path, body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def receiving(*statuses: int) -> Iterator[Receiver]:
    """Run a receiver for the length of a test."""
    with Receiver(*statuses) as receiver:
        thread = Thread(target=receiver.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield receiver
        finally:
            receiver.shutdown()
            thread.join()


@contextmanager
def sending(app: SimulatedApp, url: str) -> Iterator[CallbackSender]:
    """Send the callbacks of `app` for the length of a test; its clock does not move."""
    sender = CallbackSender(app, url, clock=lambda: NOW)
    sender.start()
    try:
        yield sender
    finally:
        sender.stop()


def quiet_app(**switches: Any) -> SimulatedApp:
    """Return an app in which nothing happens by itself."""
    life = Lifecycle(pace=0, start=NOW)
    return SimulatedApp(7, "secret", life, callback_secret=SECRET, **switches)


def test_the_signature_is_the_published_vectors() -> None:
    """`docs/zego-api.md`, Callbacks."""
    expected = "5bd59fd62953a8059fb7eaba95720f66d19e4517"
    assert sign("secret", "1470820198", "123412") == expected


@pytest.mark.parametrize(
    ("after", "event"),
    [
        (WAITING, (10003, {"Status": 1})),
        (UPLOADING, (10003, {"Status": 2})),
        (CANCELLED, (10003, {"Status": 3})),
        (WAITING_RETRY, (10005, {"Code": 2})),
        (SUCCEEDED, (10001, {})),
        (FAILED, (10002, {"Reason": 3})),
        (EXPIRED, (10006, {})),
        (None, None),
    ],
)
def test_changes_have_the_documented_events(
    after: int | None, event: tuple[int, dict[str, int]] | None
) -> None:
    """The status numbers are those of the callbacks; a task that leaves the list has no event.

    Source: `docs/zego-api.md`, Callbacks.
    """
    assert event_of(Change(NOW, "a", UPLOADING, after, 3)) == event


@pytest.mark.parametrize(("after", "reason"), [(UPLOADING, 1), (SUCCEEDED, 2), (WAITING, None)])
def test_a_cancel_comes_too_late_for_these(after: int, reason: int | None) -> None:
    """Only a waiting task can be cancelled."""
    expected = None if reason is None else (CANCEL_REFUSED, {"Reason": reason})
    assert refusal_of_cancel(Change(NOW, "a", None, after, 0)) == expected


def test_a_failure_is_sent_with_all_its_fields() -> None:
    """What happened, to which task, signed; the numbers are numbers or strings."""
    app = quiet_app()
    task = app.life.add_task(title="课程.mp4", status=UPLOADING)
    with receiving() as receiver, sending(app, f"{receiver.url}/callback/x"):
        app.life.set_status(task.id, FAILED, reason=3)
        path, body = receiver.next()
    event = json.loads(unquote(body.decode()))
    assert path == "/callback/x"
    nonce, timestamp = event.pop("Nonce"), event.pop("Timestamp")
    assert timestamp == str(int(NOW))
    assert event.pop("Signature") == sign(SECRET, timestamp, nonce)
    assert int(event.pop("AppID")) == 7
    assert int(event.pop("EventType")) == UPLOAD_FAILED
    assert int(event.pop("EventTime")) == NOW * 1000
    assert int(event.pop("Detail")["Reason"]) == 3
    assert event == {
        "UploadTaskId": task.id,
        "Title": "课程.mp4",
        "StreamUrl": task.stream_url,
    }


def test_every_spelling_is_used() -> None:
    """Numbers and strings, plain and URL-encoded; every nonce is new."""
    app = quiet_app()
    with receiving() as receiver, sending(app, receiver.url):
        for _ in range(40):
            app.life.add_task()
        bodies = [receiver.next()[1] for _ in range(40)]
    assert {body[:1] for body in bodies} == {b"{", b"%"}
    events = [json.loads(unquote(body.decode())) for body in bodies]
    assert {type(event["AppID"]) for event in events} == {int, str}
    assert len({event["Nonce"] for event in events}) == 40


def test_earlier_failures_are_sent_first() -> None:
    """A new receiver gets the reasons of the failures that are listed already."""
    app = quiet_app()
    app.life.add_task(id="old", status=FAILED, reason=1)
    app.life.add_task(id="fine", status=SUCCEEDED)
    with receiving() as receiver, sending(app, receiver.url):
        app.life.add_task(id="new")
        events = [receiver.next_event() for _ in range(2)]
    assert [(event["UploadTaskId"], int(event["EventType"])) for event in events] == [
        ("old", UPLOAD_FAILED),
        ("new", STATUS_CHANGED),
    ]


def test_an_event_is_tried_three_times_and_then_dropped() -> None:
    """Each time with the same bytes; the next event comes through."""
    app = quiet_app()
    with receiving(500, 404, 302, 500, 200) as receiver, sending(app, receiver.url):
        for task_id in ("lost", "second"):
            app.life.add_task(id=task_id)
        lost = [receiver.next() for _ in range(3)]
        assert lost[0] == lost[1] == lost[2]
        assert [receiver.next_event()["UploadTaskId"] for _ in range(2)] == ["second"] * 2
        app.life.add_task(id="third")
        assert receiver.next_event()["UploadTaskId"] == "third"


def test_an_absent_receiver_delays_nothing() -> None:
    """Events are dropped, also those above the limit, and tasks continue to change."""
    app = quiet_app()
    with receiving() as receiver:
        url = receiver.url
    with sending(app, url):
        for _ in range(MAX_WAITING * 2):
            app.life.add_task()
    assert len(app.life.tasks) == MAX_WAITING * 2


def test_events_beyond_the_queue_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that cannot keep up costs events, not memory."""
    monkeypatch.setattr(callbacks, "MAX_WAITING", 20)
    app = quiet_app()
    with receiving() as receiver:
        for _ in range(70):
            app.life.add_task(status=FAILED, reason=1)
        sender = CallbackSender(app, receiver.url, clock=lambda: NOW)
        sender.start()
        last = [receiver.next_event() for _ in range(20)][-1]
        app.life.add_task(id="later")
        assert receiver.next_event()["UploadTaskId"] == "later"
        sender.stop()
    assert last["UploadTaskId"] != "upload_task_70"


@pytest.mark.parametrize("waiting", [0, 1])
def test_the_end_does_not_wait_for_the_next_event(
    monkeypatch: pytest.MonkeyPatch, waiting: int
) -> None:
    """The thread that waits for one is woken; an event that is left is not sent."""
    monkeypatch.setattr(callbacks, "_TICK_SECONDS", 60.0)
    monkeypatch.setattr(callbacks, "JOIN_SECONDS", 30.0)
    monkeypatch.setattr(callbacks, "MAX_WAITING", 1)
    app = quiet_app()
    with receiving() as receiver:
        sender = CallbackSender(app, receiver.url, clock=lambda: NOW)
        sender.start()
        for _ in range(waiting):
            app.life.add_task()
        sender.stop()
        assert not sender._thread.is_alive()


def test_time_passes_without_requests() -> None:
    """Callbacks come when something happens, although no request comes."""
    life = Lifecycle(start=NOW - 3600, workload=Workload(arrival_interval=60.0))
    app = SimulatedApp(7, "secret", life, callback_secret=SECRET)
    with receiving() as receiver, sending(app, receiver.url):
        assert int(receiver.next_event()["EventType"]) == STATUS_CHANGED
    assert life.now == NOW


def test_a_server_sends_for_each_app_with_a_secret() -> None:
    """To the path of its name, until the server ends."""
    app = quiet_app(name="课程/1")
    silent = SimulatedApp(8, "secret", Lifecycle(pace=0, start=NOW), name="silent")
    with receiving() as receiver:
        with SimulatorServer([app, silent], clock=lambda: NOW) as server:
            server.callbacks_to(receiver.url)
            silent.life.add_task()
            app.life.add_task(id="sent")
            path, _ = receiver.next()
        app.life.add_task(id="after the end")
        assert receiver.received.empty()
    assert unquote(path) == "/callback/课程/1"
    assert path.count("/") == 2


def test_the_secret_is_in_no_repr() -> None:
    """Printing an app shows no secret."""
    assert SECRET not in repr(quiet_app())
