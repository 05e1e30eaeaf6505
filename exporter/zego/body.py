"""Reads an answer's body without ever holding more of it than the cap.

The compressed stream is inflated piece by piece, so that a small answer that would unpack to
gigabytes is cut off, not unpacked.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from exporter.errors import NetworkError, ProtocolError

MAX_BYTES = 16 * 1024 * 1024
"""Cap of an answer's body, as received and as unpacked; a full page is about 50 kB."""

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_COMPRESSED = ("gzip", "x-gzip", "deflate")


def read_body(pieces: Iterable[bytes], *, encoding: str, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the decoded body.

    `pieces` are the bytes as received, `encoding` the Content-Encoding ("" for none). Raises
    ProtocolError for a body above the cap, an unknown or a broken encoding, and NetworkError for
    a compressed body that ends too early.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return _join(pieces, max_bytes)
    if encoding not in _COMPRESSED:
        raise _invalid("the answer is in an encoding that we did not ask for")
    return _inflate(_join(pieces, max_bytes), max_bytes)


def _join(pieces: Iterable[bytes], max_bytes: int) -> bytes:
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
    return bytes(body)


def _inflate(packed: bytes, max_bytes: int) -> bytes:
    inflater = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        body = inflater.decompress(packed, max_bytes + 1)
    except zlib.error:
        raise _invalid("the answer's compression is broken") from None
    if len(body) > max_bytes:
        raise _too_large(max_bytes)
    if not inflater.eof:
        raise NetworkError("the answer ends too early", code="connection", transient=True)
    return body


def _too_large(max_bytes: int) -> ProtocolError:
    return _invalid(f"the answer is larger than {max_bytes} bytes")


def _invalid(problem: str) -> ProtocolError:
    return ProtocolError(
        problem,
        code="invalid_response",
        remedy="Check that the endpoint is ZEGO's and that no proxy answers in its place.",
    )
