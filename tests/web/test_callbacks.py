"""Callbacks over HTTP: authentic ones, refused ones, and floods."""

from __future__ import annotations

import asyncio
import gc
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from itertools import count
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.collection.callbacks import CallbackReceiver
from exporter.history.counters import AppCounters, CountersView
from exporter.web.app import Application
from exporter.web.server import WebServer
from exporter.zego.callbacks import MAX_BODY_BYTES
from tests.builders import NOW, make_callback
from tests.web.peers import PATIENCE, Answer, connected, fetch, read_to_end, serving
from tests.web.site import Site, talk

SECRET = "callback-secret-that-opens-nothing"
APP_ID = 42
NAME = "课程.1"
PATH = "/callback/" + quote(NAME)
ANSWERS = {
    200: b"ok\n",
    400: b"bad request\n",
    401: b"unauthorized\n",
    404: b"not found\n",
    413: b"content too large\n",
}


class Post:
    """The callback side of an exporter with one app, and how often it was to collect early."""

    def __init__(self) -> None:
        self.counters = AppCounters()
        self.requested = 0
        self.receiver = CallbackReceiver(APP_ID, self.read_secret, self.counters, self._request)
        self.receivers = {NAME: self.receiver}
        self.gate = threading.Event()
        self.gate.set()

    def application(self) -> Application:
        """Return the application that serves it."""
        self.site = Site(callback_receivers=self.receivers)
        return self.site.application()

    def read_secret(self) -> str:
        """Return the secret once the gate is open."""
        self.gate.wait()
        return SECRET

    def effects(self) -> tuple[CountersView, int]:
        """Return the state that a callback without effect does not change."""
        return self.counters.view(), self.requested

    def rejected(self) -> dict[str, int]:
        """Return how many callbacks were refused, by reason, without the zeros."""
        return {reason: n for reason, n in self.receiver.rejections().items() if n}

    def _request(self) -> None:
        self.requested += 1


@pytest.fixture
def post() -> Post:
    """Return the callback side of an exporter."""
    return Post()


@pytest.fixture
def server(post: Post) -> Iterator[WebServer]:
    """Serve it."""
    with serving(post.application()) as running:
        yield running


callback = partial(make_callback, SECRET, APP_ID)


def send(server: WebServer, body: bytes, path: str = PATH) -> Answer:
    """Post `body` on a connection of its own."""
    return fetch(server, path, method="POST", body=body)


@pytest.mark.parametrize("encode", [bytes, lambda body: quote(body, safe="").encode()])
def test_an_authentic_callback_is_taken(post: Post, server: WebServer, encode: Any) -> None:
    """Plain or URL-encoded, under a name in any script: 200, counted, collected early."""
    answer = send(server, encode(callback()))
    assert (answer.status, answer.body) == (200, b"ok\n")
    assert post.counters.view().callback_events["failed"] == 1
    assert post.counters.failure_reasons() == {"task": "file_too_large"}
    assert post.requested == 1
    assert post.rejected() == {}


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (callback(Signature="0" * 40), 401, "signature"),
        (callback(at=NOW - 601), 401, "timestamp"),
        (callback(AppID=43), 401, "app_id"),
        (b"{", 400, "malformed"),
        (b"", 400, "malformed"),
        (b" " * (MAX_BODY_BYTES + 1), 413, "too_large"),
    ],
)
def test_a_refused_callback_reveals_nothing_to_its_sender(
    post: Post, server: WebServer, body: bytes, status: int, reason: str
) -> None:
    """The text depends on the status alone; only the reason is counted."""
    before = post.effects()
    answer = send(server, body)
    assert (answer.status, answer.body) == (status, ANSWERS[status])
    assert post.rejected() == {reason: 1}
    assert post.effects() == before


def test_a_replayed_callback_is_refused(post: Post, server: WebServer) -> None:
    """The second time is 401 and changes nothing."""
    assert send(server, callback()).status == 200
    before = post.effects()
    answer = send(server, callback())
    assert (answer.status, answer.body) == (401, b"unauthorized\n")
    assert post.rejected() == {"replayed": 1}
    assert post.effects() == before


