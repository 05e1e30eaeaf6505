from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPSConnection

import pytest
import trustme

from tests.faults import FaultyApp, FaultyServer
from tests.faults.faults import Fault
from tests.simulator.calls import NOW, connect, frozen_app, read, send, signed_query
from tests.waiting import wait_until

CA = trustme.CA()


@pytest.fixture
def app() -> FaultyApp:
    """Return an app with 70 tasks."""
    return frozen_app(70)


@pytest.fixture
def server(app: FaultyApp) -> Iterator[FaultyServer]:
    """Run a server for the app, whose clock does not move."""
    with FaultyServer([app], clock=lambda: NOW) as running:
        yield running


def test_reset(server: FaultyServer, app: FaultyApp) -> None:
    """The client sees a reset, and the next request is answered."""
    app.faults.switch_on(Fault.RESET, next_requests=1)
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as raw:
        raw.sendall(request_bytes(app))
        with pytest.raises(ConnectionResetError):
            raw.recv(1)
    assert read(server, app)[0] == 200


def test_silence(server: FaultyServer, app: FaultyApp) -> None:
    """No byte comes before the client gives up; others are answered meanwhile."""
    app.faults.switch_on(Fault.SILENT, next_requests=1)
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(request_bytes(app))
        wait_for_request(app)  # else the other one could be the first to be served
        assert read(server, app)[0] == 200
        assert_silence(raw)


@pytest.mark.parametrize("fault", [Fault.SLOW_HEADER, Fault.SLOW_BODY])
def test_one_byte_a_second(fault: Fault) -> None:
    """The header, or only the body, comes byte by byte, at the rate that was set."""
    app = frozen_app()
    with FaultyServer([app], clock=lambda: NOW) as server:
        app.faults.switch_on(fault, 5000.0)
        assert read(server, app)[1]["Code"] == 0
        app.faults.switch_on(fault, 0.001)
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as raw:
            raw.sendall(request_bytes(app))
            last = b"H" if fault is Fault.SLOW_HEADER else b"\r\n\r\n{"
            received = b""
            while not received.endswith(last):
                received += raw.recv(100_000) or pytest.fail("the connection ended")
            assert_silence(raw)


def assert_silence(raw: socket.socket) -> None:
    """Fail if anything comes within a moment, be it the end of the connection."""
    raw.settimeout(0.1)
    with pytest.raises(TimeoutError):
        raw.recv(1)


def request_bytes(app: FaultyApp) -> bytes:
    """Return a correct request as it goes over the wire."""
    query = "&".join(f"{name}={value}" for name, value in signed_query(app).items())
    head = f"POST /?{query} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: 2\r\n\r\n{{}}".encode()


def test_truncated(server: FaultyServer, app: FaultyApp) -> None:
    """The connection ends before the declared length."""
    app.faults.switch_on(Fault.TRUNCATED)
    with closing(connect(server)) as connection, pytest.raises(http.client.IncompleteRead):
        send(connection, app).read()


def test_delay(server: FaultyServer, app: FaultyApp) -> None:
    """A client that waits gets the complete answer."""
    app.faults.switch_on(Fault.DELAY, 0.05)
    started = time.monotonic()
    assert read(server, app)[0] == 200
    assert time.monotonic() - started >= 0.05
    app.faults.switch_on(Fault.DELAY, 60.0)
    with closing(connect(server, timeout=0.1)) as connection, pytest.raises(TimeoutError):
        send(connection, app)


@pytest.mark.parametrize(
    ("fault", "parameter", "expected"),
    [
        (Fault.HTML, None, (502, "Content-Type", "text/html")),
        (Fault.TOO_MANY_REQUESTS, "3", (429, "Retry-After", "3")),
        (Fault.HTTP_STATUS, 418, (418, "Content-Length", "0")),
        (Fault.REDIRECT, "http://127.0.0.1:9/", (302, "Location", "http://127.0.0.1:9/")),
    ],
)
def test_another_http_status(
    server: FaultyServer,
    app: FaultyApp,
    fault: Fault,
    parameter: str | int | None,
    expected: tuple[int, str, str],
) -> None:
    """Status and header arrive, and the connection can be used again."""
    status, name, value = expected
    app.faults.switch_on(fault, parameter, next_requests=1)
    with closing(connect(server)) as connection:
        response = send(connection, app)
        response.read()
        assert (response.status, response.headers[name]) == (status, value)
        assert send(connection, app).status == 200


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.NOT_UTF8, UnicodeDecodeError),
        (Fault.DEEP_NESTING, RecursionError),
    ],
)
def test_a_body_that_cannot_be_read(
    server: FaultyServer, app: FaultyApp, fault: Fault, error: type[Exception]
) -> None:
    """The body arrives completely, and no client can read it."""
    app.faults.switch_on(fault)
    with closing(connect(server)) as connection:
        body = send(connection, app).read()
    with pytest.raises(error):
        json.loads(body)


def test_nan(server: FaultyServer, app: FaultyApp) -> None:
    """The total is a word that JSON does not have."""
    app.faults.switch_on(Fault.NAN)
    with closing(connect(server)) as connection:
        assert b'"TotalSize":NaN' in send(connection, app).read()


