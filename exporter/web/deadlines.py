"""uvicorn's HTTP/1.1 protocol with deadlines and limits for each connection.

uvicorn bounds only the idle time between two requests. Without more, a client that connects and
sends nothing, drips one byte a second, or never reads its answer stays forever. Rules kept here:

- A whole request, head and body, arrives within `request_seconds`: counted from the connection for
  the first request, from its first byte for later ones.
- A piece of an answer is taken within `write_seconds`. The buffer above the kernel counts as full
  as soon as it holds anything, so a small rest is bounded too. TCP_USER_TIMEOUT ends clients that
  take nothing, with TLS too (Linux 6.18: 2.3 and 2.4 s after a time-out of 2 s), but not those that
  take a byte now and then, and it does not tell who stalls (`may_be_dropped`). So the timer stays.
- A connection that is closed ends within `write_seconds`: TLS would wait for the client's
  close_notify.
- A client whose certificate is not admitted is dropped before it can ask for anything.
- A request head above `head_bytes` is 431 however it arrives. h11 looks only at heads that are
  incomplete.
- Requests sent ahead of an answer take at most `ahead_bytes`: uvicorn goes on reading while an
  application waits for its client to leave, and would keep them all in memory.
- A client that closes its sending side gets its answer (RFC 9293, 3.6), then the connection ends.
"""

from __future__ import annotations

import asyncio
import math
import socket
import struct
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

_NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits for one client and for all clients together."""

    request_seconds: float = 10
    """For a whole request, head and body."""

    write_seconds: float = 10
    """For each piece of an answer: Prometheus has given up its scrape by then."""

    keep_alive_seconds: int = 75
    """Longer than the usual scrape intervals, so that Prometheus keeps its connection."""

    head_bytes: int = 16 * 1024
    """For the request line and the headers together."""

    ahead_bytes: int = 64 * 1024
    """For requests that a client sends before it has the answer to the last one."""

    connections: int = 2048
    """Connections beyond that number get 503."""

    stop_seconds: float = 0.5
    """Time for answers in progress when the server stops."""


Admits = Callable[[Mapping[str, Any] | None], bool]
"""Tells whether a client may connect, by its verified certificate (as `ssl` gives it, or None)."""


def admits_all(_: Mapping[str, Any] | None) -> bool:
    """Admit every client."""
    return True


class _BoundedConnection(h11.Connection):
    """h11's connection with one limit for every request head."""

    def __init__(self, head_bytes: int) -> None:
        super().__init__(h11.SERVER, head_bytes)
        self._head_bytes = head_bytes

    def next_event(self) -> Any:
        """Return the next event; raise RemoteProtocolError for a head that is too large."""
        waiting = len(self.trailing_data[0])
        event = super().next_event()
        taken = waiting - len(self.trailing_data[0])
        if isinstance(event, h11.Request) and taken > self._head_bytes:
            raise h11.RemoteProtocolError("request head too large", error_status_hint=431)
        return event


