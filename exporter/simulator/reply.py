"""From an answer to the bytes of an HTTP response, and what goes wrong with them on the way."""

from __future__ import annotations

import functools
import gzip
import itertools
import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Literal

from exporter.simulator.api import Answer, clock_offset
from exporter.simulator.faults import Fault, Parameter

MIB = 2**20
_WORTH_COMPRESSING = 1024

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(slots=True)
class Reply:
    """A response: what is said, how slowly, and how it ends.

    The body is `body`, `repeat` times. `delay` is seconds before the first byte;
    `bytes_per_second` (0: no limit) counts from the first byte of the header or of the body.
    `ending` "cut" declares twice the length that is sent, "reset" and "silent" send nothing.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    body: bytes = b""
    repeat: int = 1
    delay: float = 0.0
    bytes_per_second: float = 0.0
    slow_from: Literal["header", "body"] = "body"
    ending: Literal["keep", "cut", "reset", "silent"] = "keep"

    def head(self) -> bytes:
        """Return the status line and the header, up to the empty line."""
        length = len(self.body) * self.repeat * (2 if self.ending == "cut" else 1)
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Unknown"
        lines = [f"HTTP/1.1 {self.status} {phrase}", f"Content-Length: {length}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def parts(self) -> Iterable[bytes]:
        """Return the response in pieces that may be sent one after another."""
        first = self.head() + self.body
        return itertools.chain((first,), itertools.repeat(self.body, self.repeat - 1))


def encode_json(value: Any) -> bytes:
    """Return `value` as JSON in UTF-8; half a surrogate pair becomes a JSON escape."""
    return _to_json(value).encode(errors="backslashreplace")


def make_reply(answer: Answer, now: float, *, accept_gzip: bool) -> Reply:
    """Return the response for `answer` at `now` (Unix seconds), with its faults at work."""
    reply = Reply(body=encode_json(answer.payload))
    reply.headers["Date"] = formatdate(now + clock_offset(answer.faults), usegmt=True)
    for fault, act in _ACTS.items():
        if fault in answer.faults:
            act(reply, answer.faults[fault])
    if accept_gzip:
        _compress(reply)
    return reply


def _compress(reply: Reply) -> None:
    plain = "Content-Encoding" not in reply.headers and reply.repeat == 1
    if plain and len(reply.body) > _WORTH_COMPRESSING:
        reply.body = gzip.compress(reply.body, 1)
        reply.headers["Content-Encoding"] = "gzip"


# What the faults do. Each takes the reply and the fault's parameter.


def _html(reply: Reply, status: Parameter) -> None:
    reply.status = int(status or 0)
    reply.headers["Content-Type"] = "text/html"
    reply.body = (
        b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
        b"<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n"
        b"</body>\r\n</html>\r\n"
    )


def _too_many_requests(reply: Reply, retry_after: Parameter) -> None:
    _http_status(reply, 429)
    reply.headers["Retry-After"] = str(retry_after)


def _http_status(reply: Reply, status: Parameter) -> None:
    reply.status = int(status or 0)
    reply.body = b""


def _redirect(reply: Reply, address: Parameter) -> None:
    _http_status(reply, 302)
    reply.headers["Location"] = str(address)


def _not_utf8(reply: Reply, _: Parameter) -> None:
    reply.body = reply.body.replace(b'"Message":"', b'"Message":"\xff\xfe', 1)


def _deep_nesting(reply: Reply, depth: Parameter) -> None:
    reply.body = b"[" * int(depth or 0) + b"]" * int(depth or 0)


def _huge_body(reply: Reply, mebibytes: Parameter) -> None:
    reply.body, reply.repeat = b" " * MIB, int(mebibytes or 0)


def _gzip_bomb(reply: Reply, mebibytes: Parameter) -> None:
    reply.headers["Content-Encoding"] = "gzip"
    reply.body = _make_bomb(int(mebibytes or 0))


@functools.lru_cache(maxsize=4)
def _make_bomb(mebibytes: int) -> bytes:
    """Return an answer with a very long Message, compressed about a thousandfold."""
    packer = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    pieces = [packer.compress(b'{"Code":0,"Data":null,"Message":"')]
    pieces += [packer.compress(b" " * MIB) for _ in range(mebibytes)]
    return b"".join((*pieces, packer.compress(b'"}'), packer.flush()))


def _slow_header(reply: Reply, rate: Parameter) -> None:
    reply.bytes_per_second, reply.slow_from = float(rate or 0), "header"


def _slow_body(reply: Reply, rate: Parameter) -> None:
    reply.bytes_per_second, reply.slow_from = float(rate or 0), "body"


def _delay(reply: Reply, seconds: Parameter) -> None:
    reply.delay = float(seconds or 0)


def _truncated(reply: Reply, _: Parameter) -> None:
    reply.ending = "cut"


def _reset(reply: Reply, _: Parameter) -> None:
    reply.ending = "reset"


def _silent(reply: Reply, _: Parameter) -> None:
    reply.ending = "silent"


_ACTS: Mapping[Fault, Callable[[Reply, Parameter], None]] = {
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
