"""A check that a function takes time linear in the length of its input.

Times four times the input against the input itself. Linear work takes four times as long,
quadratic work sixteen times; only the ratio counts, so the machine's speed does not matter.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

GROWTH = 4
LARGEST_RATIO = 9.0
"""Between linear (4) and quadratic (16); a function that cuts its input first comes to about 1."""

_LONG_ENOUGH = 0.0005  # seconds: noise is small beside it
_LARGEST = 200_000
"""Quadratic work on so much can be measured; more would only measure the caches of the machine."""


def cpu_seconds(function: Callable[[Any], object], argument: Any) -> float:
    """Return the least CPU time of this thread, in seconds, that three calls took."""
    best = float("inf")
    gc.disable()
    try:
        for _ in range(3):
            started = time.thread_time()
            function(argument)
            best = min(best, time.thread_time() - started)
    finally:
        gc.enable()
    return best


def assert_linear(
    function: Callable[[Any], object], build: Callable[[int], Any], size: int = 2000
) -> None:
    """Fail if `function` takes more than linear time on what `build(size)` returns.

    `size` is where to begin: large enough for quadratic work to show, small enough for it to end.
    A function so quick that its time cannot be measured is given more, up to 200,000.
    """
    while (least := cpu_seconds(function, build(size))) < _LONG_ENOUGH and size < _LARGEST:
        size *= 2
    ratios = []
    for _ in range(3):  # a neighbour on the same core may spoil one of them
        grown = cpu_seconds(function, build(GROWTH * size))
        ratios.append(grown / max(least, _LONG_ENOUGH))
        if ratios[-1] <= LARGEST_RATIO:
            return
        least = cpu_seconds(function, build(size))
    raise AssertionError(f"{GROWTH} x {size} took {min(ratios):.1f} times as long as {size}")
