"""Bytes with a part replaced."""

from __future__ import annotations

from hypothesis import strategies as st


def mutated(
    whole: st.SearchStrategy[bytes], *pasted: bytes, within: int
) -> st.SearchStrategy[bytes]:
    """Return a strategy for `whole` with a part of it replaced.

    The replacement is one of `pasted`, or a few random bytes. The part is
    within the first `within` bytes.
    """
    places = st.integers(0, within)
    texts = st.binary(max_size=20) | st.sampled_from([b"", *pasted])
    return st.builds(_cut_and_paste, whole, places, places, texts)


def _cut_and_paste(whole: bytes, start: int, end: int, pasted: bytes) -> bytes:
    return whole[:start] + pasted + whole[end:]
