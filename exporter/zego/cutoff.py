"""Cuts a request's connection from another thread: at its deadline, or when the program ends.

The time-outs of `requests` apply to one read each, so a peer that sends a byte now and then could
hold a thread forever. Here the whole request is bounded, from connecting to the last byte of the
answer, by shutting its socket down (docs/guarantees.md, section 9). Only the name lookup is not
bounded: the operating system's resolver cannot be interrupted.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import requests
import requests.adapters
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

# A dead peer is noticed within half a minute, also where a NAT has forgotten the connection.
_PROBES = (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
_SOCKET_OPTIONS = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in _PROBES
        if hasattr(socket, name)  # not every system has all of them
    ),
)


class Cutoff:
    """Keeps a handle on the one connection of a transport, to cut it from any thread.

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
        self._request: object | None = None
        self._closed = False

    @contextmanager
    def request(self, timeout: float) -> Iterator[None]:
        """Cut the connection if the block takes longer than `timeout` seconds."""
        request = object()
        timer = threading.Timer(timeout, self._expire, (request,))
        timer.daemon = True
        with self._lock:
            self._request, self.timed_out = request, False
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with self._lock:
                self._request = None
                if self._closed:
                    self._release()

    def abort(self) -> None:
        """Cut the connection now, and refuse every later one."""
        with self._lock:
            self.aborted = True
            self._cut()

    def watch(self, sock: socket.socket) -> None:
        """Keep a handle on a new connection; raises ConnectionAbortedError after a cut."""
        with self._lock:
            self._release()
            if self.timed_out or self.aborted:
                raise ConnectionAbortedError
            # A duplicate, because TLS moves the original into an object that nobody else can
            # reach until the handshake has ended.
            self._handle = sock.dup()

    def release(self) -> None:
        """Give up the handle of a closed connection; during a request, when it ends.

        http.client closes its connection before it reads an answer that ends the connection.
        """
        with self._lock:
            self._closed = True
            if self._request is None:
                self._release()

    def _expire(self, request: object) -> None:
        with self._lock:
            if request is self._request:  # a timer may fire late, during the next request
                self.timed_out = True
                self._cut()

    def _cut(self) -> None:
        if self._handle is not None:
            with suppress(OSError):  # not connected yet, or no longer
                self._handle.shutdown(socket.SHUT_RDWR)

    def _release(self) -> None:
        self._closed = False
        if self._handle is not None:
            self._handle.close()
            self._handle = None


class CutoffAdapter(requests.adapters.HTTPAdapter):
    """Opens connections, direct or through a proxy, that `cutoff` can cut."""

    def __init__(self, cutoff: Cutoff, context: ssl.SSLContext | None) -> None:
        self._pool_classes = _pool_classes(cutoff)
        self._context = context
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Create the pools of direct connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pool_classes

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> urllib3.ProxyManager:
        """Return the pools of connections through one proxy."""
        manager: urllib3.ProxyManager = super().proxy_manager_for(
            proxy, proxy_ssl_context=self._context, **kwargs
        )
        manager.pool_classes_by_scheme = self._pool_classes
        return manager

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> Any:
        """Return what tells pools apart; the context decides about trust, not `requests`."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self._context, "cert_reqs": "CERT_REQUIRED"}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave the pool as it is: `requests` would load its own trust store."""


class _WatchedConnection(HTTPConnection):
    """A connection that its cutoff knows from before it is established."""

    cutoff: Cutoff

    def _new_conn(self) -> socket.socket:
        # Looked up for every connection, so that a change of DNS is followed.
        found = socket.getaddrinfo(self._dns_host.strip("[]"), self.port, type=socket.SOCK_STREAM)
        failure = OSError("no address")
        for family, kind, protocol, _, address in found:
            sock = socket.socket(family, kind, protocol)
            try:
                for option in _SOCKET_OPTIONS:
                    sock.setsockopt(*option)
                # An address that does not answer leaves time for the next one.
                sock.settimeout(self.timeout / len(found) if self.timeout else self.timeout)
                self.cutoff.watch(sock)
                sock.connect(address)
            except OSError as error:
                sock.close()
                failure = error
            else:
                sock.settimeout(self.timeout)
                return sock
        raise failure

    def close(self) -> None:
        super().close()
        self.cutoff.release()


def _pool_classes(cutoff: Cutoff) -> dict[str, type[HTTPConnectionPool]]:
    """Return urllib3's pool classes, changed to open connections that `cutoff` watches."""
    plain = type("Connection", (_WatchedConnection,), {"cutoff": cutoff})
    secure = type("TlsConnection", (_WatchedConnection, HTTPSConnection), {"cutoff": cutoff})
    return {
        "http": type("Pool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("TlsPool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }
