from __future__ import annotations

import logging
import select
import socket
import threading
from contextlib import ExitStack, suppress
from http.client import HTTPConnection

import pytest

from exporter.web.deadlines import Limits
from exporter.web.listen import ListenError
from exporter.web.server import WebServer
from tests.web.peers import PATIENCE, connected, crowd, fetch, read_to_end, serving
from tests.web.sample_site import LARGE, SampleSite

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
GET_GATED = b"GET /gated HTTP/1.1\r\nHost: a\r\n\r\n"
GET_LARGE = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"


def test_all_addresses_are_served(site: SampleSite) -> None:
    """Each of several addresses answers, and the real ports are told."""
    with serving(site, listen=["127.0.0.1:0", "localhost:0"]) as server:
        assert len(set(server.addresses)) == 2
        for address in server.addresses:
            host, port = address.split(":")
            assert (host, int(port) > 0) == ("127.0.0.1", True)
            connection = HTTPConnection(address, timeout=PATIENCE)
            connection.request("GET", "/")
            assert connection.getresponse().status == 200
            connection.close()


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_ipv6_is_served(site: SampleSite) -> None:
    """An IPv6 address answers."""
    with serving(site, listen=["[::1]:0"]) as server:
        assert fetch(server).status == 200


def test_a_taken_port_is_told_before_anything_serves(site: SampleSite) -> None:
    """A server that cannot have its address raises, and starts nothing."""
    with serving(site) as first:
        second = WebServer(SampleSite(), ["127.0.0.1:0", first.addresses[0]])
        with pytest.raises(ListenError, match="address already in use"):
            second.start()
        second.stop()
        assert not second.is_alive()


def test_a_connection_is_kept_from_scrape_to_scrape(server: WebServer) -> None:
    """Several requests go over one connection."""
    connection = HTTPConnection(server.addresses[0], timeout=PATIENCE)
    for _ in range(3):
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"small\n"
        assert connection.sock is not None
    connection.close()


def test_an_idle_connection_is_closed_in_the_end(site: SampleSite) -> None:
    """After the keep-alive time a connection without a request is closed."""
    limits = Limits(keep_alive_seconds=1)
    with serving(site, limits) as server, connected(server, GET) as peer:
        assert read_to_end(peer).endswith(b"small\n")


def test_old_clients_are_served(server: WebServer) -> None:
    """HTTP/1.0 without a Host header is answered, and the connection closed."""
    with connected(server, b"GET / HTTP/1.0\r\n\r\n") as peer:
        answer = read_to_end(peer)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\nsmall\n")


def test_pipelined_requests_are_all_answered(server: WebServer) -> None:
    """Requests that come in one packet are answered one after the other."""
    last = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with connected(server, GET * 9 + last) as peer:
        assert read_to_end(peer).count(b"small\n") == 10


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
    limits = Limits(request_seconds=0.2, keep_alive_seconds=1)
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
    poll.register(peer, 0)  # an error or a hang-up is reported without being asked for
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


def test_requests_without_end_are_not_collected_in_memory(site: SampleSite) -> None:
    """A peer that sends them ahead of their answers is dropped, or nobody reads on."""
    with serving(site) as server, connected(server) as peer:
        peer.sendall(b"GET /gated HTTP/1.1\r\nHost: a\r\n\r\n")
        assert site.gated.wait(PATIENCE)
        peer.settimeout(5)
        with pytest.raises((ConnectionResetError, BrokenPipeError, TimeoutError)):
            peer.sendall(GET * 1_000_000)


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\nX: ", GET_LARGE], ids=["silent", "half a head", "not reading"]
)
def test_good_scrapes_pass_a_crowd_of_bad_peers(site: SampleSite, sent: bytes) -> None:
    """200 peers that stall do not keep a good one from its answer."""
    with serving(site) as server, crowd(server, 200, sent):
        for _ in range(5):
            assert fetch(server).status == 200


def test_too_many_connections_are_refused(site: SampleSite) -> None:
    """Beyond the limit a request is answered with 503 instead of taking more memory."""
    with serving(site, Limits(connections=5)) as server, crowd(server, 5):
        assert fetch(server).status == 503


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"get\x00 / HTTP/1.1\r\n\r\n",
    ],
    ids=["TLS hello", "length", "no host", "target byte", "zero byte"],
)
def test_what_is_no_request_is_refused_and_not_logged(
    server: WebServer, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Malformed heads are 400, the connection ends, and the log stays empty."""
    with caplog.at_level(logging.INFO), connected(server, sent) as peer:
        assert read_to_end(peer).startswith(b"HTTP/1.1 400 ")
    assert caplog.text == ""


def test_it_stops_with_stuck_peers(site: SampleSite, caplog: pytest.LogCaptureFixture) -> None:
    """Peers that say nothing, do not read, or wait for a page hold up nothing and log nothing."""
    server = WebServer(site, ["127.0.0.1:0"])
    server.start()
    with (
        caplog.at_level(logging.INFO),
        crowd(server, 20),
        crowd(server, 20, GET_LARGE),
        connected(server, b"GET /gated HTTP/1.1\r\nHost: a\r\n\r\n") as waiting,
    ):
        assert site.gated.wait(PATIENCE)
        server.stop(PATIENCE)
        assert not server.is_alive()
        assert read_to_end(waiting) == b""
    with pytest.raises(ConnectionRefusedError):
        fetch(server)
    assert caplog.text == ""


def test_an_answer_under_way_is_ended_before_the_stop(site: SampleSite) -> None:
    """A scrape that runs when the server is stopped still gets its page."""
    server = WebServer(site, ["127.0.0.1:0"], limits=Limits(stop_seconds=PATIENCE))
    server.start()
    with connected(server, b"GET /gated HTTP/1.1\r\nHost: a\r\n\r\n") as peer:
        assert site.gated.wait(PATIENCE)
        stopping = threading.Thread(target=server.stop, args=(PATIENCE,))
        stopping.start()
        site.gate.set()
        assert read_to_end(peer).endswith(b"gated\n")
        stopping.join()
    assert not server.is_alive()


def test_it_can_be_stopped_twice(site: SampleSite) -> None:
    """A second stop does nothing."""
    with serving(site) as server:
        server.stop()
        server.stop()


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


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://example.org/", 200),
        ("HTTP://example.org:80/", 200),
        ("https://example.org", 200),
        ("http://example.org?x=1", 200),
        ("http://u@example.org/large?3", 200),
        ("http://example.org/nothing", 404),
        ("http:///", 200),
        ("ftp://example.org/", 404),
        ("http:/", 404),
        ("http://example.org%2Flarge", 200),
    ],
)
def test_absolute_targets_are_accepted(server: WebServer, target: str, status: int) -> None:
    """A target with scheme and authority means its path (RFC 9112, 3.2.2)."""
    with connected(
        server, f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
    ) as peer:
        assert read_to_end(peer).startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.parametrize("sent", [GET, GET * 3, GET_LARGE])
def test_a_client_that_half_closes_gets_its_answers(server: WebServer, sent: bytes) -> None:
    """Whoever closes the sending side after a request still reads; then the connection ends."""
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
