"""The callbacks of one app."""

from __future__ import annotations

from functools import partial

import pytest

from exporter.collection import callbacks
from exporter.collection.callbacks import CallbackReceiver
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
        self.requested = 0
        self.receiver = CallbackReceiver(APP_ID, lambda: SECRET, self.counters, self._request)

    def _request(self) -> None:
        self.requested += 1


event = partial(make_callback, SECRET, APP_ID, Detail={"Reason": 1})


def test_an_authentic_callback_is_counted_and_asks_for_a_collection() -> None:
    """The reason is kept for the task, also after the next walk."""
    site = Site()
    site.receiver.receive(event(), NOW)
    view = site.counters.view()
    assert view.callback_events["failed"] == 1
    assert view.failures["source_download"] == 1
    assert site.counters.failure_reasons() == {"task": "source_download"}
    assert site.requested == 1


@pytest.mark.parametrize("event_type", [1, 2, 3, 4, 10007, None])
def test_an_event_that_is_not_about_uploads_asks_for_nothing(event_type: int | None) -> None:
    """Events of players come to the same address, and a busy project has many."""
    site = Site()
    site.receiver.receive(event(EventType=event_type), NOW)
    assert site.counters.view().callback_events["other"] == 1
    assert site.requested == 0


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
    site = Site()
    before = site.counters.view()
    with pytest.raises(CallbackRejected):
        site.receiver.receive(body, NOW)
    assert site.counters.view() == before
    assert site.requested == 0
    assert {key: n for key, n in site.receiver.rejections().items() if n} == {reason: 1}


def test_a_nonce_is_accepted_once() -> None:
    """A recorded callback cannot be replayed while its timestamp is valid."""
    site = Site()
    site.receiver.receive(event(), NOW)
    with pytest.raises(CallbackRejected):
        site.receiver.receive(event(), NOW + 599)
    assert site.receiver.rejections()["replayed"] == 1
    assert site.counters.view().callback_events["failed"] == 1


@pytest.fixture
def few_nonces(monkeypatch: pytest.MonkeyPatch) -> int:
    """Let receivers remember 100 nonces; return this number."""
    monkeypatch.setattr(callbacks, "MAX_NONCES", 100)
    return 100


def test_remembered_nonces_are_bounded(few_nonces: int) -> None:
    """A flood of authentic callbacks does not fill the memory: the oldest nonces are forgotten."""
    site = Site()
    for number in range(few_nonces + 10):
        site.receiver.receive(event(str(number)), NOW)
    with pytest.raises(CallbackRejected):
        site.receiver.receive(event("10"), NOW)
    site.receiver.receive(event("9"), NOW)


def test_a_replay_is_refused_when_no_more_are_remembered(few_nonces: int) -> None:
    """Also of the oldest nonce, and a refused callback evicts none."""
    site = Site()
    for number in range(few_nonces):
        site.receiver.receive(event(str(number)), NOW)
    for nonce in ("0", "0", *map(str, range(few_nonces))):
        with pytest.raises(CallbackRejected):
            site.receiver.receive(event(nonce), NOW)


def test_a_nonce_is_forgotten_once_its_timestamp_is_too_old() -> None:
    """A nonce may come again 20 minutes later, with a new timestamp."""
    site = Site()
    site.receiver.receive(event(), NOW)
    with pytest.raises(CallbackRejected):
        site.receiver.receive(event(at=NOW + 1200), NOW + 1200)
    site.receiver.receive(event(at=NOW + 1201), NOW + 1201)


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
