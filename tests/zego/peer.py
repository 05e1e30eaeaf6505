"""A server on loopback whose behaviour on each connection is chosen by the test."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Behaviour = Callable[["Connection"], None]


class Connection:
    """One accepted connection."""

    def __init__(self, peer: Peer, sock: socket.socket) -> None:
        self.peer = peer
        self.sock = sock
        self._reader = sock.makefile("rb")

    def read_request(self) -> bytes:
        """Return one request, head and body; empty when the client has gone."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self._reader.readline()
            if not line:
                return b""
            head += line
        length = next(
            (int(one.split(b":")[1]) for one in head.lower().split(b"\r\n") if b"-length:" in one),
            0,
        )
        request = head + self._reader.read(length)
        self.peer.requests.append(request)
        return request

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.sock.sendall(data)

    def drip(self, data: bytes) -> None:
        """Send byte after byte until the client has gone or the test has ended."""
        for byte in data:
            self.send(bytes([byte]))
            if self.peer.stopped.wait(0.02):
                return

    def wait_for_end(self) -> None:
        """Say nothing more until the client has gone."""
        while self._reader.read(1):
            pass

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Do the server's part of the handshake."""
        self._reader.close()
        self.sock = context.wrap_socket(self.sock, server_side=True)
        self._reader = self.sock.makefile("rb")

    def close(self) -> None:
        """Close what is still open."""
        self._reader.close()
        self.sock.close()


class Peer:
    """Accepts connections and runs `behaviour` on each in a thread of its own."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.stopped = threading.Event()
        self._behaviour = behaviour
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[Connection] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        """Its endpoint, without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Close everything and wait for the threads."""
        self.stopped.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join()
        for connection in self._open:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while not self.stopped.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            connection = Connection(self, sock)
            self._open.append(connection)
            thread = threading.Thread(target=self._run, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _run(self, connection: Connection) -> None:
        with suppress(OSError, ValueError):
            self._behaviour(connection)
        with suppress(OSError):
            connection.close()


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[Peer]:
    """Run a peer for the block."""
    peer = Peer(behaviour)
    try:
        yield peer
    finally:
        peer.stop()


def answer(
    body: bytes = b"{}", *, status: str = "200 OK", headers: tuple[str, ...] = ()
) -> Behaviour:
    """Return a behaviour that gives every request the same answer and keeps the connection."""
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers)
    data = "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def behave(connection: Connection) -> None:
        while connection.read_request():
            connection.send(data)

    return behave


def raw(data: bytes) -> Behaviour:
    """Return a behaviour that answers the first request with these bytes and hangs up."""

    def behave(connection: Connection) -> None:
        connection.read_request()
        connection.send(data)

    return behave
