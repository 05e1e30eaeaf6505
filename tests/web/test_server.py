"""The HTTP server: start, stop, and clients of every kind."""

from __future__ import annotations

import logging
import socket
import threading
from http.client import HTTPConnection
from pathlib import Path

import pytest

from exporter.errors import ConfigError
from exporter.web.deadlines import Limits
from exporter.web.listen import ListenError
from exporter.web.server import WebServer, build_server, open_web_config
from tests.web.peers import GET, GET_LARGE, PATIENCE, connected, crowd, fetch, read_to_end, serving
from tests.web.sample_site import SampleSite

GET_GATED = b"GET /gated HTTP/1.1\r\nHost: a\r\n\r\n"


def test_all_addresses_are_served(site: SampleSite) -> None:
    """Each of several addresses answers, and the real ports are known."""
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


def test_a_port_in_use_is_an_error_before_anything_serves(site: SampleSite) -> None:
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
def test_malformed_requests_are_refused_and_not_logged(
    server: WebServer, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Malformed heads are 400, the connection ends, and the log stays empty."""
    with caplog.at_level(logging.INFO), connected(server, sent) as peer:
        assert read_to_end(peer).startswith(b"HTTP/1.1 400 ")
    assert caplog.text == ""


def test_it_stops_with_stuck_peers(site: SampleSite, caplog: pytest.LogCaptureFixture) -> None:
    """Peers that say nothing, do not read, or wait for a page delay nothing and log nothing."""
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


def test_an_answer_in_progress_is_finished_before_the_stop(site: SampleSite) -> None:
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


def test_an_unusable_file_at_the_start_is_an_error(tmp_path: Path) -> None:
    """Every line of the error begins with the file, once."""
    path = tmp_path / "web.yml"
    with pytest.raises(ConfigError) as missing:
        open_web_config(path)
    path.write_text("a: 1\nb: 2\n")
    with pytest.raises(ConfigError) as wrong:
        open_web_config(path)
    problems = [*missing.value.problems, *wrong.value.problems]
    assert [problem.count(f"{path}: ") for problem in problems] == [1, 1, 1]


def test_without_a_file_nothing_is_guarded(site: SampleSite) -> None:
    """No file is no configuration."""
    assert open_web_config(None) is None
    assert build_server(site, ["127.0.0.1:0"], None).scheme == "http"
