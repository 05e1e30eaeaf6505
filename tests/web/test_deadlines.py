"""Deadlines and limits for each connection, with TLS and without: no client stays forever."""

from __future__ import annotations

import logging
import resource
import select
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from exporter.web.deadlines import Limits
from exporter.web.security.reloading import LiveWebConfig
from exporter.web.server import WebServer
from tests.waiting import wait_until
from tests.web.peers import GET, GET_LARGE, PATIENCE, connected, crowd, fetch, read_to_end, serving
from tests.web.sample_site import LARGE, SampleSite
from tests.web.security.webconfig_files import TLS, Folder, client_context, fetch_tls, guarding

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
    limits = Limits(request_seconds=1, keep_alive_seconds=1)  # the handshake takes of it too
    with guarding(site, live, limits) as server, connected_tls(server, sent) as peer:
        assert _read_tls(peer).count(b"small\n") == sent.count(GET)


def _read_tls(peer: ssl.SSLSocket) -> bytes:
    """Return the bytes until the server ends the connection, with a TLS close or without."""
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
def test_a_closed_connection_does_not_wait_for_the_clients_close_notify(
    site: SampleSite, live: LiveWebConfig, sent: bytes
) -> None:
    """A peer that does not answer the end of TLS is cut off in every state."""
    limits = Limits(write_seconds=0.5, keep_alive_seconds=1)
    with (
        guarding(site, live, limits) as server,
        connected_tls(server, sent, buffer=4096) as peer,
    ):
        connections = server._server.server_state.connections
        wait_until(lambda: connections, "the connection")
        wait_until(lambda: not connections, "its end", seconds=PATIENCE)
        assert peer.fileno() >= 0  # it stayed open on this side


def test_a_large_answer_arrives_whole(site: SampleSite, live: LiveWebConfig) -> None:
    """Flow control between TLS, the server and the application loses nothing."""
    with guarding(site, live) as server:
        assert fetch_tls(server, path="/large").body == LARGE


