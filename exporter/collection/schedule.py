"""When an app is collected: at the ticks of a fixed raster, and early when somebody asks for it.

Pure arithmetic on a monotonic clock in seconds; the collector does the waiting.
"""

from __future__ import annotations

import math

EARLY_SPACING = 5.0
"""Seconds at least between the start of a collection and an early one after it."""


def ticks_by(now: float, tick: float, interval: float) -> int:
    """Return how many ticks there are from `tick` (may be infinite) to `now`, both included."""
    return math.floor((now - tick) / interval) + 1 if tick <= now else 0


class Schedule:
    """Ticks at `first`, `first + interval`, …; those that come during a collection are skipped."""

    def __init__(self, first: float, interval: float) -> None:
        self._tick = first
        self._interval = interval
        self._begun = -math.inf
        self._hurried = False

    @property
    def tick(self) -> float:
        """The next tick of the raster."""
        return self._tick

    @property
    def due(self) -> float:
        """When the next collection is to start."""
        if self._hurried:
            return min(self._tick, self._begun + EARLY_SPACING)
        return self._tick

    def request_early_collection(self) -> None:
        """Ask for a collection before the next tick."""
        self._hurried = True

    def begin(self, now: float) -> None:
        """Note that a collection starts; whoever asked for it is served by it."""
        self._hurried = False
        self._begun = now
        if now >= self._tick:
            self._tick += self._interval

    def end(self, now: float) -> int:
        """Note that the collection has ended; return how many ticks came while it ran."""
        skipped = ticks_by(now, self._tick, self._interval)
        self._tick += skipped * self._interval
        return skipped
