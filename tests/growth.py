"""How the time of a function grows with the length of its input, as a ratio."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def growth(act: Callable[[T], object], small: T, large: T) -> float:
    """Return how many times longer `act` takes for `large`: the best of several runs of each.

    CPU time of this thread, so that a busy machine does not count.
    """
    return _fastest(act, large) / _fastest(act, small)


def _fastest(act: Callable[[T], object], value: T) -> float:
    best = float("inf")
    for _ in range(5):
        started = time.thread_time()
        for _ in range(3):
            act(value)
        best = min(best, time.thread_time() - started)
    return max(best, 1e-6)