class _Timer:
    """Calls `action` after `seconds` unless it is cancelled; starting it again changes nothing."""

    __slots__ = ("_action", "_handle", "_loop", "_seconds", "started_at")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, seconds: float, action: Callable[[], object]
    ) -> None:
        self._loop = loop
        self._seconds = seconds
        self._action = action
        self._handle: asyncio.TimerHandle | None = None
        self.started_at = math.inf  # in the loop's time; infinite while it does not run

    def start(self) -> None:
        if self._handle is None:
            self._handle = self._loop.call_later(self._seconds, self._action)
            self.started_at = self._loop.time()

    def cancel(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle, self.started_at = None, math.inf


class DeadlineProtocol(H11Protocol):
    """One connection; see the module's rules."""

    limits: ClassVar[Limits]
    admits = staticmethod(admits_all)
    half_closed = False
    """Whether the client has closed its sending side: it may have left, or still read."""

    _tls = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.conn = _BoundedConnection(self.limits.head_bytes)
        self.app_state = {**self.app_state, "connection": self}  # becomes the scope's state
        self._write_timer = _Timer(self.loop, self.limits.write_seconds, self.reset)
        self._end_timer = _Timer(self.loop, self.limits.write_seconds, self.reset)

    def connection_made(  # type: ignore[override]  # as in uvicorn: asyncio gives a Transport
        self, transport: asyncio.Transport
    ) -> None:
        """Begin the wait for the first request; with TLS, the handshake has ended."""
        super().connection_made(transport)
        self._request_timer = _Timer(self.loop, self.limits.request_seconds, transport.abort)
        self._tls = transport.get_extra_info("sslcontext") is not None
        # asyncio's TLS transport calls a buffer full that is as large as the limit, 0 of 0 too.
        transport.set_write_buffer_limits(high=int(self._tls), low=0)
        if not self.admits(transport.get_extra_info("peercert")):
            transport.abort()
            return
        self._request_timer.start()

    def data_received(self, data: bytes) -> None:
        """Read bytes of the client; stop the timer if the request is complete."""
        super().data_received(data)
        if self._is_ending():
            self._end_timer.start()
        if len(self.conn.trailing_data[0]) > self.limits.ahead_bytes:
            self.transport.abort()
        elif self.conn.their_state not in {h11.IDLE, h11.SEND_BODY}:
            self._request_timer.cancel()
        elif not self.transport.is_closing():
            self._request_timer.start()

    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn always closes
        """Keep the connection for the answer of a whole request; asyncio closes it on False."""
        self.half_closed = True
        whole = self.conn.their_state not in {h11.IDLE, h11.SEND_BODY}
        return whole and self._is_answering() and not self._tls  # asyncio's TLS always closes

    def may_be_dropped(self, stall_seconds: float) -> bool:
        """Tell whether the client may have left, or has taken nothing for that time."""
        if self.half_closed and not self.cycle.response_started:
            return True
        return self.loop.time() - self._write_timer.started_at >= stall_seconds

    def reset(self) -> None:
        """End the connection immediately."""
        # Without this the kernel keeps the unsent rest of the answer long after the close.
        sock = self.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Refuse bytes that are not HTTP with 400, or 431 where only the head is too large.

        uvicorn calls this while it handles h11's error, which knows the better status.
        """
        status = getattr(sys.exception(), "error_status_hint", 400)
        if status != HTTPStatus.BAD_REQUEST:
            msg = HTTPStatus(status).phrase
        body = f"{msg}\n".encode()
        headers = [
            ("content-type", "text/plain; charset=utf-8"),
            ("content-length", str(len(body))),
            ("connection", "close"),
        ]
        # In the middle of an answer, or for HEAD, h11 refuses: then the connection only ends.
        with suppress(h11.LocalProtocolError):
            head = h11.Response(status_code=status, headers=headers, reason=STATUS_PHRASES[status])
            self.transport.write(self.conn.send(head) or b"")
            self.transport.write(self.conn.send(h11.Data(data=body)) or b"")
        self.transport.close()

    def on_response_complete(self) -> None:
        """Wait for the rest of a next request whose head came together with the last one."""
        super().on_response_complete()
        if self._is_ending():
            self._end_timer.start()
        if self.half_closed and not self._is_answering():
            self.transport.close()
        if self.conn.their_state is h11.SEND_BODY and not self.transport.is_closing():
            self._request_timer.start()

    def pause_writing(self) -> None:
        """Start the timer for the client to read the written bytes."""
        super().pause_writing()
        self._write_timer.start()

    def resume_writing(self) -> None:
        """Go on: the client took everything."""
        self._write_timer.cancel()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, which was idle for long."""
        super().timeout_keep_alive_handler()
        self._end_timer.start()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave no timer behind, which would keep the connection's memory."""
        for timer in (self._request_timer, self._write_timer, self._end_timer):
            timer.cancel()
        super().connection_lost(exc)
        # A TLS transport warns if nobody has closed it. In the first releases of CPython 3.11 it
        # has lost its socket by then, and raises AttributeError.
        with suppress(AttributeError):
            self.transport.abort()
        self._unset_keepalive_if_required()  # uvicorn leaves it after a reset

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _is_ending(self) -> bool:
        """Tell whether no more will be sent."""
        return self.transport.is_closing() or self.conn.our_state in {h11.CLOSED, h11.ERROR}


def protocol_class(limits: Limits, admits: Admits = admits_all) -> type[DeadlineProtocol]:
    """Return the protocol with these limits; uvicorn takes a class and makes the instances."""
    own = {"limits": limits, "admits": staticmethod(admits)}
    return type("LimitedProtocol", (DeadlineProtocol,), own)
