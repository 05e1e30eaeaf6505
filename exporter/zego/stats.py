"""What one app's client has counted since it started; read at scrapes while requests run."""

from __future__ import annotations

import math
import threading
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from types import MappingProxyType

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, math.inf)
"""Upper bounds in seconds of the histogram of request durations."""

MAX_CODES = 64
"""Distinct error codes kept apart; the API chooses its codes, so there must be a bound."""

OTHER_CODE = "other"


@dataclass(frozen=True, slots=True)
class ApiStatsView:
    """One consistent look at the counts; bucket counts are cumulative, the last bound is +Inf."""

    requests: int
    errors: Mapping[str, int]
    rate_limit_wait_seconds: float
    clock_skew_seconds: float | None
    duration_buckets: tuple[tuple[float, int], ...]
    duration_sum: float


class Histogram:
    """Counts of durations by bucket; its owner guards it against other threads."""

    def __init__(self) -> None:
        self._counts = [0] * len(BUCKETS)
        self.sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self._counts[bisect_left(BUCKETS, seconds)] += 1
        self.sum += seconds

    def cumulative(self) -> tuple[tuple[float, int], ...]:
        """Return each upper bound with the number of durations up to it."""
        return tuple(zip(BUCKETS, accumulate(self._counts), strict=True))


class ApiStats:
    """Thread-safe counts of one app's requests.

    `errors` counts by code. The first `MAX_CODES` codes are kept apart, later ones are counted as
    "other": the API chooses its codes, and label values are bounded (`docs/guarantees.md`,
    section 12).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.requests = 0
        self.errors: dict[str, int] = {}
        self.rate_limit_wait_seconds = 0.0
        self.clock_skew_seconds: float | None = None
        self.duration = Histogram()

    def record_request(self, seconds: float) -> None:
        """Count one HTTP request, whatever became of it, and how long it took."""
        with self._lock:
            self.requests += 1
            self.duration.observe(seconds)

    def record_error(self, code: str) -> None:
        """Count one failed HTTP request by its code."""
        with self._lock:
            if code not in self.errors and len(self.errors) >= MAX_CODES:
                code = OTHER_CODE
            self.errors[code] = self.errors.get(code, 0) + 1

    def record_wait(self, seconds: float) -> None:
        """Add time spent waiting for our own rate limiter."""
        with self._lock:
            self.rate_limit_wait_seconds += seconds

    def record_clock_skew(self, seconds: float) -> None:
        """Set how far the API's clock is ahead of ours, negative when it is behind."""
        with self._lock:
            self.clock_skew_seconds = seconds

    def view(self) -> ApiStatsView:
        """Return a frozen copy of everything, taken together."""
        with self._lock:
            return ApiStatsView(
                requests=self.requests,
                errors=MappingProxyType(dict(self.errors)),
                rate_limit_wait_seconds=self.rate_limit_wait_seconds,
                clock_skew_seconds=self.clock_skew_seconds,
                duration_buckets=self.duration.cumulative(),
                duration_sum=self.duration.sum,
            )