def test_a_huge_body(server: FaultyServer, app: FaultyApp) -> None:
    """A hundred mebibytes are declared and sent, unless the client leaves."""
    app.faults.switch_on(Fault.HUGE_BODY)
    with closing(connect(server)) as connection:
        response = send(connection, app)
        received = 0
        while chunk := response.read(2**20):
            received += len(chunk)
        assert received == 100 * 2**20
        assert send(connection, app).read(10) == b" " * 10


def test_a_gzip_bomb(server: FaultyServer, app: FaultyApp) -> None:
    """A small body, declared as gzip although the client does not accept it."""
    app.faults.switch_on(Fault.GZIP_BOMB)
    with closing(connect(server)) as connection:
        response = send(connection, app)
        assert response.headers["Content-Encoding"] == "gzip"
        assert len(response.read()) < 200_000


def test_a_clock_that_is_off(server: FaultyServer, app: FaultyApp) -> None:
    """The Date header shows the server's clock, and a timestamp of the right time is refused."""
    app.faults.switch_on(Fault.CLOCK_OFFSET, 1200.0)
    with closing(connect(server)) as connection:
        response = send(connection, app)
        assert response.headers["Date"] == "Tue, 14 Nov 2023 22:33:20 GMT"
        assert json.loads(response.read())["Code"] == 100000004
        response = send(connection, app, now=NOW + 1200)
        assert json.loads(response.read())["Code"] == 0


def test_refused(server: FaultyServer, app: FaultyApp) -> None:
    """Open connections end and new ones are refused, until the same port listens again."""
    url = server.url
    with closing(connect(server)) as connection:
        send(connection, app).read()
        app.faults.switch_on(Fault.REFUSED)
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            send(connection, app)
    with closing(connect(server)) as connection, pytest.raises(ConnectionRefusedError):
        send(connection, app)
    app.faults.switch_off()
    assert read(server, app)[0] == 200
    assert server.url == url


def test_a_server_can_start_refusing(app: FaultyApp) -> None:
    """The fault may be on before the server runs, and after it has stopped."""
    app.faults.switch_on(Fault.REFUSED)
    with FaultyServer([app], clock=lambda: NOW) as server:
        with closing(connect(server)) as connection, pytest.raises(ConnectionRefusedError):
            send(connection, app)
        app.faults.switch_off()
        assert read(server, app)[0] == 200
    app.faults.switch_on(Fault.REFUSED)


def test_stopping_ends_every_connection(app: FaultyApp) -> None:
    """Silent, slow, late and idle connections end immediately, and so do their threads."""
    server = FaultyServer([app], clock=lambda: NOW)
    server.start()
    connections = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(12)]
    faults = (Fault.SILENT, Fault.SLOW_HEADER, Fault.SLOW_BODY, Fault.DELAY, Fault.HUGE_BODY)
    for fault, connection in zip(faults, connections, strict=False):
        app.faults.switch_on(fault, 100 if fault is Fault.HUGE_BODY else 60.0)
        connection.sendall(request_bytes(app))
        wait_for_request(app)
        app.faults.switch_off()
    server.stop()
    assert [
        thread.name for thread in threading.enumerate() if "process_request" in thread.name
    ] == []
    for connection in connections:
        connection.close()


def wait_for_request(app: FaultyApp) -> None:
    """Wait until the app has seen one request more than when this was called the last time."""
    known: int = getattr(app, "known_requests", 0)
    wait_until(lambda: app.arrivals.requests > known, "a request")
    app.known_requests = app.arrivals.requests  # type: ignore[attr-defined]


def test_https(app: FaultyApp) -> None:
    """With a TLS context pages come over HTTPS; a client without a handshake blocks no other."""
    with (
        FaultyServer([app], tls_context=tls_context(), clock=lambda: NOW) as server,
        socket.create_connection(("127.0.0.1", server.port)),
        closing(secure(server)) as connection,
    ):
        assert server.url.startswith("https://127.0.0.1:")
        assert json.loads(send(connection, app).read())["Code"] == 0
        app.faults.switch_on(Fault.RESET)
        with pytest.raises(OSError, match=r"reset|EOF|closed"):
            send(connection, app)


def test_a_client_that_distrusts_the_certificate(app: FaultyApp) -> None:
    """It ends the handshake, and the server continues to serve."""
    with FaultyServer([app], tls_context=tls_context(), clock=lambda: NOW) as server:
        distrusting = HTTPSConnection("127.0.0.1", server.port, timeout=60)
        with closing(distrusting), pytest.raises(ssl.SSLCertVerificationError):
            send(distrusting, app)
        with closing(secure(server)) as connection:
            assert send(connection, app).status == 200


def tls_context() -> ssl.SSLContext:
    """Return the server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CA.issue_cert("127.0.0.1").configure_cert(context)
    return context


def secure(server: FaultyServer) -> HTTPConnection:
    """Return a connection that trusts the certificate."""
    context = ssl.create_default_context()
    CA.configure_trust(context)
    return HTTPSConnection("127.0.0.1", server.port, timeout=60, context=context)
