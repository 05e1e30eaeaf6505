"""When an app is collected: at regular ticks, and early when a callback asks for it.

Only arithmetic on a monotonic clock in seconds; the collector waits.
"""

from __future__ import annotations

import math
import random
import time

START_SPREAD = 0.1
"""Part of the interval over which the first collections of all apps are spread."""

MAX_START_SPREAD_SECONDS = 10.0
"""Upper bound of the start delay in seconds."""

EARLY_SPACING = 5.0
"""Seconds at least between the start of a collection and an early one after it."""


def elapsed_clock() -> float:
    """Return monotonic seconds that include the time in which the machine was suspended.

    The age of data is elapsed time (docs/guarantees.md, section 2). `time.monotonic` does not count
    during a suspend on Linux.
    """
    # macOS and BSD have no CLOCK_BOOTTIME; the monotonic clock is the best there.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def random_start(now: float, interval: float) -> float:
    """Return the time of the first tick: apps and replicas must not all send requests together."""
    longest_delay = min(START_SPREAD * interval, MAX_START_SPREAD_SECONDS)
    return now + random.random() * longest_delay  # noqa: S311 - not cryptography


def count_ticks(now: float, tick: float, interval: float) -> int:
    """Return the number of ticks from `tick` (can be infinite) to `now`, both included."""
    return math.floor((now - tick) / interval) + 1 if tick <= now else 0


class Schedule:
    """Ticks at `first`, `first + interval`, …; ticks during a collection are skipped."""

    def __init__(self, first: float, interval: float) -> None:
        self._tick = first
        self._interval = interval
        self._started = -math.inf
        self._early = False

    @property
    def tick(self) -> float:
        """The next regular tick."""
        return self._tick

    @property
    def due(self) -> float:
        """The time of the next collection."""
        if self._early:
            return min(self._tick, self._started + EARLY_SPACING)
        return self._tick

    def request_early_collection(self) -> None:
        """Ask for a collection before the next tick."""
        self._early = True

    def start(self, now: float) -> None:
        """Note that a collection starts; earlier requests for an early one are served by it."""
        self._early = False
        self._started = now
        # All ticks so far, not only one: those of a suspend were not skipped by a collection.
        self._tick += count_ticks(now, self._tick, self._interval) * self._interval

    def end(self, now: float) -> int:
        """Note that the collection has ended; return how many ticks it skipped."""
        skipped = count_ticks(now, self._tick, self._interval)
        self._tick += skipped * self._interval
        return skipped
