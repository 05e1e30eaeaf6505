"""Bounds the time of one request, and lets another thread cut it (docs/guarantees.md, section 9).

`requests` applies its time-outs to each read, so a peer that sends a byte now and then could hold a
thread forever; urllib3 can shut down an answer from outside (`HTTPResponse.shutdown`), but only
after its head. Here the socket is shut down, whatever is under way. Only the name lookup is not
bounded: the operating system's resolver cannot be interrupted.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection


class Cutoff:
    """Cuts the connection of the request in flight, at its time limit or at `abort`.

    Attributes:
        timed_out: the current or last request reached its time limit.
        aborted: `abort` was called.
    """

    def __init__(self) -> None:
        self.timed_out = False
        self.aborted = False
        # Re-entrant: a signal handler may call `abort` in the thread that holds it.
        self._lock = threading.RLock()
        self._handle: socket.socket | None = None

    @contextmanager
    def request(self, timeout: float) -> Iterator[None]:
        """Cut the connection if the block takes longer than `timeout` seconds."""
        ended = False

        def expire() -> None:
            with self._lock:
                if not ended:  # a timer can fire late, during the next request
                    self.timed_out = True
                    self._cut()

        self.timed_out = False
        # One thread for each request costs 0.1 ms of CPU. A socket that shortens its time-out at
        # every read would avoid it, but needs a class each for plain, TLS and TLS in TLS.
        timer = threading.Timer(timeout, expire)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with self._lock:
                ended = True
                self._replace_handle(None)

    def watch(self, descriptor: int) -> None:
        """Cut this socket from now on; raises ConnectionAbortedError if the request is cut."""
        with self._lock:
            if self.timed_out or self.aborted:
                raise ConnectionAbortedError
            # A duplicate: TLS detaches the original for its handshake, and http.client closes it
            # before it reads an answer that ends with the connection.
            self._replace_handle(socket.socket(fileno=os.dup(descriptor)))

    def abort(self) -> None:
        """Cut the connection now, and refuse every later one. For any thread."""
        with self._lock:
            self.aborted = True
            self._cut()

    def _cut(self) -> None:
        if self._handle is not None:
            with suppress(OSError):  # not connected yet, or no longer
                self._handle.shutdown(socket.SHUT_RDWR)

    def _replace_handle(self, handle: socket.socket | None) -> None:
        if self._handle is not None:
            self._handle.close()
        self._handle = handle


class CutoffConnection(HTTPConnection):
    """A connection, direct or through a proxy, that `cutoff` can cut."""

    def __init__(self, cutoff: Cutoff, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._cutoff = cutoff

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request, unless the connection is already cut."""
        if self.sock is not None:  # kept from an earlier request
            self._cutoff.watch(self.sock.fileno())
        super().request(*args, **kwargs)

    def _new_conn(self) -> socket.socket:
        # Looked up for every connection, so that a change of DNS is followed.
        found = socket.getaddrinfo(self._dns_host.strip("[]"), self.port, type=socket.SOCK_STREAM)
        failure: OSError | None = None
        for family, kind, protocol, _, address in found:
            try:
                sock = socket.socket(family, kind, protocol)
            except OSError as error:  # e.g. IPv6 is off: a failure to connect says more
                failure = failure or error
                continue
            try:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                # An address that does not answer leaves time for the next one.
                sock.settimeout(self.timeout / len(found) if self.timeout else self.timeout)
                self._cutoff.watch(sock.fileno())
                sock.connect(address)
            except OSError as error:
                sock.close()
                failure = error
            else:
                sock.settimeout(self.timeout)
                return sock
        raise failure or OSError("no address")


class CutoffTlsConnection(CutoffConnection, HTTPSConnection):
    """The same with TLS."""
