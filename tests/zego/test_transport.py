"""The transport with good and bad peers, over real sockets on loopback."""

from __future__ import annotations

import errno
import gc
import gzip
import logging
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import traceback
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.errors import ApiError, NetworkError, ProtocolError, RequestTimeout, Stopped
from exporter.zego.transport import (
    MAX_BYTES,
    MAX_IDLE_SECONDS,
    USER_AGENT,
    Response,
    Transport,
    read_body,
)
from exporter.zego.trust import trust_context
from tests.clock import FakeClock
from tests.zego.peer import Connection, Peer, answer, raw, serving

SIGNATURE = "43e5cfcca828314675f91b001390566a"
PARAMETERS = {"AppId": "12345", "Signature": SIGNATURE}
SHORT = 0.2
LONG = 30.0
OK = b"HTTP/1.1 200 OK\r\n"


IMPORTING = """
import sys
import exporter.zego.transport
print(*sys.modules)
import charset_normalizer  # still there for others
"""


@pytest.fixture
def transport() -> Iterator[Transport]:
    """Give a transport that is closed afterwards, and to which no connection seems idle."""
    transport = Transport(clock=lambda: 0.0)
    yield transport
    transport.close()


def post(transport: Transport, url: str, timeout: float = LONG) -> Response:
    """Send one signed request."""
    return transport.post(url + "/", params=PARAMETERS, body=b'{"PageSize": 50}', timeout=timeout)


def failure_of(transport: Transport, url: str, timeout: float = LONG) -> ApiError:
    """Send one request that must fail, return its error."""
    with pytest.raises(ApiError) as caught:
        post(transport, url, timeout)
    return caught.value


def test_nothing_that_guesses_encodings_is_loaded() -> None:
    """And requests' warning about it is not shown: here, any warning would be an error."""
    command = [sys.executable, "-W", "error", "-c", IMPORTING]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert "requests" in loaded
    assert not {"charset_normalizer", "chardet"}.intersection(loaded)


def test_it_sends_the_query_the_body_and_our_headers(transport: Transport) -> None:
    """A request is a POST with the parameters in its query and JSON in its body."""
    with serving(answer()) as peer:
        post(transport, peer.url)
    head, body = peer.requests[0].split(b"\r\n\r\n")
    assert head.startswith(f"POST /?AppId=12345&Signature={SIGNATURE} HTTP/1.1".encode())
    assert f"User-Agent: {USER_AGENT}".encode() in head
    assert b"Content-Type: application/json" in head
    assert b"Accept-Encoding: gzip\r\n" in head
    assert body == b'{"PageSize": 50}'


def test_it_returns_status_headers_and_body(transport: Transport) -> None:
    """Names of headers are case-insensitive."""
    with serving(answer(b'{"a": 1}', headers=("X-Word: x",))) as peer:
        response = post(transport, peer.url)
    assert (response.status, response.body) == (200, b'{"a": 1}')
    assert response.headers["x-word"] == "x"


def test_one_connection_serves_many_requests(transport: Transport) -> None:
    """The connection is kept alive."""
    with serving(answer(b'{"a": 1}')) as peer:
        for _ in range(5):
            post(transport, peer.url)
    assert (peer.connections, len(peer.requests)) == (1, 5)


def test_an_idle_connection_is_replaced() -> None:
    """A NAT on the way may have forgotten it: the next request must not wait for a time-out."""
    clock = FakeClock()
    transport = Transport(clock=clock)
    with serving(answer()) as peer:
        for pause in (0.0, MAX_IDLE_SECONDS, MAX_IDLE_SECONDS + 1, 60.0, 1.0):
            clock.now += pause
            post(transport, peer.url)
        assert (peer.connections, len(peer.requests)) == (3, 5)
        transport.close()


def test_a_connection_that_was_forgotten_on_the_way_costs_nothing() -> None:
    """The peer never answers on a connection that was idle; a new one works, without a retry."""
    clock = FakeClock()
    transport = Transport(clock=clock)

    def behave(connection: Connection) -> None:
        connection.read_request()
        connection.send(OK + b"Content-Length: 2\r\n\r\n{}")
        connection.wait_for_end()

    with serving(behave) as peer:
        for _ in range(3):
            assert post(transport, peer.url).body == b"{}"
            clock.now += 60.0
        transport.close()
    assert peer.connections == 3


