"""Any bytes in the place of the API's answer give a page or one of our errors."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.errors import CollectionError
from exporter.text import printable
from exporter.zego.client import Client, Page
from exporter.zego.limiter import RateLimiter
from exporter.zego.stats import ApiStats
from tests.reliability.mutation import mutated
from tests.zego.peer import Connection, Peer

ENTRY = {"UploadTaskId": "a", "Title": "a.mp4", "Status": 4, "RetryCount": 0, "ExpiresAt": 1}
DATA = {"TotalSize": 1, "NextPageToken": "", "UploadTask": [ENTRY]}
PAGE = json.dumps({"Code": 0, "Message": "", "RequestId": "r", "Data": DATA}).encode()
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(PAGE), PAGE)

STATUSES = (b"200 OK", b"200", b"204 X", b"100 X", b"101 X", b"302 X", b"429 X", b"502 X", b"999 X")
FIELDS = (
    *(b"Content-Length: 20", b"Content-Length: -1", b"Content-Length: x", b"Location: /"),
    *(b"Transfer-Encoding: chunked", b"Content-Encoding: gzip", b"Content-Encoding: br"),
    *(b"Date: Tue, 99 Foo 9999999999 00:00:00 GMT", b"Retry-After: 1e9", b"Set-Cookie: a=b"),
    *(b": ", b"\x00: \xff", b"X" * 70_000),
)


def make_answer(status: bytes, fields: list[bytes], body: bytes) -> bytes:
    """Return the bytes of an answer, whose parts need not fit together."""
    return b"\r\n".join([b"HTTP/1.1 " + status, *fields, b"", body])


ANSWERS = st.builds(
    make_answer,
    st.sampled_from(STATUSES),
    st.lists(st.sampled_from(FIELDS), max_size=2),
    st.sampled_from([PAGE, CHUNKED, b"\x1f\x8b\x08"]) | st.binary(max_size=60),
)


class Impostor:
    """A peer in the place of the API that answers every request with `answer`."""

    def __init__(self) -> None:
        self.answer = b""
        self.peer = Peer(self._behave)

    def _behave(self, connection: Connection) -> None:
        connection.read_request()
        connection.send(self.answer)


@pytest.fixture(scope="module")
def impostor() -> Iterator[Impostor]:
    """Run the peer."""
    built = Impostor()
    yield built
    built.peer.stop()


def ask(url: str) -> Page | CollectionError:
    """Return the result of one request."""
    client = Client(
        app_id=1,
        endpoint=url,
        is_test=None,
        limiter=RateLimiter(10_000),
        stats=ApiStats(),
        timeout=20,
        max_retries=0,
    )
    try:
        return client.describe_upload_tasks(secret="0" * 32, deadline=float("inf"))
    except CollectionError as error:
        return error
    finally:
        client.close()


GOOD = [
    make_answer(b"200 OK", [], PAGE),
    make_answer(b"200 OK", [b"Transfer-Encoding: chunked"], CHUNKED),
]
MUTATED = mutated(ANSWERS | st.sampled_from(GOOD), b"\r\n", b"\n\n", b"0", b"[", within=300)


@settings(max_examples=60)
@given(ANSWERS | MUTATED | st.binary(max_size=200))
def test_no_bytes_break_the_client(impostor: Impostor, answer: bytes) -> None:
    """A page or an error in one printable line; the peer closes, so nothing waits for more."""
    impostor.answer = answer
    outcome = ask(impostor.peer.url)
    assert isinstance(outcome, Page) or printable(str(outcome)) == str(outcome)


@pytest.mark.parametrize("answer", GOOD)
def test_a_good_answer_is_read(impostor: Impostor, answer: bytes) -> None:
    """The answer that the fuzzing changes is valid."""
    impostor.answer = answer
    page = ask(impostor.peer.url)
    assert isinstance(page, Page)
    assert [task.id for task in page.tasks] == ["a"]
