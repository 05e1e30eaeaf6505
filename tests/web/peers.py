"""Peers for the tests: a good client, and raw sockets for those that are not."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection

from exporter.web.deadlines import Limits
from exporter.web.server import AsgiApplication, WebServer

PATIENCE = 90.0  # seconds after which a test that hangs fails
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
GET_LARGE = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"


@dataclass(frozen=True)
class Answer:
    """The answer to a good client."""

    status: int
    headers: Message
    body: bytes


@contextmanager
def serving(
    app: AsgiApplication, limits: Limits | None = None, listen: Sequence[str] = ("127.0.0.1:0",)
) -> Iterator[WebServer]:
    """Serve `app` for the length of a test."""
    with started(WebServer(app, listen, limits=limits)) as server:
        yield server


@contextmanager
def started(server: WebServer) -> Iterator[WebServer]:
    """Run a server for the length of a test."""
    server.start()
    try:
        yield server
    finally:
        server.stop(PATIENCE)
        assert not server.is_alive()


def fetch(
    server: WebServer,
    path: str = "/",
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    """Make one request on a connection of its own."""
    connection = HTTPConnection(server.addresses[0], timeout=PATIENCE)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


@contextmanager
def connected(
    server: WebServer, sent: bytes = b"", *, buffer: int | None = None
) -> Iterator[socket.socket]:
    """Connect, send `sent`, and leave the rest to the test; `buffer` bounds what it receives."""
    host, port = server.addresses[0].rsplit(":", 1)
    with socket.socket() as peer:
        peer.settimeout(PATIENCE)
        if buffer is not None:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        peer.connect((host, int(port)))
        peer.sendall(sent)
        yield peer


@contextmanager
def crowd(server: WebServer, size: int, sent: bytes = b"") -> Iterator[list[socket.socket]]:
    """Connect `size` peers that each send `sent` and then do nothing."""
    with ExitStack() as stack:
        yield [stack.enter_context(connected(server, sent, buffer=4096)) for _ in range(size)]


def read_to_end(peer: socket.socket) -> bytes:
    """Return the bytes until the server closes or resets the connection; fail if it never does."""
    received = b""
    try:
        while piece := peer.recv(65536):
            received += piece
    except ConnectionResetError:
        pass
    return received