def test_a_change_of_dns_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next collection asks the new server while the old one still answers."""
    clock = FakeClock()
    transport = Transport(clock=clock)
    with serving(answer(b"1")) as old, serving(answer(b"2")) as new:
        port = old.port
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))],
        )
        assert post(transport, "http://localhost:9").body == b"1"
        port = new.port
        clock.now += 60.0
        assert post(transport, "http://localhost:9").body == b"2"
        transport.close()


def test_a_kept_connection_that_was_closed_is_replaced(transport: Transport) -> None:
    """A peer that closes the connection between two requests causes no error."""
    hung_up = threading.Event()

    def behave(connection: Connection) -> None:
        connection.read_request()
        connection.send(OK + b"Content-Length: 2\r\n\r\n{}")
        connection.close()
        hung_up.set()

    with serving(behave) as peer:
        post(transport, peer.url)
        assert hung_up.wait(LONG)
        post(transport, peer.url)
    assert peer.connections == 2


def test_gzip_and_chunks_are_decoded(transport: Transport) -> None:
    """The body is the API's text, without transfer and content encoding."""
    packed = gzip.compress(b'{"a": 1}')
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(packed), packed)
    head = OK + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    with serving(raw(head + chunked)) as peer:
        assert post(transport, peer.url).body == b'{"a": 1}'


def test_a_redirect_is_an_answer_and_its_target_is_never_asked(transport: Transport) -> None:
    """The signature does not travel to another host."""
    with serving(answer()) as other:
        moved = answer(status="307 Moved", headers=(f"Location: {other.url}/x",))
        with serving(moved) as peer:
            response = post(transport, peer.url)
    assert response.status == 307
    assert other.requests == []


