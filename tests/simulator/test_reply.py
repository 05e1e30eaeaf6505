from __future__ import annotations

import gzip
import json
from typing import Any

from exporter.simulator.reply import Reply, make_reply
from tests.simulator.calls import NOW

PAYLOAD = {"Code": 0, "Message": "succeed", "Data": {"Title": "课" * 1000}}


def reply_to(payload: Any = PAYLOAD, *, accept_gzip: bool = False) -> Reply:
    """Return the reply to `payload`."""
    reply = make_reply(payload, NOW)
    if accept_gzip:
        reply.compress()
    return reply


def test_a_plain_reply() -> None:
    """JSON in UTF-8, with its length, type and the date of the server's clock."""
    reply = reply_to()
    assert json.loads(reply.body) == PAYLOAD
    assert reply.headers == {
        "Content-Type": "application/json",
        "Date": "Tue, 14 Nov 2023 22:13:20 GMT",
    }
    head = reply.head()
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert f"Content-Length: {len(reply.body)}\r\n".encode() in head
    assert head.endswith(b"\r\n\r\n")


def test_gzip_where_it_is_accepted_and_worth_it() -> None:
    """A long body is compressed, a short one is not."""
    reply = reply_to(accept_gzip=True)
    assert json.loads(gzip.decompress(reply.body)) == PAYLOAD
    assert reply.headers["Content-Encoding"] == "gzip"
    assert reply_to({}, accept_gzip=True).body == b"{}"


def test_half_a_surrogate_pair_is_escaped() -> None:
    """A title that UTF-8 cannot hold is still sent, as JSON can."""
    reply = reply_to({"Title": "\ud83d!"})
    assert b"\\ud83d!" in reply.body
    assert json.loads(reply.body) == {"Title": "\ud83d!"}


def test_nan_is_written_as_python_does() -> None:
    """The word NaN, which JSON does not have."""
    assert b":NaN" in reply_to({"TotalSize": float("nan")}).body
