from __future__ import annotations

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.web.http import Response
from exporter.web.negotiation import accepts_gzip, compress


@pytest.mark.parametrize(
    "header",
    [
        "gzip",
        "GZip",
        "x-gzip",
        "deflate, gzip",
        "gzip;q=0.001",
        "gzip ; q=1.000",
        "*",
        "*;q=0.5",
        "identity;q=0.5, gzip;q=0.5",
        "identity;q=0, *",
        "br, gzip;level=3",
    ],
)
def test_gzip_is_wanted(header: str) -> None:
    """Gzip is used when it is named, or covered by the asterisk."""
    assert accepts_gzip(header)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "identity",
        "deflate, br",
        "gzip;q=0",
        "gzip;q=0.000",
        "gzip;q=0, *",
        "*;q=0",
        "gzip;q=0.2, identity;q=0.8",
        "gzip;q=abc",
        "gzip;q=",
        "gzip;q=2",
        "gzip;q=-1",
        "gzip;q=nan",
        "gzipped",
        ";;;,,,==",
    ],
)
def test_gzip_is_not_wanted(header: str) -> None:
    """Gzip is not used when it is refused, less liked than the plain answer, or only junk came."""
    assert not accepts_gzip(header)


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=40) | st.text(alphabet="gzip*;q=01., \t", max_size=40))
def test_no_header_breaks_the_reading(header: str) -> None:
    """Whatever the peer sends, the answer is yes or no."""
    assert accepts_gzip(header) in {True, False}


def test_a_compressed_answer_says_so_and_keeps_its_headers() -> None:
    """The body unpacks to the plain one, and equal pages stay equal bytes."""
    plain = Response(200, b"metric 1\n" * 100, "text/x", {"Vary": "Accept"})
    packed = compress(plain)
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body)
    assert packed.headers == {"Vary": "Accept", "Content-Encoding": "gzip"}
    assert (packed.status, packed.content_type) == (200, "text/x")
    assert compress(plain) == packed