@pytest.mark.parametrize(
    "path",
    ["/callback/", "/callback", "/callback/other", PATH + "/", PATH + "%2Fx", "/callback/%FF"],
)
def test_apps_without_a_secret_are_unknown(server: WebServer, path: str) -> None:
    """404 for any method, like any other path, so that the apps cannot be guessed."""
    nowhere = send(server, callback(), "/nowhere")
    answer = send(server, callback(), path)
    assert (answer.status, answer.body) == (nowhere.status, nowhere.body) == (404, b"not found\n")
    assert fetch(server, path).status == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_only_post_is_taken(post: Post, server: WebServer, method: str) -> None:
    """Anything else is 405, and no callback."""
    answer = fetch(server, PATH, method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert post.rejected() == {}


def test_an_app_takes_callbacks_as_soon_as_it_is_configured(post: Post, server: WebServer) -> None:
    """A reload changes which apps accept callbacks, without a restart of the server."""
    post.site.callback_receivers = {"other": post.receiver}
    assert send(server, callback()).status == 404
    assert send(server, callback(), "/callback/other").status == 200


def test_a_body_may_be_as_large_as_the_limit(post: Post, server: WebServer) -> None:
    """64 KiB are read here; elsewhere a body is ignored."""
    body = callback()
    assert send(server, body.ljust(MAX_BODY_BYTES)).status == 200
    assert send(server, body.ljust(MAX_BODY_BYTES), "/nowhere").status == 404
    assert post.rejected() == {}


def test_a_larger_body_is_not_read(post: Post, server: WebServer) -> None:
    """Above the limit the answer comes immediately, and the connection ends."""
    head = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n".encode()
    with connected(server, head + b"x" * (MAX_BODY_BYTES + 1)) as peer:
        answer = read_to_end(peer)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close\r\n" in answer
    assert post.rejected() == {"too_large": 1}


def test_slow_callbacks_delay_no_one(post: Post, server: WebServer) -> None:
    """Neither a body that does not arrive nor a secret that cannot be read blocks others."""
    post.gate.clear()
    head = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n".encode()
    body = callback()
    whole = head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
    with connected(server, whole) as reading, connected(server, whole[:-1]):
        assert fetch(server, "/-/healthy").status == 200
        post.gate.set()
        assert read_to_end(reading).startswith(b"HTTP/1.1 200 ")


def worthless_callbacks() -> Iterator[tuple[int, bytes]]:
    """Yield without end the status and body of callbacks: forged, malformed, oversized, replayed.

    The one that is replayed must have been accepted.
    """
    for number in count():
        yield 401, callback(f"{number}", Signature=f"{number:040x}")
        yield 400, callback(f"{number}")[:-1] + b"\xff"
        yield 413, b"%7B" * (MAX_BODY_BYTES // 3 + 1)
        yield 401, callback("replayed")


def send_many(server: WebServer, callbacks: Iterator[tuple[int, bytes]], number: int) -> None:
    """Post that many callbacks over one connection, opened again if the server ends it."""
    with closing(HTTPConnection(server.addresses[0], timeout=PATIENCE)) as connection:
        for _, (status, body) in zip(range(number), callbacks, strict=False):
            connection.request("POST", PATH, body)
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (status, ANSWERS[status])


@pytest.mark.long
def test_a_flood_has_no_effect_but_the_counters(post: Post, server: WebServer) -> None:
    """2,000 worthless callbacks: no event, no reason, no collection, no memory."""
    assert send(server, callback("replayed")).status == 200
    before = post.effects()
    flood = worthless_callbacks()
    tracemalloc.start()
    try:
        send_many(server, flood, 200)  # so that objects made once exist before the measurement
        gc.collect()
        settled = tracemalloc.get_traced_memory()[0]
        send_many(server, flood, 1800)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - settled
    finally:
        tracemalloc.stop()
    assert grown < 64 * 1024  # less than one oversized body, 36 bytes for each callback
    assert post.effects() == before
    counts = {"signature": 500, "malformed": 500, "too_large": 500, "replayed": 500}
    assert post.rejected() == counts


@given(
    path=st.sampled_from([PATH, "/callback/", "/callback/x", "/callback/" + NAME])
    | st.text(st.characters(exclude_categories=["Cs"])).map("/callback/".__add__),
    method=st.sampled_from(["POST", "GET", "HEAD", "OPTIONS"]),
    body=st.lists(
        st.binary(max_size=50)
        | st.sampled_from([callback(), callback(Nonce=[]), quote(callback()).encode()])
        | st.integers(1, 3).map(lambda n: b"{" * (n * 40_000)),
        max_size=4,
    ),
    leaves=st.booleans(),
)
def test_whatever_comes_is_answered(
    path: str, method: str, body: list[bytes], leaves: bool
) -> None:
    """Any path, method and body, in any pieces: a known answer, or none if the client has left."""
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in body]
    messages.append({"type": "http.request", "body": b"", "more_body": False})
    if leaves:
        messages[-1] = {"type": "http.disconnect"}
    sent = asyncio.run(talk(Post().application(), messages, path, method=method))
    statuses = [message["status"] for message in sent if message["type"] == "http.response.start"]
    assert len(statuses) <= 1 if leaves else len(statuses) == 1
    assert set(statuses) <= {200, 400, 401, 404, 405, 413, 499}
