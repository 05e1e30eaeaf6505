"""Cuts a request's connection from another thread: at its deadline, or when the program ends.

The time-outs of `requests` are for one read each, so a peer that sends a byte now and then holds
a thread for ever. Here a request's whole time is bounded, from the connecting to the answer's
last byte, by shutting its socket down. What runs unbounded is the name lookup alone: the
operating system's resolver cannot be interrupted.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import requests.adapters
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Cutoff:
    """Holds on to the one connection of a transport, to cut it.

    The handle is a duplicate of the socket's descriptor, because TLS takes the original away
    into an object that nobody else can reach until the handshake has ended.
    """

    def __init__(self) -> None:
        self.timed_out = False
        self.aborted = False
        # Re-entrant: a signal handler may call `abort` in the thread that holds it.
        self._lock = threading.RLock()
        self._handle: socket.socket | None = None
        self._request = 0
        self._busy = False
        self._retired = False

    @contextmanager
    def request(self, timeout: float) -> Iterator[None]:
        """Cut the connection if the block takes longer than `timeout` seconds."""
        with self._lock:
            self._request += 1
            self.timed_out = False
            self._busy = True
        timer = threading.Timer(timeout, self._expire, (self._request,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            self._finish()

    def abort(self) -> None:
        """Cut the connection now, and every later one at once."""
        with self._lock:
            self.aborted = True
            self._cut()

    def watch(self, sock: socket.socket) -> None:
        """Hold on to a new connection; raises ConnectionAbortedError when it comes too late."""
        with self._lock:
            self._release()
            if self.timed_out or self.aborted:
                raise ConnectionAbortedError
            self._handle = sock.dup()

    def retire(self) -> None:
        """Let go of a connection that was closed; while an answer is still read, not yet."""
        with self._lock:
            self._retired = True
            if not self._busy:
                self._release()

    def _finish(self) -> None:
        with self._lock:
            self._request += 1  # a timer that fires from now on is too late
            self._busy = False
            if self._retired:
                self._release()

    def _expire(self, request: int) -> None:
        with self._lock:
            if request == self._request:
                self.timed_out = True
                self._cut()

    def _cut(self) -> None:
        if self._handle is not None:
            with suppress(OSError):  # not connected yet, or no longer
                self._handle.shutdown(socket.SHUT_RDWR)

    def _release(self) -> None:
        self._retired = False
        if self._handle is not None:
            self._handle.close()
            self._handle = None


class _WatchedConnection(HTTPConnection):
    """A connection that its cutoff knows from before it is established."""

    cutoff: Cutoff

    def _new_conn(self) -> socket.socket:
        addresses = socket.getaddrinfo(
            self._dns_host.strip("[]"),
            self.port,
            type=socket.SOCK_STREAM,
        )
        failure = OSError("no address")
        for family, kind, protocol, _, address in addresses:
            sock = socket.socket(family, kind, protocol)
            try:
                self._connect(sock, address, len(addresses))
            except OSError as error:
                sock.close()
                failure = error
            else:
                return sock
        raise failure

    def _connect(self, sock: socket.socket, address: Any, addresses: int) -> None:
        """Connect to one of several addresses, so that a dead one leaves time for the next."""
        for option in self.socket_options or ():
            sock.setsockopt(*option)
        sock.settimeout(self.timeout / addresses if self.timeout else self.timeout)
        self.cutoff.watch(sock)
        sock.connect(address)
        sock.settimeout(self.timeout)

    def close(self) -> None:
        super().close()
        self.cutoff.retire()


class _WatchedTlsConnection(_WatchedConnection, HTTPSConnection):
    """The same over TLS."""


class CutoffAdapter(requests.adapters.HTTPAdapter):
    """An adapter whose connections, direct or through a proxy, can be cut by `cutoff`."""

    def __init__(self, cutoff: Cutoff) -> None:
        self._pool_classes = _pool_classes(cutoff)
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Create the pools of direct connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pool_classes

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> urllib3.ProxyManager:
        """Return the pools of connections through one proxy."""
        manager: urllib3.ProxyManager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = self._pool_classes
        return manager


def _pool_classes(cutoff: Cutoff) -> dict[str, type[HTTPConnectionPool]]:
    """Return urllib3's pool classes, made to open connections that `cutoff` watches."""

    class Connection(_WatchedConnection): ...

    class TlsConnection(_WatchedTlsConnection): ...

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = TlsConnection

    Connection.cutoff = TlsConnection.cutoff = cutoff
    return {"http": Pool, "https": TlsPool}
