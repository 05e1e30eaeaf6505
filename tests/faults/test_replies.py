"""What faults do to the bytes of an answer."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest

from exporter.simulator.app import handle
from exporter.simulator.reply import make_reply
from tests.faults.faults import Fault, Parameter
from tests.faults.replies import FaultyReply, alter_reply
from tests.simulator.calls import NOW, frozen_app, signed_query

PAYLOAD = {"Code": 0, "Message": "succeed", "Data": {"Title": "课" * 1000}}


def reply_to(
    payload: Any = PAYLOAD, *, accept_gzip: bool = False, **faults: Parameter
) -> FaultyReply:
    """Return the reply to `payload` with faults by their names."""
    drawn = {Fault[name]: parameter for name, parameter in faults.items()}
    reply = alter_reply(make_reply(payload, NOW), drawn)
    assert isinstance(reply, FaultyReply)
    if accept_gzip:
        reply.compress()
    return reply


@pytest.mark.parametrize("offset", [-1200, 1200])
def test_a_clock_that_is_off_shows_in_the_date(offset: int) -> None:
    """The Date header is off by as much."""
    app = frozen_app()
    app.faults.switch_on(Fault.CLOCK_OFFSET, offset)
    date = handle({1: app}, signed_query(app), b"{}", NOW).headers["Date"]
    assert date == f"Tue, 14 Nov 2023 {'21:53' if offset < 0 else '22:33'}:20 GMT"


@pytest.mark.parametrize(
    ("faults", "status", "header", "content"),
    [
        ({"HTML": 502}, 502, ("Content-Type", "text/html"), b"<html>"),
        ({"HTML": 200}, 200, ("Content-Type", "text/html"), b"<html>"),
        ({"HTTP_STATUS": 503}, 503, ("Content-Type", "application/json"), b""),
        ({"HTTP_STATUS": 799}, 799, ("Content-Type", "application/json"), b""),
        ({"TOO_MANY_REQUESTS": 7}, 429, ("Retry-After", "7"), b""),
        ({"TOO_MANY_REQUESTS": "Tue, 14 Nov 2023 22:13:20 GMT"}, 429,
         ("Retry-After", "Tue, 14 Nov 2023 22:13:20 GMT"), b""),
        ({"REDIRECT": "http://127.0.0.1:1/x"}, 302, ("Location", "http://127.0.0.1:1/x"), b""),
    ],
)  # fmt: skip
def test_faults_that_are_another_status(
    faults: dict[str, Parameter], status: int, header: tuple[str, str], content: bytes
) -> None:
    """Status, a header and the beginning of the body."""
    reply = reply_to(accept_gzip=False, **faults)
    assert reply.head().startswith(f"HTTP/1.1 {status} ".encode())
    assert reply.headers[header[0]] == header[1]
    assert reply.body[:6] == content


def test_bytes_that_are_not_utf8() -> None:
    """The body cannot be decoded."""
    with pytest.raises(UnicodeDecodeError):
        reply_to(NOT_UTF8=None).body.decode()


def test_deep_nesting() -> None:
    """Deeper than Python's parser allows."""
    with pytest.raises(RecursionError):
        json.loads(reply_to(DEEP_NESTING=100_000).body)


def test_a_huge_body_is_declared_and_sent_in_pieces() -> None:
    """Its length is declared; each piece is the same mebibyte."""
    reply = reply_to(HUGE_BODY=100, accept_gzip=True)
    assert f"Content-Length: {100 * 2**20}\r\n".encode() in reply.head()
    assert sum(len(part) for part in reply.parts()) == 100 * 2**20 + len(reply.head())


def test_a_gzip_bomb_is_small_until_unpacked() -> None:
    """A thousandth of what it unpacks to, and valid JSON in the end."""
    reply = reply_to(GZIP_BOMB=16)
    assert len(reply.body) < 20_000
    assert len(json.loads(zlib.decompress(reply.body, 31))["Message"]) == 16 * 2**20
