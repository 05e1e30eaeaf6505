"""The cutoff's own rules; what it does to real requests is in test_transport."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from exporter.zego.cutoff import Cutoff

LONG = 60.0


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give two connected sockets."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def is_cut(theirs: socket.socket) -> bool:
    """Return whether the other end sees an end."""
    theirs.setblocking(False)
    try:
        return theirs.recv(1) == b""
    except BlockingIOError:
        return False


def test_a_closed_connection_is_held_until_its_answer_is_read(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """http.client closes its socket before it reads the body when the server will hang up."""
    ours, theirs = pair
    cutoff = Cutoff()
    with cutoff.request(LONG):
        cutoff.watch(ours.fileno())
        ours.close()
        assert not is_cut(theirs)
    assert is_cut(theirs)


def test_a_timer_that_fires_late_does_not_cut_the_next_request(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A time limit belongs to its request."""
    ours, theirs = pair
    timers: list[Callable[[], None]] = []

    class LateTimer(threading.Thread):
        def __init__(self, _: float, expire: Callable[[], None]) -> None:
            super().__init__()
            timers.append(expire)

        def cancel(self) -> None: ...

    monkeypatch.setattr(threading, "Timer", LateTimer)
    cutoff = Cutoff()
    with cutoff.request(LONG):
        cutoff.watch(ours.fileno())
    with cutoff.request(LONG):
        cutoff.watch(ours.fileno())
        timers[0]()
        assert not cutoff.timed_out
        assert not is_cut(theirs)
        timers[1]()
        assert cutoff.timed_out
        assert is_cut(theirs)


def test_a_connection_that_comes_after_the_abort_is_refused(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """The name lookup may end after the abort."""
    cutoff = Cutoff()
    cutoff.abort()
    with cutoff.request(LONG), pytest.raises(ConnectionAbortedError):
        cutoff.watch(pair[0].fileno())
