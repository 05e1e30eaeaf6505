"""The listening socket of the simulator, and the connections that came in through it."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Mapping
from http.server import ThreadingHTTPServer
from threading import Event, Lock, Thread, current_thread
from typing import Any

from exporter.simulator.app import SimulatedApp
from exporter.simulator.connection import Connection

JOIN_TIMEOUT = 5.0
POLL_INTERVAL = 0.02


class Listener(ThreadingHTTPServer):
    """Accepts connections, a thread for each, and can close them all at once."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024

    def __init__(
        self,
        address: tuple[str, int],
        apps: Mapping[int, SimulatedApp],
        clock: Callable[[], float],
        tls_context: ssl.SSLContext | None,
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.apps = apps
        self.clock = clock
        self.tls_context = tls_context
        self.stopping = Event()
        self._connections: dict[Thread, socket.socket] = {}
        self._lock = Lock()
        super().__init__(address, Connection)
        self._thread = Thread(target=self.serve_forever, args=(POLL_INTERVAL,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port and all connections; returns when their threads have ended."""
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._lock:
            connections = dict(self._connections)
        for connection in connections.values():
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in connections:
            thread.join(JOIN_TIMEOUT)

    def server_bind(self) -> None:
        """Bind without looking up the host's name, which can take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Handle a connection in a thread of its own, which `stop` knows."""
        thread = Thread(target=self._run, args=(request, client_address), daemon=True)
        with self._lock:
            self._connections[thread] = request
        thread.start()

    def secure(self, secured: socket.socket) -> None:
        """Note that the connection of this thread goes on as a TLS socket."""
        with self._lock:
            self._connections[current_thread()] = secured

    def _run(self, request: Any, client_address: Any) -> None:
        try:
            with contextlib.suppress(OSError):  # the client left, or `stop` closed the connection
                Connection(request, client_address, self)
        finally:
            with self._lock:
                connection = self._connections.pop(current_thread())
            connection.close()
