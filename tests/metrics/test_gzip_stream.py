"""One gzip member made of cached and new pieces."""

from __future__ import annotations

import gzip
import zlib

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.metrics.gzip_stream import Chunk, checksum, gzip_member

TEXTS = st.binary(max_size=200) | st.binary(max_size=4).map(lambda text: text * 20_000)


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=5), TEXTS)
def test_any_pieces_are_one_member_that_holds_them_in_order(
    kept: list[bytes], fresh: bytes
) -> None:
    """Empty and large ones too; header, checksum and length are right, and nothing follows."""
    chunks = [Chunk(text) for text in kept]
    body = gzip_member(chunks, checksum(chunks), fresh)
    member = zlib.decompressobj(zlib.MAX_WBITS | 16)
    assert member.decompress(body) == b"".join([*kept, fresh])
    assert member.eof
    assert member.unused_data == b""
    assert gzip.decompress(body) == b"".join([*kept, fresh])


def test_a_chunk_is_compressed_once() -> None:
    """Scrapes share the bytes."""
    chunk = Chunk(b"text" * 100)
    assert chunk.deflate() is chunk.deflate()
    assert len(chunk.deflate()) < len(chunk.text)


def test_equal_pages_are_equal_bytes() -> None:
    """The header has neither time nor name."""
    chunk = Chunk(b"kept")
    pages = {gzip_member([chunk], checksum([chunk]), b"fresh") for _ in range(2)}
    assert len(pages) == 1
