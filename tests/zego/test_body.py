"""Bodies above the cap are cut off, whatever their form."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.errors import ApiError, NetworkError, ProtocolError
from exporter.zego.body import read_body


def endless() -> Iterator[bytes]:
    """Send for ever."""
    while True:
        yield bytes(10)


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_an_endless_body_is_not_read_to_its_end(encoding: str) -> None:
    """The cap holds for the bytes as received."""
    with pytest.raises(ProtocolError, match="larger than 100 bytes"):
        read_body(endless(), encoding=encoding, max_bytes=100)


@pytest.mark.parametrize(("size", "fits"), [(100, True), (101, False), (1_000_000, False)])
def test_the_cap_holds_for_the_body_as_unpacked(size: int, fits: bool) -> None:
    """A bomb is cut off, not unpacked."""
    pieces = [gzip.compress(bytes(size))]
    if fits:
        assert read_body(pieces, encoding=" GZIP ", max_bytes=5000)[:100] == bytes(100)
    else:
        with pytest.raises(ProtocolError):
            read_body(pieces, encoding="gzip", max_bytes=100)


def test_a_compressed_body_without_its_end_may_come_whole_next_time() -> None:
    """A truncated body is the connection's fault."""
    with pytest.raises(NetworkError) as caught:
        read_body([gzip.compress(b"text")[:-1]], encoding="gzip")
    assert (caught.value.code, caught.value.transient) == ("connection", True)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.binary()), st.sampled_from(["", "identity", "gzip", "deflate", "br", "x"]))
def test_any_bytes_give_a_body_or_our_error(pieces: list[bytes], encoding: str) -> None:
    """No other exception leaves."""
    with suppress(ApiError):
        assert len(read_body(pieces, encoding=encoding, max_bytes=50)) <= 50
