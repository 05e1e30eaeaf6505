"""When an app is collected: at regular ticks, and early when a callback asks for it.

Only arithmetic on a clock in seconds that never jumps; the collector waits.
"""

from __future__ import annotations

import math
import time

EARLY_SPACING = 5.0
"""Seconds at least between the start of a collection and an early one after it."""


def elapsed_clock() -> float:
    """Return seconds from some start, with the time that the machine was suspended.

    Data is as old as the time that really passed (docs/guarantees.md, section 2), and
    `time.monotonic` stands still during a suspend.
    """
    # macOS and BSD have no such clock; there, monotonic is the best that never jumps.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def ticks_by(now: float, tick: float, interval: float) -> int:
    """Return how many ticks there are from `tick` (may be infinite) to `now`, both included."""
    return math.floor((now - tick) / interval) + 1 if tick <= now else 0


class Schedule:
    """Ticks at `first`, `first + interval`, …; those that come during a collection are skipped."""

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
        """When the next collection is to start."""
        if self._early:
            return min(self._tick, self._started + EARLY_SPACING)
        return self._tick

    def request_early_collection(self) -> None:
        """Ask for a collection before the next tick."""
        self._early = True

    def start(self, now: float) -> None:
        """Note that a collection starts; it serves all requests for an early one so far."""
        self._early = False
        self._started = now
        if now >= self._tick:
            self._tick += self._interval

    def end(self, now: float) -> int:
        """Note that the collection has ended; return how many ticks came while it ran."""
        skipped = ticks_by(now, self._tick, self._interval)
        self._tick += skipped * self._interval
        return skipped