def test_a_redirect_with_an_endless_body_is_not_read(transport: Transport) -> None:
    """Only the body of a success is read."""

    def behave(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n")
        while not connection.peer.stopped.is_set():
            connection.send(bytes(65536))

    with serving(behave) as peer:
        assert post(transport, peer.url).status == 302


def test_cookies_are_not_kept(transport: Transport) -> None:
    """A cookie that a gateway sets does not come back to it."""
    with serving(answer(headers=("Set-Cookie: a=b",))) as peer:
        post(transport, peer.url)
        post(transport, peer.url)
    assert b"Cookie" not in peer.requests[1]


def test_netrc_adds_no_credentials(
    transport: Transport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials in the user's .netrc are for other programs."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(answer()) as peer:
        post(transport, peer.url)
    assert b"Authorization" not in peer.requests[0]


def silent(connection: Connection) -> None:
    """Read the request and never answer."""
    connection.read_request()
    connection.wait_for_end()


def drip_head(connection: Connection) -> None:
    """Send the head byte by byte."""
    connection.read_request()
    connection.drip(OK + b"X: " + b"x" * 10_000)


def drip_body(connection: Connection) -> None:
    """Send the body byte by byte."""
    connection.read_request()
    connection.send(OK + b"Content-Length: 10000\r\n\r\n")
    connection.drip(b"x" * 10_000)


def drip_unbounded_body(connection: Connection) -> None:
    """Send a body that ends with the connection, so that a cut looks like its end."""
    connection.read_request()
    connection.send(OK + b"Content-Encoding: gzip\r\n\r\n")
    connection.drip(gzip.compress(os.urandom(10_000)))


def drip_hundred_continue(connection: Connection) -> None:
    """Send interim answers (100 Continue) without an end."""
    connection.read_request()
    while not connection.peer.stopped.wait(0.02):
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")


@pytest.mark.parametrize(
    "behave", [silent, drip_head, drip_body, drip_unbounded_body, drip_hundred_continue]
)
def test_a_peer_that_is_silent_or_drips_is_cut_off(transport: Transport, behave: object) -> None:
    """The time-out bounds the whole request, not each read."""
    with serving(behave) as peer:  # type: ignore[arg-type] # pytest's parameters are untyped
        error = failure_of(transport, peer.url, SHORT)
    assert isinstance(error, RequestTimeout)
    assert (error.code, error.transient) == ("timeout", True)


@pytest.mark.parametrize("drip", [drip_head, drip_body])
def test_a_drip_on_a_kept_connection_is_cut_off(
    transport: Transport, drip: Callable[[Connection], None]
) -> None:
    """Each request of a connection has its own time limit."""

    def behave(connection: Connection) -> None:
        connection.read_request()
        connection.send(OK + b"Content-Length: 2\r\n\r\n{}")
        drip(connection)

    with serving(behave) as peer:
        assert post(transport, peer.url).body == b"{}"
        error = failure_of(transport, peer.url, SHORT)
    assert (error.code, peer.connections) == ("timeout", 1)


def test_after_a_cut_the_next_request_works(transport: Transport) -> None:
    """A cut connection is not used again."""
    with serving(silent) as peer:
        failure_of(transport, peer.url, SHORT)
    with serving(answer()) as peer:
        assert post(transport, peer.url).status == 200


def test_a_tls_handshake_without_an_end_is_cut_off(transport: Transport) -> None:
    """A peer that sends its handshake byte by byte blocks nothing."""

    def behave(connection: Connection) -> None:
        connection.drip(b"\x16\x03\x03\x40\x00" + b"x" * 10_000)

    with serving(behave) as peer:
        error = failure_of(transport, f"https://127.0.0.1:{peer.port}", SHORT)
    assert error.code == "timeout"


def reset(connection: Connection) -> None:
    """Read the request and reset the connection."""
    connection.read_request()
    linger = struct.pack("ii", 1, 0)
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


BROKEN = {
    "reset": (reset, NetworkError, "connection", True),
    "no answer": (raw(b""), NetworkError, "connection", True),
    "truncated": (raw(OK + b"Content-Length: 9\r\n\r\n{"), NetworkError, "connection", True),
    "truncated chunk": (
        raw(OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{"),
        NetworkError,
        "connection",
        True,
    ),
    "truncated gzip": (
        raw(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b'{"a": 1}')[:-9]),
        NetworkError,
        "connection",
        True,
    ),
    "no gzip": (
        answer(b"{}", headers=("Content-Encoding: gzip",)),
        ProtocolError,
        "invalid_response",
        False,
    ),
    "unknown encoding": (
        answer(b"{}", headers=("Content-Encoding: br",)),
        ProtocolError,
        "invalid_response",
        False,
    ),
    "not HTTP": (raw(b"SSH-2.0-OpenSSH\r\n"), ProtocolError, "invalid_response", False),
    "endless header": (
        raw(OK + b"X: " + b"x" * 100_000 + b"\r\n\r\n"),
        ProtocolError,
        "invalid_response",
        False,
    ),
    "bomb": (
        answer(gzip.compress(bytes(4 * MAX_BYTES)), headers=("Content-Encoding: gzip",)),
        ProtocolError,
        "invalid_response",
        False,
    ),
    "huge": (
        raw(OK + b"\r\n" + bytes(MAX_BYTES + 65536)),
        ProtocolError,
        "invalid_response",
        False,
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_answer_is_one_of_our_errors(transport: Transport, name: str) -> None:
    """Each fault has its class, its code, and is transient or not."""
    behave, expected, code, transient = BROKEN[name]
    with serving(behave) as peer:
        error = failure_of(transport, peer.url)
    assert (type(error), error.code, error.transient) == (expected, code, transient)


def test_a_refused_connection_says_so(transport: Transport) -> None:
    """The message is the operating system's."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    error = failure_of(transport, f"http://127.0.0.1:{port}")
    assert (error.code, error.transient) == ("connection", True)
    assert str(error) == "connection refused"


def test_an_unknown_host_says_so(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed name lookup is transient."""

    def getaddrinfo(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    error = failure_of(transport, "http://localhost:9")
    assert (error.code, error.transient) == ("connection", True)
    assert str(error) == "name or service not known"


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_a_limit_of_this_process_is_not_blamed_on_the_network(
    transport: Transport, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The remedy names the limit, and the request is not retried."""

    def getaddrinfo(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    error = failure_of(transport, "http://localhost:9")
    assert (error.code, error.transient) == ("connection", False)
    assert "a limit of this process is reached" in str(error)
    assert "LimitNOFILE=" in error.remedy


def test_a_host_that_cannot_be_encoded_is_our_error(transport: Transport) -> None:
    """A name that cannot be encoded is an error like any other."""
    error = failure_of(transport, f"http://{'x' * 64}.example")
    assert (type(error), error.code) == (NetworkError, "connection")


def test_the_next_address_is_tried(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead first address of several does not end the request."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        dead = unused.getsockname()
    with serving(answer()) as peer:
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 0, "", one)
            for one in (dead, ("127.0.0.1", peer.port))
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        assert post(transport, "http://localhost:9").status == 200


@pytest.mark.parametrize("listening", [True, False])
@pytest.mark.parametrize("place", [0, 1])
def test_an_address_that_the_kernel_does_not_support_hides_no_other(
    transport: Transport, monkeypatch: pytest.MonkeyPatch, place: int, listening: bool
) -> None:
    """IPv6 may be switched off: IPv4 is used, or its error is raised."""
    real = socket.socket

    def without_ipv6(family: int = -1, *args: Any, **kwargs: Any) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return real(family, *args, **kwargs)

    with serving(answer()) as peer, socket.create_server(("127.0.0.1", 0)) as unused:
        port = peer.port if listening else unused.getsockname()[1]
        unused.close()
        found: list[Any] = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]
        found.insert(place, (socket.AF_INET6, socket.SOCK_STREAM, 0, "", ("::1", port, 0, 0)))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        monkeypatch.setattr(socket, "socket", without_ipv6)
        if listening:
            assert post(transport, "http://localhost:9").status == 200
        else:
            with pytest.raises(NetworkError, match="refused"):
                post(transport, "http://localhost:9")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a self-signed certificate with its key, in one PEM file."""
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        " -subj /CN=test -addext subjectAltName=IP:127.0.0.1,DNS:api.example"
        " -keyout key.pem -out cert.pem"
    )
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
    return both


def server_context(certificate: Path) -> ssl.SSLContext:
    """Return a server's TLS settings."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_an_untrusted_certificate_is_refused(transport: Transport, certificate: Path) -> None:
    """The error names the reason; nothing was sent."""
    context = server_context(certificate)
    with serving(lambda connection: connection.start_tls(context)) as peer:
        error = failure_of(transport, f"https://127.0.0.1:{peer.port}")
    assert (type(error), error.code, error.transient) == (NetworkError, "tls", False)
    assert str(error).startswith("certificate verify failed: self")
    assert peer.requests == []


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad\r\n\r\n", b"<!DOCTYPE html>", b"SSH-2.0-x\r\n", b"220 smtp x\r\n"]
)
def test_tls_to_a_plain_server_says_so(transport: Transport, answer: bytes) -> None:
    """The scheme or the port is wrong; no certificate is."""
    with serving(lambda connection: connection.send(answer)) as peer:
        error = failure_of(transport, f"https://127.0.0.1:{peer.port}")
    assert (type(error), error.code) == (NetworkError, "tls")
    assert str(error).startswith("the server does not speak TLS there (")
    assert error.remedy.startswith("Check the port in the endpoint.")


def test_tls_to_a_plain_proxy_names_the_proxy(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`https://` in HTTPS_PROXY is a usual mistake; its password is not shown."""
    with serving(lambda connection: connection.send(b"HTTP/1.1 400 Bad\r\n\r\n")) as peer:
        monkeypatch.setenv("HTTPS_PROXY", f"https://user:word@127.0.0.1:{peer.port}")
        error = failure_of(transport, "https://api.example")
        address = f"http://127.0.0.1:{peer.port}"
    assert str(error).startswith("the server does not speak TLS there (")
    assert error.remedy == f"Set HTTPS_PROXY to {address} if the proxy is reached without TLS."


def test_a_certificate_for_another_host_is_refused(
    transport: Transport, certificate: Path, tls_peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The remedy is about the name, not about trust."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    error = failure_of(transport, f"https://localhost:{tls_peer.port}")
    assert error.code == "tls"
    assert error.remedy.startswith("Check the host in the endpoint")


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_missing_certificates_are_a_tls_error(
    transport: Transport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    """The error names the path and the variable."""
    missing = tmp_path / "missing.pem"
    monkeypatch.setenv(variable, str(missing))
    error = failure_of(transport, "https://127.0.0.1:9")
    assert (type(error), error.code) == (NetworkError, "tls")
    assert f"{missing} ({variable})" in str(error)
    assert variable in error.remedy


@pytest.fixture
def tls_peer(certificate: Path) -> Iterator[Peer]:
    """Give a peer that answers over TLS."""
    context = server_context(certificate)

    def behave(connection: Connection) -> None:
        connection.start_tls(context)
        answer(b'{"a": 1}')(connection)

    with serving(behave) as peer:
        yield peer


def test_requests_ca_bundle_is_honoured(
    transport: Transport, certificate: Path, tls_peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A company's own authority can be trusted, and TLS connections are kept too."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    for _ in range(3):
        assert post(transport, f"https://127.0.0.1:{tls_peer.port}").body == b'{"a": 1}'
    assert tls_peer.connections == 1


@pytest.mark.parametrize("variable", ["CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_other_variables_of_trust_are_honoured(
    transport: Transport,
    certificate: Path,
    tls_peer: Peer,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    """As curl and OpenSSL know them."""
    monkeypatch.setenv(variable, str(certificate))
    assert post(transport, f"https://127.0.0.1:{tls_peer.port}").status == 200


def test_several_directories_of_certificates_are_searched(
    transport: Transport,
    certificate: Path,
    tls_peer: Peer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """As OpenSSL does: those that do not exist, or cannot be looked up, are skipped."""
    command = ["openssl", "x509", "-noout", "-hash", "-in", str(certificate)]
    name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    folders = [tmp_path / name for name in ("missing", "x" * 300, "empty", "ours")]
    for folder in folders[2:]:
        folder.mkdir()
    (folders[3] / f"{name}.0").write_bytes(certificate.read_bytes())
    for listed in (folders, folders[::-1], folders[1:]):
        monkeypatch.setenv("SSL_CERT_DIR", os.pathsep.join(map(str, listed)))
        assert post(transport, f"https://127.0.0.1:{tls_peer.port}").status == 200


def test_directories_of_certificates_of_which_none_exists_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without any, no certificate would be trusted."""
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path}/a{os.pathsep}{tmp_path}/b")
    with pytest.raises(NetworkError, match=r"/a \(SSL_CERT_DIR\) cannot be used: No such file"):
        trust_context()


def test_an_apps_ca_file_is_trusted(certificate: Path, tls_peer: Peer) -> None:
    """Only by the transport that was given it."""
    url = f"https://127.0.0.1:{tls_peer.port}"
    trusting = Transport(ca_file=certificate)
    assert post(trusting, url).status == 200
    trusting.close()
    other = Transport()
    assert failure_of(other, url).code == "tls"
    other.close()


@pytest.mark.parametrize("drip", [drip_head, drip_body])
@pytest.mark.parametrize("kept", [False, True])
def test_a_drip_over_tls_is_cut_off(
    transport: Transport,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    drip: Callable[[Connection], None],
    kept: bool,
) -> None:
    """The whole time is bounded behind TLS too."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    context = server_context(certificate)

    def behave(connection: Connection) -> None:
        connection.start_tls(context)
        if kept:
            connection.read_request()
            connection.send(OK + b"Content-Length: 2\r\n\r\n{}")
        drip(connection)

    with serving(behave) as peer:
        url = f"https://127.0.0.1:{peer.port}"
        if kept:
            assert post(transport, url).body == b"{}"
        error = failure_of(transport, url, SHORT)
    assert error.code == "timeout"
    # On a busy machine, a new connection can be cut before the peer accepts it.
    assert peer.connections == 1 if kept else peer.connections <= 1


def test_a_proxy_that_drips_is_cut_off(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time limit holds before the tunnel exists."""
    with serving(drip_head) as peer:
        monkeypatch.setenv("HTTPS_PROXY", peer.url)
        assert failure_of(transport, "https://api.example", SHORT).code == "timeout"


def relay(source: socket.socket, target: socket.socket) -> None:
    """Copy bytes until their end."""
    with suppress(OSError):  # the other side may be gone
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def test_https_goes_through_the_proxy_of_the_environment(
    transport: Transport, certificate: Path, tls_peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS_PROXY gets a tunnel, and the TLS inside it is with the API."""

    def proxy(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 Connected\r\n\r\n")
        with socket.create_connection(("127.0.0.1", tls_peer.port)) as upstream:
            back = threading.Thread(target=relay, args=(upstream, connection.sock))
            back.start()
            relay(connection.sock, upstream)
            back.join()

    with serving(proxy) as peer:
        monkeypatch.setenv("HTTPS_PROXY", peer.url)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        assert post(transport, "https://api.example").body == b'{"a": 1}'
        transport.close()
    assert peer.requests[0].startswith(b"CONNECT api.example:443 ")
    assert SIGNATURE.encode() not in peer.requests[0]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_proxy_that_refuses_is_named(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tunnel that is refused for lack of credentials is not retried."""
    with serving(answer(status="407 Hello")) as peer:
        monkeypatch.setenv("HTTPS_PROXY", peer.url)
        error = failure_of(transport, "https://api.example")
    gc.collect()  # http.client before Python 3.11.9 leaves the refused tunnel's socket to it
    assert str(error) == "the proxy refused the tunnel: HTTP 407"
    assert (error.code, error.transient) == ("connection", False)


@pytest.mark.parametrize("variable", ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy"])
@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4", "ftp"])
def test_a_proxy_that_is_not_http_is_named(
    transport: Transport, monkeypatch: pytest.MonkeyPatch, variable: str, scheme: str
) -> None:
    """With the variable that names it, and without its password."""
    monkeypatch.setenv(variable, f"{scheme}://user:word@proxy.example:1080")
    error = failure_of(transport, "https://api.example")
    assert str(error) == f"the proxy proxy.example:1080 (from {variable}) is not an HTTP proxy"
    assert (error.code, error.transient) == ("connection", False)
    assert "SOCKS is not supported" in error.remedy
    assert "word" not in str(error) + error.remedy


@pytest.mark.parametrize("password", ["pa[ss-word", "pa]ss-word", "pa\u2100ss-word"])
def test_a_proxy_that_is_not_a_url_is_named_without_its_password(
    transport: Transport, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    """A bracket, or a character that NFKC changes: Python's own error quotes the password."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{password}@proxy.example:3128")
    error = failure_of(transport, "https://api.example")
    assert str(error) == "the proxy (from HTTPS_PROXY) is not a URL"
    assert (error.code, error.transient) == ("connection", False)
    assert "Percent-encode" in error.remedy
    assert "ss-word" not in "".join(traceback.format_exception(error)) + error.remedy


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(
    "proxy",
    [
        "{host}:{port}",
        "localhost:{port}",
        "user:word@{host}:{port}",
        "http://{host}:{port}/path",
        "http://user:w%23rd@{host}:{port}?query",
    ],
)
def test_a_proxy_is_written_as_for_curl(
    transport: Transport, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    """The scheme may be left out, and a path has no effect."""
    with serving(answer(status="407 Hello")) as peer:
        monkeypatch.setenv("HTTPS_PROXY", proxy.format(host="127.0.0.1", port=peer.port))
        error = failure_of(transport, "https://api.example")
    gc.collect()  # as above
    assert str(error) == "the proxy refused the tunnel: HTTP 407"
    assert (b"Proxy-Authorization" in peer.requests[0]) == ("@" in proxy)


@pytest.mark.parametrize("password", ["12#34", "12/34", "12?34", "a@12/34", "a@12\\34"])
def test_no_part_of_a_proxy_s_password_is_looked_up(
    transport: Transport, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    """`requests` would take a part of the user or password for the host, and ask DNS for it."""
    names: list[object] = []

    def lookup(name: object, *_: object, **__: object) -> list[Any]:
        names.append(name)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{password}@proxy.example:3128")
    error = failure_of(transport, "https://api.example")
    assert str(error) == "the proxy (from HTTPS_PROXY) is not a URL"
    assert names == []
    monkeypatch.setenv("HTTPS_PROXY", "http://user:12%2334@proxy.example:3128/path")
    error = failure_of(transport, "https://api.example")
    assert "Check the proxy proxy.example:3128 (from HTTPS_PROXY)" in error.remedy
    assert set(names) == {"proxy.example"}


def test_the_remedy_names_the_proxy_that_is_used(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that applies to all schemes."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    monkeypatch.setenv("ALL_PROXY", f"http://user:word@127.0.0.1:{port}")
    error = failure_of(transport, "https://api.example")
    assert f"the proxy 127.0.0.1:{port} (from ALL_PROXY)" in error.remedy


def test_loopback_is_reached_without_the_proxy(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo works on a machine whose environment has a proxy."""
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")
    with serving(answer()) as peer:
        assert post(transport, peer.url).status == 200
        assert post(transport, f"http://localhost:{peer.port}").status == 200


def test_abort_ends_a_request_in_flight_and_refuses_more(transport: Transport) -> None:
    """SIGTERM does not wait for the API."""
    outcomes: list[BaseException] = []
    asked = threading.Event()

    def behave(connection: Connection) -> None:
        connection.read_request()
        asked.set()
        connection.wait_for_end()

    with serving(behave) as peer:

        def run() -> None:
            try:
                post(transport, peer.url)
            except Stopped as error:
                outcomes.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        assert asked.wait(LONG)
        transport.abort()
        thread.join(LONG)
        assert len(outcomes) == 1
        with pytest.raises(Stopped):
            post(transport, peer.url)
    assert len(peer.requests) == 1


def test_abort_before_the_first_request_refuses_it(transport: Transport) -> None:
    """There may be no connection yet."""
    transport.abort()
    with pytest.raises(Stopped):
        post(transport, "http://127.0.0.1:9")


def open_descriptors() -> int:
    """Count what this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux's /proc")
def test_no_descriptor_leaks() -> None:
    """Kept, closed and cut connections all release their descriptors."""
    closing = raw(OK + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}")
    before = open_descriptors()
    transport = Transport()
    for _ in range(3):
        with serving(answer()) as peer:
            post(transport, peer.url)
        with serving(closing) as peer:
            post(transport, peer.url)
        with serving(silent) as peer:
            failure_of(transport, peer.url, 0.02)
    transport.close()
    assert open_descriptors() == before


@pytest.mark.parametrize("name", [*BROKEN, "silent", "refused"])
def test_no_error_holds_the_signature(
    transport: Transport, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in message, repr, traceback with all causes, or log at debug."""
    caplog.set_level(logging.DEBUG)
    if name == "refused":
        error = failure_of(transport, "http://127.0.0.1:1")
    else:
        with serving(BROKEN[name][0] if name in BROKEN else silent) as peer:
            error = failure_of(transport, peer.url, LONG if name in BROKEN else SHORT)
    formatted = "".join(traceback.format_exception(error))
    behind = repr(error.__cause__) + repr(error.__context__)
    assert SIGNATURE not in str(error) + repr(error) + formatted + behind + caplog.text


def test_a_broken_header_logs_nothing(
    transport: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    """urllib3 warns of such headers with the URL in its text."""
    caplog.set_level(logging.DEBUG)
    with serving(raw(OK + b"Content-Length: 2\r\nnonsense\r\n\r\n{}")) as peer:
        transport.post(peer.url, params=PARAMETERS, body=b"", timeout=LONG)
    assert caplog.text == ""


def test_deflate_is_decoded_too(transport: Transport) -> None:
    """Some gateways send zlib's format without being asked."""
    with serving(answer(zlib.compress(b"{}"), headers=("Content-Encoding: deflate",))) as peer:
        assert post(transport, peer.url).body == b"{}"


def endless() -> Iterator[bytes]:
    """Yield bytes without an end."""
    while True:
        yield bytes(10)


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_an_endless_body_is_not_read_to_its_end(encoding: str) -> None:
    """The limit holds for the bytes as received."""
    with pytest.raises(ProtocolError, match="larger than 100 bytes"):
        read_body(endless(), encoding=encoding, max_bytes=100)


@pytest.mark.parametrize(("size", "fits"), [(100, True), (101, False), (1_000_000, False)])
def test_the_limit_holds_for_the_decompressed_body(size: int, fits: bool) -> None:
    """A decompression bomb is refused before it is decompressed."""
    pieces = [gzip.compress(bytes(size))]
    if fits:
        assert read_body(pieces, encoding=" GZIP ", max_bytes=5000)[:100] == bytes(100)
    else:
        with pytest.raises(ProtocolError):
            read_body(pieces, encoding="gzip", max_bytes=100)


def test_a_truncated_compressed_body_is_transient() -> None:
    """It is a failure of the connection."""
    with pytest.raises(NetworkError) as caught:
        read_body([gzip.compress(b"text")[:-1]], encoding="gzip")
    assert (caught.value.code, caught.value.transient) == ("connection", True)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.binary()), st.sampled_from(["", "identity", "gzip", "deflate", "br", "x"]))
def test_any_bytes_give_a_body_or_our_error(pieces: list[bytes], encoding: str) -> None:
    """No other exception is raised."""
    with suppress(ApiError):
        assert len(read_body(pieces, encoding=encoding, max_bytes=50)) <= 50