def test_it_stops_with_peers_in_every_state(
    site: SampleSite, live: LiveWebConfig, caplog: pytest.LogCaptureFixture
) -> None:
    """Handshakes, idle connections and peers that do not read delay nothing and log nothing."""
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
    """Allow this process the open files of both sides of 1,000 connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * IDLE + 500
    if hard != resource.RLIM_INFINITY and hard < needed:
        pytest.skip(f"this machine allows {hard} open files, {needed} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
def test_1000_idle_connections_leave_room_for_scrapes(site: SampleSite) -> None:
    """They are held, and good scrapes are answered beside them."""
    with serving(site) as server, crowd(server, IDLE, GET) as peers:
        for peer in peers:
            assert _read_answer(peer).endswith(b"small\n")
        for _ in range(5):
            assert fetch(server).status == 200
        assert _are_open(peers)


@pytest.mark.usefixtures("many_files")
def test_1000_idle_connections_over_tls_leave_room_for_scrapes(
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


def test_an_idle_connection_is_closed_eventually(site: SampleSite) -> None:
    """After the keep-alive time a connection without a request is closed."""
    limits = Limits(keep_alive_seconds=1)
    with serving(site, limits) as server, connected(server, GET) as peer:
        assert read_to_end(peer).endswith(b"small\n")


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: a\r\n",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab",
        GET + b"GET / HT",
        GET + b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab",
    ],
    ids=["nothing", "line", "head", "body", "second head", "second body"],
)
def test_a_peer_that_falls_silent_is_dropped(site: SampleSite, sent: bytes) -> None:
    """A request that stops anywhere ends with its connection, also as the second of two."""
    limits = Limits(request_seconds=0.5, keep_alive_seconds=1)
    with serving(site, limits) as server, connected(server, sent) as peer:
        answered = read_to_end(peer)
    assert answered.count(b"HTTP/1.1 ") == sent.count(GET)


@pytest.mark.parametrize("first", [b"", GET], ids=["first request", "second request"])
def test_a_peer_that_drips_is_dropped(site: SampleSite, first: bytes) -> None:
    """Bytes that come one by one do not put the deadline off."""
    with (
        serving(site, Limits(request_seconds=0.3)) as server,
        connected(server, first) as peer,
    ):
        if first:
            peer.recv(4096)
        peer.settimeout(0.02)
        assert _drip_until_dropped(peer)


def _drip_until_dropped(peer: socket.socket) -> bool:
    drops = (b"y" for _ in range(int(PATIENCE / 0.02)))
    try:
        for sent in (b"GET / HTTP/1.1\r\nX: ", *drops):
            peer.sendall(sent)
            with suppress(TimeoutError):
                if not peer.recv(4096):
                    return True
    except (ConnectionResetError, BrokenPipeError):
        return True
    return False


def test_a_body_that_drips_after_its_answer_is_not_read_on(server: WebServer) -> None:
    """A request with a body that a route does not want ends like any other."""
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
    with connected(server, head + GET) as peer:
        answers = b""
        while b"small\n" not in answers:
            answers += peer.recv(4096)
    assert answers.startswith(b"HTTP/1.1 405 ")


def test_a_peer_that_never_reads_is_dropped(site: SampleSite) -> None:
    """A peer that takes nothing of a large answer is dropped."""
    limits = Limits(write_seconds=0.3)
    with (
        serving(site, limits) as server,
        connected(server, GET_LARGE, buffer=4096) as peer,
    ):
        assert _wait_until_reset(peer)


def _wait_until_reset(peer: socket.socket) -> bool:
    """Wait, reading nothing, until the server resets the connection."""
    poll = select.poll()
    poll.register(peer, 0)  # poll reports errors and hang-ups unasked
    return bool(poll.poll(PATIENCE * 1000))


def test_no_rest_of_an_answer_keeps_a_connection(
    site: SampleSite, caplog: pytest.LogCaptureFixture
) -> None:
    """However little of its answer a peer leaves, the write deadline ends its connection."""
    limits = Limits(write_seconds=0.3, stop_seconds=PATIENCE)  # only deadlines end connections
    server = WebServer(site, ["127.0.0.1:0"], limits=limits)
    server.start()
    with ExitStack() as stack:
        for kib in range(64, 1024, 32):
            stack.enter_context(connected(server, _get_part(kib * 1024), buffer=4096))
        fetch(server)
        server.stop(PATIENCE)
    assert not server.is_alive()
    assert caplog.text == ""  # uvicorn says so when connections outlast its own patience


def _get_part(size: int) -> bytes:
    return f"GET /large?{size} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


def test_a_peer_that_reads_slowly_but_steadily_is_served(site: SampleSite) -> None:
    """The write deadline is for one piece, not for the whole answer."""
    request = b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with (
        serving(site, Limits(write_seconds=5)) as server,
        connected(server, request, buffer=65536) as peer,
    ):
        assert read_to_end(peer).endswith(LARGE)


def test_endless_requests_are_not_buffered(site: SampleSite) -> None:
    """A peer that does not wait for answers is dropped, or is not read."""
    with serving(site) as server, connected(server) as peer:
        peer.sendall(b"GET /gated HTTP/1.1\r\nHost: a\r\n\r\n")
        assert site.gated.wait(PATIENCE)
        peer.settimeout(5)
        with pytest.raises((ConnectionResetError, BrokenPipeError, TimeoutError)):
            peer.sendall(GET * 1_000_000)


@pytest.mark.parametrize("size", [16_300, 16_500, 60_000, 120_000])
@pytest.mark.parametrize("step", [1_000_000, 16_384, 5_000, 1_000])
@pytest.mark.parametrize("kind", [b"GET /?%b HTTP/1.1\r\nHost: a", b"GET / HTTP/1.1\r\nHost: %b"])
def test_a_large_request_head_is_431_however_it_arrives(
    server: WebServer, kind: bytes, step: int, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The limit of 16 KiB does not depend on the pieces, nor on where the length is."""
    sent = kind % (b"a" * (size - len(kind) - 24)) + b"\r\nConnection: close\r\n\r\n"
    with connected(server) as peer:
        with suppress(OSError):  # it is refused before all of it was sent
            for start in range(0, len(sent), step):
                peer.sendall(sent[start : start + step])
        answer = read_to_end(peer)
    expected = (
        b"HTTP/1.1 431 Request Header Fields Too Large\r\n" if size > 16_384 else b"HTTP/1.1 200 "
    )
    assert answer.startswith(expected) or (size > 16_384 and answer == b"")  # a reset is no answer
    assert caplog.text == ""


def test_a_large_head_sent_ahead_is_refused_too(server: WebServer) -> None:
    """The second of two requests in one packet has the same limit."""
    with connected(
        server, GET + b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 30_000 + b"\r\n\r\n"
    ) as peer:
        assert b"HTTP/1.1 431 " in read_to_end(peer)


@pytest.mark.parametrize("sent", [GET, GET * 3, GET_LARGE])
def test_a_client_that_half_closes_gets_its_answers(server: WebServer, sent: bytes) -> None:
    """A client that closes its sending side still gets the answer; then the connection ends."""
    with connected(server, sent) as peer:
        peer.shutdown(socket.SHUT_WR)
        received = read_to_end(peer)
    assert received.count(b"HTTP/1.1 200 ") == sent.count(b"GET ")
    assert received.endswith(LARGE[-64:] if sent is GET_LARGE else b"small\n")


def test_a_client_that_half_closes_waits_for_its_page(site: SampleSite) -> None:
    """Also while the page is being rendered."""
    with (
        serving(site) as server,
        connected(server, b"GET /gated HTTP/1.1\r\nHost: a\r\n\r\n") as peer,
    ):
        peer.shutdown(socket.SHUT_WR)
        assert site.gated.wait(PATIENCE)
        site.gate.set()
        assert read_to_end(peer).endswith(b"gated\n")


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HT", b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab"]
)
def test_a_half_closed_connection_without_a_whole_request_ends(
    server: WebServer, sent: bytes
) -> None:
    """Nothing more can come, so there is nothing to wait for."""
    with connected(server, sent) as peer:
        peer.shutdown(socket.SHUT_WR)
        assert b" 200 " not in read_to_end(peer)
