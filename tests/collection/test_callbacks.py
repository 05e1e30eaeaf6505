"""The callbacks of one app."""

from __future__ import annotations

from functools import partial

import pytest

from exporter.collection.callbacks import MAX_NONCES, CallbackReceiver
from exporter.errors import AuthError
from exporter.history.counters import AppCounters
from exporter.zego.callbacks import CallbackRejected
from tests.builders import NOW, make_callback

SECRET = "callback-secret"
APP_ID = 42


class Site:
    """A receiver with its counters, and how often it asked for an early collection."""

    def __init__(self) -> None:
        self.counters = AppCounters()
        self.hurried = 0
        self.receiver = CallbackReceiver(APP_ID, lambda: SECRET, self.counters, self._hurry)

    def _hurry(self) -> None:
        self.hurried += 1


event = partial(make_callback, SECRET, APP_ID, Detail={"Reason": 1})


def test_an_authentic_callback_is_counted_and_asks_for_a_collection() -> None:
    """The reason is kept for the task, also after the next walk."""
    desk = Site()
    desk.receiver.receive(event(), NOW)
    view = desk.counters.view()
    assert view.callback_events["failed"] == 1
    assert view.failures["source_download"] == 1
    assert desk.counters.failure_reasons() == {"task": "source_download"}
    assert desk.hurried == 1


@pytest.mark.parametrize("event_type", [1, 2, 3, 4, 10007, None])
def test_an_event_that_is_not_about_uploads_asks_for_nothing(event_type: int | None) -> None:
    """Events of players come to the same address, and a busy project has many."""
    desk = Site()
    desk.receiver.receive(event(EventType=event_type), NOW)
    assert desk.counters.view().callback_events["other"] == 1
    assert desk.hurried == 0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (event(Signature="0" * 40), "signature"),
        (event(at=NOW - 601), "timestamp"),
        (event(AppID=43), "app_id"),
        (b"{", "malformed"),
        (b" " * 70_000, "too_large"),
    ],
)
def test_a_refused_callback_is_only_counted(body: bytes, reason: str) -> None:
    """No event, no reason, no collection."""
    desk = Site()
    before = desk.counters.view()
    with pytest.raises(CallbackRejected):
        desk.receiver.receive(body, NOW)
    assert desk.counters.view() == before
    assert desk.hurried == 0
    assert {key: n for key, n in desk.receiver.rejections().items() if n} == {reason: 1}


def test_a_nonce_is_accepted_once() -> None:
    """A recorded callback cannot be replayed while its timestamp is valid."""
    desk = Site()
    desk.receiver.receive(event(), NOW)
    with pytest.raises(CallbackRejected):
        desk.receiver.receive(event(), NOW + 599)
    assert desk.receiver.rejections()["replayed"] == 1
    assert desk.counters.view().callback_events["failed"] == 1


def test_remembered_nonces_are_bounded() -> None:
    """A flood of authentic callbacks does not fill the memory."""
    desk = Site()
    for number in range(MAX_NONCES + 10):
        desk.receiver.receive(event(str(number)), NOW)
    assert len(desk.receiver._nonces) == MAX_NONCES


def test_a_replay_is_refused_when_no_more_are_remembered() -> None:
    """Also of the oldest nonce, and a refused callback displaces none."""
    desk = Site()
    for number in range(MAX_NONCES):
        desk.receiver.receive(event(str(number)), NOW)
    for _ in range(2):
        with pytest.raises(CallbackRejected):
            desk.receiver.receive(event("0"), NOW)
    assert len(desk.receiver._nonces) == MAX_NONCES


def test_a_nonce_is_forgotten_once_its_timestamp_is_too_old() -> None:
    """A nonce may come again 20 minutes later, with a new timestamp."""
    desk = Site()
    desk.receiver.receive(event(), NOW)
    with pytest.raises(CallbackRejected):
        desk.receiver.receive(event(at=NOW + 1200), NOW + 1200)
    desk.receiver.receive(event(at=NOW + 1201), NOW + 1201)


def test_all_callbacks_are_refused_while_the_secret_cannot_be_read(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A missing secret file is logged once, for any number of callbacks."""
    readable = True

    def read_secret() -> str:
        if not readable:
            raise AuthError("no file", code="secret_file")
        return SECRET

    receiver = CallbackReceiver(
        APP_ID, read_secret, AppCounters(), request_early_collection=lambda: None
    )
    for number in range(2):
        readable = False
        for _ in range(3):
            with pytest.raises(CallbackRejected):
                receiver.receive(event(), NOW)
        readable = True
        receiver.receive(event(str(number)), NOW)
    assert receiver.rejections()["signature"] == 6
    assert len(caplog.records) == 2
