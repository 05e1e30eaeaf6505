"""The simulated API as an HTTP or HTTPS server.

    with SimulatorServer([SimulatedApp(1, "secret", Lifecycle())]) as server:
        ...  # server.url is the endpoint for an exporter

The addresses under /simulator/ are described in `control`.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from threading import Event, Lock, Thread, current_thread
from time import monotonic
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, quote, urlsplit

from exporter.simulator.api import handle
from exporter.simulator.app import SimulatedApp
from exporter.simulator.callbacks import CallbackSender
from exporter.simulator.control import PREFIX, control
from exporter.simulator.reply import Reply, encode_json, make_reply

MAX_BODY_BYTES = 16 * 2**20
HANDSHAKE_TIMEOUT = 10.0
"""Seconds that a client may take for the TLS handshake."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # struct linger: on, 0 seconds
JOIN_TIMEOUT = 5.0
POLL_INTERVAL = 0.02


class _Connection(BaseHTTPRequestHandler):
    """The requests of one client, one after another, in a thread of their own."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def setup(self) -> None:
        """Do the TLS handshake where there is TLS: here, so that it holds up nobody else."""
        context = self.server.tls_context
        if context is not None:
            raw: socket.socket = self.request
            raw.settimeout(HANDSHAKE_TIMEOUT)
            self.request = context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
            self.server.secure(self.request)
            self.request.do_handshake()
            self.request.settimeout(None)
        super().setup()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Log nothing: the query holds a signature."""

    def do_POST(self) -> None:
        """Answer a request to the API, or one that changes the simulator."""
        now, arrived = self.server.clock(), monotonic()
        body = self._read_body()
        if body is None:
            self._send(Reply(413))
            return
        address = urlsplit(self.path)
        if address.path.startswith(PREFIX):
            self._control(address.path, body, now)
        elif address.path == "/":
            self._send(self._call_api(address.query, body, now, arrived))
        else:
            self._send(Reply(404))

    def _call_api(self, query: str, body: bytes, now: float, arrived: float) -> Reply:
        answer = handle(
            self.server.apps,
            dict(parse_qsl(query)),
            body,
            now,
            arrived=arrived,
            content_type=self.headers.get("Content-Type", ""),
        )
        return make_reply(
            answer.payload,
            now + answer.alteration.clock_offset,
            accept_gzip="gzip" in self.headers.get("Accept-Encoding", ""),
            alter=answer.alteration.reply,
        )

    def do_GET(self) -> None:
        """Answer a question about the simulator itself."""
        self._control(urlsplit(self.path).path, b"", self.server.clock())

    def _control(self, path: str, body: bytes, now: float) -> None:
        if not ip_address(self.client_address[0]).is_loopback:
            self._send(Reply(403))
            return
        status, value = control(self.server.apps, self.command, path, body, now)
        self._send(Reply(status, body=encode_json(value)))

    def _read_body(self) -> bytes | None:
        """Return the body, None where it is too large or of unknown length."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            return None
        return self.rfile.read(int(length))

    def _send(self, reply: Reply) -> None:
        stop: Event = self.server.stopping
        if reply.delay and stop.wait(reply.delay):
            return
        if reply.ending == "reset":
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        elif reply.ending == "silent":
            self.close_connection = True
            self.rfile.read(1)  # returns when the client leaves or the server stops
        elif reply.bytes_per_second:
            self._send_slowly(reply, stop)
        else:
            for part in reply.parts():
                self.connection.sendall(part)
        if reply.ending == "cut":
            self.close_connection = True

    def _send_slowly(self, reply: Reply, stop: Event) -> None:
        response = b"".join(reply.parts())
        start = 0 if reply.slow_from == "header" else len(reply.head())
        self.connection.sendall(response[:start])
        for byte in response[start:]:
            self.connection.sendall(bytes((byte,)))
            if stop.wait(1 / reply.bytes_per_second):
                return


class _Listener(ThreadingHTTPServer):
    """Accepts connections, a thread for each, and can close all of them."""

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
        super().__init__(address, _Connection)
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
                _Connection(request, client_address, self)
        finally:
            with self._lock:
                connection = self._connections.pop(current_thread())
            connection.close()


class SimulatorServer:
    """Serves `apps`, distinguished by AppId, while the `with` block runs.

    With `port` 0 the system chooses one, and `url` names it. `clock` gives Unix seconds: it drives
    the life of the tasks, the check of timestamps and the Date header.
    """

    def __init__(
        self,
        apps: Iterable[SimulatedApp],
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls_context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.apps = {app.app_id: app for app in apps}
        self.host = host
        self.port = port
        self.clock = clock
        self._tls_context = tls_context
        self._listener: _Listener | None = None
        self._reserved: socket.socket | None = None
        self._running = False
        self._senders: list[CallbackSender] = []

    @property
    def url(self) -> str:
        """Return the address of the running server, without a trailing slash."""
        scheme = "http" if self._tls_context is None else "https"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to serve; OSError where the address cannot be used."""
        self._listen()
        self._running = True

    def stop(self) -> None:
        """End the callbacks, close the port and all connections, in well under a second."""
        self._running = False
        while self._senders:
            self._senders.pop().stop()
        self._free_port()

    def callbacks_to(self, url: str) -> None:
        """Send the callbacks of each app that has a secret for them to `url`/callback/<its name>.

        `url` is http, without a trailing slash. They end with the server.
        """
        for app in self.apps.values():
            if app.callback_secret:
                address = f"{url}/callback/{quote(app.name, safe='')}"
                sender = CallbackSender(app, address, clock=self.clock)
                self._senders.append(sender)
                sender.start()

    def refuse_connections(self, refuse: bool) -> None:
        """Let the port be reserved without anybody listening on it, or listen again."""
        if not self._running or refuse == (self._listener is None):
            return
        self._free_port()
        if refuse:
            self._reserve_port()
        else:
            self._listen()

    def _listen(self) -> None:
        self._listener = _Listener((self.host, self.port), self.apps, self.clock, self._tls_context)
        self.port = self._listener.server_address[1]

    def _reserve_port(self) -> None:
        """Bind the port without listening: connections are refused, and nobody else takes it."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._reserved = socket.socket(family, socket.SOCK_STREAM)
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind((self.host, self.port))

    def _free_port(self) -> None:
        if self._listener is not None:
            self._listener.stop()
            self._listener = None
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None
