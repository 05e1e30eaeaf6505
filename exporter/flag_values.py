"""Values of flags, read from text. Each function raises ArgumentTypeError for a wrong one."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError

from exporter.durations import EXAMPLES, parse_duration


def read_duration(text: str) -> float:
    """Return the seconds of a duration with units, or of a plain number."""
    try:
        return parse_duration(text, plain=True)
    except ValueError as error:
        # Without the text, which may be a secret.
        raise ArgumentTypeError(f"{error} ({EXAMPLES})") from error


def read_count(text: str) -> int:
    """Return a whole number of at least 0."""
    # Python refuses to read a number of more than 4,300 digits.
    if not re.fullmatch("[0-9]{1,100}", text):
        raise ArgumentTypeError(f"not a whole number of at least 0: {text!r}")
    return int(text)


def read_seed(text: str) -> int:
    """Return a whole number, also a negative one."""
    # As above.
    if not re.fullmatch("-?[0-9]{1,100}", text):
        raise ArgumentTypeError(f"not a whole number: {text!r}")
    return int(text)


def read_pace(text: str) -> float:
    """Return the speed of simulated time, 0 for none."""
    # Faster, the events of a second take longer than a second; slower, the demo begins before 1970.
    try:
        if (pace := float(text)) == 0 or 0.001 <= pace <= 10_000:  # noqa: PLR2004 - as the message
            return pace
    except ValueError:
        pass
    raise ArgumentTypeError(f"neither 0 nor from 0.001 to 10000: {text!r}")
