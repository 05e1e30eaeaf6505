"""Text that a peer chose, made fit for our messages."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.zego.text import printable, replace_surrogates


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("invalid PageSize", "invalid PageSize"),
        ("a\r\nb\x00\x1b[31mc", "a b [31mc"),
        ("right\u202eleft", "right left"),
        ("无效的输入参数", "无效的输入参数"),
        ("see https://a.example/x.mp4?token=abc now", "see https://a.example/x.mp4 now"),
        ("x" * 300, "x" * 200),
    ],
)
def test_it_is_one_printable_line_without_queries(text: str, expected: str) -> None:
    """Control characters, marks that turn the direction, and URL queries go."""
    assert printable(text, limit=200) == expected


@pytest.mark.parametrize("text", ["bad s3cret!", "bad S3CRET", "x" * 198 + "s3cret", "s3cret\n"])
def test_a_text_with_a_secret_is_dropped_whole(text: str) -> None:
    """Also where the limit would have cut the secret in two."""
    assert printable(text, limit=200, hide=("s3cret", "")) == ""


@settings(deadline=None, max_examples=40)
@given(st.text(st.characters()))
def test_whatever_comes_can_be_printed(text: str) -> None:
    """The result is printable and within its limit."""
    line = printable(text, limit=20)
    assert line.isprintable()
    assert len(line) <= 20


@pytest.mark.parametrize(
    ("text", "expected"), [("plain", "plain"), ("片", "片"), ("a\ud800b", "a\ufffdb")]
)
def test_lone_surrogates_are_replaced(text: str, expected: str) -> None:
    """They could not be encoded into a page."""
    assert replace_surrogates(text) == expected
