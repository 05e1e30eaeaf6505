"""Faults of the connection and of the bytes of an answer."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Mapping

from exporter.simulator.reply import Reply, become_gateway_error
from tests.faults.faults import Fault, Parameter

MIB = 2**20


def _html(reply: Reply, status: Parameter) -> None:
    become_gateway_error(reply, int(status or 0))


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


ACTS: Mapping[Fault, Callable[[Reply, Parameter], None]] = {
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
