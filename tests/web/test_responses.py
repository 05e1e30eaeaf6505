"""Responses: compressed forms and pieces."""

from __future__ import annotations

import gzip

from exporter.web.responses import PiecewiseResponse


def test_a_compressed_response_says_so_and_keeps_its_headers() -> None:
    """The body unpacks to the plain one, and equal pages stay equal bytes."""
    plain = PiecewiseResponse(
        b"metric 1\n" * 100, 400, content_type="text/x; charset=x", headers={"Vary": "Accept"}
    )
    packed = plain.compressed()
    assert gzip.decompress(packed.body) == plain.body
    assert packed.status_code == 400
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["content-length"] == str(len(packed.body)) != str(len(plain.body))
    assert packed.headers["content-type"] == "text/x; charset=x"
    assert packed.headers["vary"] == "Accept"
    assert packed.headers["x-content-type-options"] == "nosniff"
    assert plain.compressed().body == packed.body
