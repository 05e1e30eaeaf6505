"""Values of flags; `test_flags.py` has them on a command line."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable

import pytest

from exporter.flag_values import read_count, read_duration, read_pace, read_seed


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (read_duration, "6h", 21_600),
        (read_duration, "90", 90),
        (read_count, "0", 0),
        (read_count, "12", 12),
        (read_seed, "7", 7),
        (read_seed, "-7", -7),
        (read_pace, "0", 0),
        (read_pace, "0.001", 0.001),
        (read_pace, "1e4", 10_000),
    ],
)
def test_a_value_is_read(read: Callable[[str], float], text: str, value: float) -> None:
    """Numbers in decimal."""
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text", "problem"),
    [
        (read_duration, "soon", "not a duration (such as 90s, 5m, 1h30m or plain seconds)"),
        *(
            (read_count, text, f"not a whole number of at least 0: {text!r}")
            for text in ("-1", "", "1.5", "x", "٣", "1_000", "9" * 5000)
        ),
        *(
            (read_seed, text, f"not a whole number: {text!r}")
            for text in ("x", "", "1.5", "--7", "٣", "1_000", " 1", "9" * 5000)
        ),
        *(
            (read_pace, text, f"neither 0 nor from 0.001 to 10000: {text!r}")
            for text in ("nan", "inf", "-3", "10001", "1e-9", "fast")
        ),
    ],
)
def test_a_wrong_value_is_refused_in_words(
    read: Callable[[str], float], text: str, problem: str
) -> None:
    """No message names a function of Python."""
    with pytest.raises(ArgumentTypeError) as refused:
        read(text)
    assert str(refused.value) == problem
