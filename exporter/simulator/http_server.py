"""The simulated API as an HTTP server.

    with SimulatorServer([SimulatedApp(1, "secret", Lifecycle())]) as server:
        ...  # server.url is the endpoint for an exporter

POST / is the API. GET /simulator/state, from the same machine only, gives the `expected_state` of
each app: `{"<AppId>": {...}}`.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from socketserver import ThreadingTCPServer
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, quote, urlsplit

from exporter.simulator.app import SimulatedApp, handle
from exporter.simulator.callbacks import CallbackSender
from exporter.simulator.reply import Reply, encode_json
from exporter.simulator.state import expected_state

MAX_BODY_BYTES = 16 * 2**20
POLL_INTERVAL = 0.02
"""Seconds until a listener notices that it is to stop."""

JOIN_TIMEOUT = 0.5
"""Seconds that `stop` waits for the threads of connections, all together."""


class Connection(BaseHTTPRequestHandler):
    """The requests of one client, one after another, in a thread of their own."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Listener

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Log nothing: the query holds a signature."""

    def do_POST(self) -> None:
        """Answer a request to the API."""
        now, arrived = self.server.clock(), time.monotonic()
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            self.send(Reply(413))
            return
        body = self.rfile.read(int(length))
        address = urlsplit(self.path)
        if address.path != "/":
            self.send(Reply(404))
            return
        reply = handle(
            self.server.apps,
            dict(parse_qsl(address.query)),
            body,
            now,
            arrived=arrived,
            content_type=self.headers.get("Content-Type", ""),
        )
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            reply.compress()
        self.send(reply)

    def do_GET(self) -> None:
        """Answer with the expected state of each app."""
        if urlsplit(self.path).path != "/simulator/state":
            self.send(Reply(404))
        elif not ip_address(self.client_address[0]).is_loopback:
            self.send(Reply(403))
        else:
            now, apps = self.server.clock(), self.server.apps.values()
            state = {str(app.app_id): expected_state(app, now) for app in apps}
            self.send(Reply(body=encode_json(state)))

    def send(self, reply: Reply) -> None:
        """Send a response."""
        self.connection.sendall(reply.head() + reply.body)


class Listener(ThreadingTCPServer):
    """Accepts connections, a thread for each, from `start` until `stop`."""

    allow_reuse_address = True
    request_queue_size = 1024

    def __init__(
        self,
        address: tuple[str, int],
        apps: Mapping[int, SimulatedApp],
        clock: Callable[[], float],
        connection: type[Connection] = Connection,
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.apps = apps
        self.clock = clock
        self.stopping = Event()
        self._connections: dict[socket.socket, Thread] = {}
        super().__init__(address, connection)

    def start(self) -> None:
        """Begin to accept connections."""
        Thread(target=self.serve_forever, args=(POLL_INTERVAL,), daemon=True).start()

    def stop(self) -> None:
        """Close the port and all connections, and wait up to JOIN_TIMEOUT for their threads."""
        self.stopping.set()
        self.shutdown()
        ending = dict(self._connections)
        for connection in ending:
            with contextlib.suppress(OSError):
                # The method of an SSLSocket would drop the TLS state that a thread reads with.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        self.server_close()
        deadline = time.monotonic() + JOIN_TIMEOUT
        for thread in ending.values():
            thread.join(max(0.0, deadline - time.monotonic()))

    def process_request(self, request: Any, client_address: Any) -> None:
        """Handle a connection in a thread of its own; `stop` closes it."""
        # A daemon: an answer after a long pause computes all that happened since, for seconds.
        thread = Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        self._connections[request] = thread
        try:
            thread.start()
        except RuntimeError:  # the limit of threads: this client is refused, others are not
            self.shutdown_request(request)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection when its thread ends; a shutdown before would prevent a reset."""
        self._connections.pop(request, None)
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors of connections that the client or `stop` closed."""
        del request, client_address
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            raise error


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
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.apps = {app.app_id: app for app in apps}
        self.host = host
        self.port = port
        self.clock = clock
        self._listener: Listener | None = None
        self._senders: list[CallbackSender] = []

    @property
    def url(self) -> str:
        """Return the address of the running server, without a trailing slash."""
        host = self.host or "localhost"  # without a host it listens on every address of IPv4
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{self.port}"

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
        self._listener = self.make_listener()
        self.port = self._listener.server_address[1]
        self._listener.start()

    def make_listener(self) -> Listener:
        """Bind the port."""
        return Listener((self.host, self.port), self.apps, self.clock)

    def stop(self) -> None:
        """End the callbacks, close the port and all connections."""
        while self._senders:
            self._senders.pop().stop()
        if self._listener is not None:
            self._listener.stop()
            self._listener = None

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
