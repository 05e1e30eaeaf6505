"""Faults of the connection and of the bytes of an answer."""

from __future__ import annotations

import functools
import itertools
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from exporter.simulator.app import envelope
from exporter.simulator.reply import Reply, become_gateway_error, encode_json
from tests.faults.faults import Fault, Parameter

MIB = 2**20


@dataclass
class FaultyReply(Reply):
    """A response: its content, how slowly it is sent, and how it ends.

    Attributes:
        repeat: How often the body is sent.
        delay: Seconds before the first byte.
        bytes_per_second: Counts from the first byte of `slow_from` on; 0 for no limit.
        ending: "cut" declares twice the length that is sent; "reset" and "silent" send nothing.
    """

    repeat: int = 1
    delay: float = 0.0
    bytes_per_second: float = 0.0
    slow_from: Literal["header", "body"] = "body"
    ending: Literal["keep", "cut", "reset", "silent"] = "keep"

    @property
    def content_length(self) -> int:
        """Return the length of the body that the header declares."""
        return len(self.body) * self.repeat * (2 if self.ending == "cut" else 1)

    def compress(self) -> None:
        """Compress the body, unless it is sent more than once."""
        if self.repeat == 1:
            super().compress()

    def parts(self) -> Iterable[bytes]:
        """Return the response in pieces that may be sent one after another."""
        first = self.head() + self.body
        return itertools.chain((first,), itertools.repeat(self.body, self.repeat - 1))


def alter_reply(reply: Reply, faults: Mapping[Fault, Parameter]) -> Reply:
    """Return a response with the faults of the connection and of the bytes."""
    if not faults.keys() & ACTS.keys():
        return reply
    faulty = FaultyReply(reply.status, reply.headers, reply.body)
    for fault, act in ACTS.items():
        if fault in faults:
            act(faulty, faults[fault])
    return faulty


def _code(reply: FaultyReply, code: Parameter) -> None:
    reply.body = encode_json(envelope(int(code or 0), "failed"))


def _code_without_data(reply: FaultyReply, code: Parameter) -> None:
    payload = envelope(int(code or 0), "failed")
    del payload["Data"]
    reply.body = encode_json(payload)


def _html(reply: FaultyReply, status: Parameter) -> None:
    become_gateway_error(reply, int(status or 0))


def _too_many_requests(reply: FaultyReply, retry_after: Parameter) -> None:
    _http_status(reply, 429)
    reply.headers["Retry-After"] = str(retry_after)


def _http_status(reply: FaultyReply, status: Parameter) -> None:
    reply.status = int(status or 0)
    reply.body = b""


def _redirect(reply: FaultyReply, address: Parameter) -> None:
    _http_status(reply, 302)
    reply.headers["Location"] = str(address)


def _not_utf8(reply: FaultyReply, _: Parameter) -> None:
    reply.body = reply.body.replace(b'"Message":"', b'"Message":"\xff\xfe', 1)


def _deep_nesting(reply: FaultyReply, depth: Parameter) -> None:
    reply.body = b"[" * int(depth or 0) + b"]" * int(depth or 0)


def _huge_body(reply: FaultyReply, mebibytes: Parameter) -> None:
    reply.body, reply.repeat = b" " * MIB, int(mebibytes or 0)


def _gzip_bomb(reply: FaultyReply, mebibytes: Parameter) -> None:
    reply.headers["Content-Encoding"] = "gzip"
    reply.body = _make_bomb(int(mebibytes or 0))


@functools.lru_cache(maxsize=4)
def _make_bomb(mebibytes: int) -> bytes:
    """Return an answer with a very long Message, compressed about a thousandfold."""
    packer = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    pieces = [packer.compress(b'{"Code":0,"Data":null,"Message":"')]
    pieces += [packer.compress(b" " * MIB) for _ in range(mebibytes)]
    return b"".join((*pieces, packer.compress(b'"}'), packer.flush()))


def _slow_header(reply: FaultyReply, rate: Parameter) -> None:
    reply.bytes_per_second, reply.slow_from = float(rate or 0), "header"


def _slow_body(reply: FaultyReply, rate: Parameter) -> None:
    reply.bytes_per_second, reply.slow_from = float(rate or 0), "body"


def _delay(reply: FaultyReply, seconds: Parameter) -> None:
    reply.delay = float(seconds or 0)


def _truncated(reply: FaultyReply, _: Parameter) -> None:
    reply.ending = "cut"


def _reset(reply: FaultyReply, _: Parameter) -> None:
    reply.ending = "reset"


def _silent(reply: FaultyReply, _: Parameter) -> None:
    reply.ending = "silent"


ACTS: Mapping[Fault, Callable[[FaultyReply, Parameter], None]] = {
    Fault.CODE_WITHOUT_DATA: _code_without_data,
    Fault.CODE: _code,
    Fault.NOT_UTF8: _not_utf8,
    Fault.DEEP_NESTING: _deep_nesting,
    Fault.HUGE_BODY: _huge_body,
    Fault.GZIP_BOMB: _gzip_bomb,
    Fault.HTML: _html,
    Fault.HTTP_STATUS: _http_status,
    Fault.TOO_MANY_REQUESTS: _too_many_requests,
    Fault.REDIRECT: _redirect,
    Fault.SLOW_HEADER: _slow_header,
    Fault.SLOW_BODY: _slow_body,
    Fault.DELAY: _delay,
    Fault.TRUNCATED: _truncated,
    Fault.RESET: _reset,
    Fault.SILENT: _silent,
}
"""What each fault does to a reply, in the order in which they act."""
