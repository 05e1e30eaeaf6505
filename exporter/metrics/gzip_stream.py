"""Cached pieces of a page, and one gzip member made of cached and fresh pieces.

Deflate streams that end with a full flush can be concatenated (RFC 1951; zlib manual,
Z_FULL_FLUSH): each begins on a byte and refers to nothing before it. The result is one member, not
one for each piece, because browsers and some tools stop after the first.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from functools import cached_property

GZIP_LEVEL = 1  # zlib's fastest: a scrape pays with CPU for bytes that mostly travel one hop

_RAW = -zlib.MAX_WBITS  # no header and no checksum of its own
# RFC 1952: magic, deflate, no flags, no time, compressed fast, on no particular system.
_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"


class Chunk:
    """Some whole lines of a page, compressed once at most."""

    def __init__(self, text: bytes) -> None:
        self.text = text

    def deflate(self) -> bytes:
        """Return the text as a deflate stream without an end; nothing where there is no text."""
        return self._deflated

    @cached_property
    def _deflated(self) -> bytes:
        return _deflate(self.text, zlib.Z_FULL_FLUSH) if self.text else b""


def checksum(chunks: Iterable[Chunk]) -> tuple[int, int]:
    """Return the CRC-32 and the length of the chunks' text."""
    crc = length = 0
    for chunk in chunks:
        crc = zlib.crc32(chunk.text, crc)
        length += len(chunk.text)
    return crc, length


def gzip_member(chunks: Iterable[Chunk], kept: tuple[int, int], fresh: bytes) -> bytes:
    """Return the chunks and the fresh text behind them as gzip; `kept` is the chunks' checksum."""
    crc, length = kept
    tail = struct.pack("<LL", zlib.crc32(fresh, crc), (length + len(fresh)) & 0xFFFFFFFF)
    parts = (chunk.deflate() for chunk in chunks)
    return b"".join((_HEAD, *parts, _deflate(fresh, zlib.Z_FINISH), tail))


def _deflate(text: bytes, end: int) -> bytes:
    compressor = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _RAW)
    return compressor.compress(text) + compressor.flush(end)
