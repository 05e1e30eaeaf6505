"""One connection of the simulator's server: read a request, send its reply, go on or end."""

from __future__ import annotations

import socket
import struct
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from exporter.simulator.api import handle
from exporter.simulator.control import PREFIX, control
from exporter.simulator.reply import Reply, encode_json, make_reply

if TYPE_CHECKING:
    from exporter.simulator.listener import Listener

MAX_BODY_BYTES = 16 * 2**20
HANDSHAKE_TIMEOUT = 10.0
"""Seconds that a client may take for the TLS handshake."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # struct linger: on, 0 seconds


class Connection(BaseHTTPRequestHandler):
    """The requests of one client, one after another, in a thread of their own."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Listener

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
        accept_gzip = "gzip" in self.headers.get("Accept-Encoding", "")
        return make_reply(answer, now, accept_gzip=accept_gzip)

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
            self._reset()
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

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
