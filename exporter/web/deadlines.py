"""uvicorn's HTTP/1.1 protocol with deadlines for peers that stall.

uvicorn bounds only the idle time between two requests. Without more, a peer that connects and
sends nothing, drips one byte a second, or never reads its answer stays for ever. Rules kept here:

- A whole request, head and body, arrives within `request_seconds` of its first possible moment:
  of the connection for the first request, of its first byte for later ones.
- A piece of an answer that was handed to the kernel is taken within `write_seconds`. The buffer
  above the kernel counts as full as soon as it holds anything, so a small rest is bounded too.
- A connection that is closed ends within `write_seconds`: TLS would wait for the peer's farewell.
- A client whose certificate is not admitted is dropped before it can ask for anything.
- Requests sent ahead, before the answer to the last one, take at most `ahead_bytes`: uvicorn goes
  on reading while an application waits for its peer to leave, and would keep them all in memory.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one peer, and all together, may take; times in seconds.

    `keep_alive_seconds` is longer than the usual scrape intervals (15 to 60 s), so that Prometheus
    keeps its connection from scrape to scrape. `connections` beyond that number get 503.
    `stop_seconds` is what answers under way get to end when the server stops.
    """

    request_seconds: float = 10
    write_seconds: float = 30
    keep_alive_seconds: int = 75
    head_bytes: int = 16 * 1024
    ahead_bytes: int = 64 * 1024
    connections: int = 2048
    stop_seconds: float = 0.5


Admits = Callable[[Mapping[str, Any] | None], bool]
"""Tells whether a client may connect, by its verified certificate (as `ssl` gives it, or None)."""


def admits_all(_: Mapping[str, Any] | None) -> bool:
    """Admit every client."""
    return True


class DeadlineProtocol(H11Protocol):
    """One connection; see the module's rules."""

    limits: ClassVar[Limits]
    admits = staticmethod(admits_all)
    _request_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None
    _end_timer: asyncio.TimerHandle | None = None

    def connection_made(  # type: ignore[override]  # as in uvicorn: asyncio gives a Transport
        self, transport: asyncio.Transport
    ) -> None:
        """Begin the wait for the first request; with TLS, the handshake has ended."""
        super().connection_made(transport)
        # asyncio's TLS transport calls a buffer full that is as large as the limit, 0 of 0 too.
        tls = transport.get_extra_info("sslcontext") is not None
        transport.set_write_buffer_limits(high=int(tls), low=0)
        if not self.admits(transport.get_extra_info("peercert")):
            transport.abort()
            return
        self._await_request()

    def data_received(self, data: bytes) -> None:
        """Take what the peer sent, and see whether the request is whole now."""
        super().data_received(data)
        if self._is_ending():
            self._await_end()
        if len(self.conn.trailing_data[0]) > self.limits.ahead_bytes:
            self.transport.abort()
        elif self.conn.their_state not in {h11.IDLE, h11.SEND_BODY}:
            self._cancel_request_timer()
        elif self._request_timer is None and not self.transport.is_closing():
            self._await_request()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; where that cannot be said any more, only end the connection."""
        # uvicorn would write a body for HEAD too, and a second head into an answer under way.
        with suppress(h11.LocalProtocolError):
            super().send_400_response(msg)
        self.transport.close()

    def on_response_complete(self) -> None:
        """Wait for the rest of a next request whose head came together with the last one."""
        super().on_response_complete()
        if self._is_ending():
            self._await_end()
        if self.conn.their_state is h11.SEND_BODY and not self.transport.is_closing():
            self._await_request()

    def pause_writing(self) -> None:
        """Begin the wait for the peer to take what was written."""
        super().pause_writing()
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(self.limits.write_seconds, self._reset)

    def resume_writing(self) -> None:
        """Go on: the peer took everything."""
        self._cancel_write_timer()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, which was idle for long."""
        super().timeout_keep_alive_handler()
        self._await_end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave no timer behind, which would keep the connection's memory."""
        self._cancel_request_timer()
        self._cancel_write_timer()
        self._cancel_end_timer()
        super().connection_lost(exc)
        # CPython 3.10's TLS transport warns where nobody has closed it; that of the first releases
        # of 3.11 has by then let go of what it would close.
        with suppress(AttributeError):
            self.transport.abort()
        self._unset_keepalive_if_required()  # uvicorn leaves it after a reset

    def _await_request(self) -> None:
        self._request_timer = self.loop.call_later(
            self.limits.request_seconds, self.transport.abort
        )

    def _is_ending(self) -> bool:
        """Tell whether no more will be sent; a TLS transport of CPython 3.10 does not know it."""
        return self.transport.is_closing() or self.conn.our_state in {h11.CLOSED, h11.ERROR}

    def _await_end(self) -> None:
        if self._end_timer is None:
            self._end_timer = self.loop.call_later(self.limits.write_seconds, self._reset)

    def _reset(self) -> None:
        # Without this the kernel keeps what the peer did not take, long after the close.
        sock = self.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.transport.abort()

    def _cancel_request_timer(self) -> None:
        if self._request_timer is not None:
            self._request_timer.cancel()
            self._request_timer = None

    def _cancel_end_timer(self) -> None:
        if self._end_timer is not None:
            self._end_timer.cancel()
            self._end_timer = None

    def _cancel_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None


def protocol_class(limits: Limits, admits: Admits = admits_all) -> type[DeadlineProtocol]:
    """Return the protocol with these limits; uvicorn takes a class and makes the instances."""
    own = {"limits": limits, "admits": staticmethod(admits)}
    return type("LimitedProtocol", (DeadlineProtocol,), own)
