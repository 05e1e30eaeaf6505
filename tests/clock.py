"""A clock for tests: time is what the test says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class FakeClock:
    """A clock that only `sleep` and the test move.

    now: the time in seconds.
    """

    now: float = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Move the clock, without waiting."""
        self.now += seconds
