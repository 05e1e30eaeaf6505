"""Bad peers over TLS, and many of them: good scrapes go on, nothing stays for ever."""

from __future__ import annotations

import logging
import resource
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from exporter.web.deadlines import Limits
from exporter.web.security.reloading import LiveWebConfig
from exporter.web.server import WebServer
from tests.waiting import wait_until
from tests.web.peers import PATIENCE, connected, crowd, fetch, read_to_end, serving
from tests.web.sample_site import LARGE, SampleSite
from tests.web.security.webconfig_files import TLS, Folder, client_context, fetch_tls, guarding

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
GET_LARGE = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"
IDLE = 1000
CLIENT = client_context()


@pytest.fixture
def live(tmp_path: Path) -> LiveWebConfig:
    """Return a configuration with TLS."""
    return LiveWebConfig(Folder.filled(tmp_path).write(TLS))


@contextmanager
def connected_tls(
    server: WebServer, sent: bytes = b"", *, buffer: int | None = None
) -> Iterator[ssl.SSLSocket]:
    """Connect over TLS, send `sent`, and leave the rest to the test."""
    with (
        connected(server, buffer=buffer) as raw,
        CLIENT.wrap_socket(raw, server_hostname="localhost") as peer,
    ):
        peer.sendall(sent)
        yield peer


@pytest.mark.parametrize(
    "sent", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01"], ids=["silent", "one byte", "half a hello"]
)
def test_good_scrapes_pass_a_crowd_in_its_handshake(
    site: SampleSite, live: LiveWebConfig, sent: bytes
) -> None:
    """200 peers that never end their handshake do not keep a good one from its answer."""
    with guarding(site, live) as server, crowd(server, 200, sent):
        for _ in range(5):
            assert fetch_tls(server).status == 200


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\nX: ", GET_LARGE], ids=["silent", "half a head", "not reading"]
)
def test_good_scrapes_pass_a_crowd_behind_its_handshake(
    site: SampleSite, live: LiveWebConfig, sent: bytes
) -> None:
    """200 peers that stall later on do not either."""
    with guarding(site, live) as server, ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(connected_tls(server, sent, buffer=4096))
        for _ in range(5):
            assert fetch_tls(server).status == 200


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02\x00\x01"], ids=["silent", "half a hello"])
def test_a_handshake_has_a_deadline(site: SampleSite, live: LiveWebConfig, sent: bytes) -> None:
    """A peer that does not end its handshake is dropped."""
    limits = Limits(request_seconds=0.3)
    with guarding(site, live, limits) as server, connected(server, sent) as peer:
        assert read_to_end(peer) == b""


@pytest.mark.parametrize("sent", [b"", b"GET / HT", GET + b"G"], ids=["nothing", "line", "second"])
def test_a_peer_that_falls_silent_after_its_handshake_is_dropped(
    site: SampleSite, live: LiveWebConfig, sent: bytes
) -> None:
    """The deadline for a request holds over TLS as without."""
    limits = Limits(request_seconds=0.5, keep_alive_seconds=1)
    with guarding(site, live, limits) as server, connected_tls(server, sent) as peer:
        assert _read_tls(peer).count(b"small\n") == sent.count(GET)


def _read_tls(peer: ssl.SSLSocket) -> bytes:
    """Return what comes until the server ends the connection, with a farewell or without."""
    received = b""
    try:
        while piece := peer.recv(65536):
            received += piece
    except (ssl.SSLError, ConnectionResetError):
        pass
    return received


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"no request\r\n\r\n",
        GET,
        GET_LARGE,
    ],
    ids=["closed", "refused", "idle", "not reading"],
)
def test_a_closed_connection_waits_for_no_farewell(
    site: SampleSite, live: LiveWebConfig, sent: bytes
) -> None:
    """A peer that does not answer the end of TLS is cut off, whatever came before."""
    limits = Limits(write_seconds=0.5, keep_alive_seconds=1)
    with (
        guarding(site, live, limits) as server,
        connected_tls(server, sent, buffer=4096) as peer,
    ):
        connections = server._server.server_state.connections
        wait_until(lambda: connections, "the connection")
        wait_until(lambda: not connections, "its end", seconds=PATIENCE)
        assert peer.fileno() >= 0  # it was open on this side all the time


def test_a_large_answer_arrives_whole(site: SampleSite, live: LiveWebConfig) -> None:
    """Flow control between TLS, the server and the application loses nothing."""
    with guarding(site, live) as server:
        assert fetch_tls(server, path="/large").body == LARGE


def test_it_stops_with_peers_in_every_state(
    site: SampleSite, live: LiveWebConfig, caplog: pytest.LogCaptureFixture
) -> None:
    """Handshakes, idle connections and peers that do not read hold up nothing and log nothing."""
    caplog.set_level(logging.INFO)
    with guarding(site, live) as server, ExitStack() as stack:
        stack.enter_context(crowd(server, 20))
        for sent in (b"", GET_LARGE, b"GET /gated HTTP/1.1\r\nHost: a\r\n\r\n"):
            stack.enter_context(connected_tls(server, sent, buffer=4096))
        assert site.gated.wait(PATIENCE)
        server.stop(PATIENCE)
        assert not server.is_alive()
    assert caplog.text == ""  # uvicorn says so when connections outlast its own patience


@pytest.fixture
def many_files() -> Iterator[None]:
    """Allow this process what 1,000 connections take on both of their sides."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * IDLE + 500
    if hard != resource.RLIM_INFINITY and hard < needed:
        pytest.skip(f"this machine allows {hard} open files, {needed} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
def test_1000_idle_connections_exhaust_nothing(site: SampleSite) -> None:
    """They are held, and good scrapes are answered beside them."""
    with serving(site) as server, crowd(server, IDLE, GET) as peers:
        for peer in peers:
            assert _read_answer(peer).endswith(b"small\n")
        for _ in range(5):
            assert fetch(server).status == 200
        assert _are_open(peers)


@pytest.mark.usefixtures("many_files")
def test_1000_idle_connections_over_tls_exhaust_nothing(
    site: SampleSite, live: LiveWebConfig
) -> None:
    """The same in the handshake, where each takes the most."""
    with guarding(site, live) as server, crowd(server, IDLE) as peers:
        for _ in range(5):
            assert fetch_tls(server).status == 200
        assert _are_open(peers)


def _read_answer(peer: socket.socket) -> bytes:
    """Return one small answer, in as many pieces as it comes."""
    answer = b""
    while not answer.endswith(b"small\n") and (piece := peer.recv(4096)):
        answer += piece
    return answer


def _are_open(peers: list[socket.socket]) -> bool:
    """Tell whether the server has closed none of the connections."""
    for peer in peers:
        peer.setblocking(False)
        try:
            if peer.recv(1) == b"":
                return False
        except BlockingIOError:
            continue
    return True
