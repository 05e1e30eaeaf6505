"""Counters of one app's requests since the start; scrapes read them while requests run."""

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
"""Maximum number of error codes that are counted separately: the API chooses its codes."""

OTHER_CODE = "other"


@dataclass(frozen=True, slots=True)
class ApiStatsView:
    """One consistent copy of the counters.

    Attributes:
        requests: HTTP requests that were sent.
        errors: Failed requests by code.
        rate_limit_wait_seconds: Time spent waiting for our own rate limiter.
        clock_skew_seconds: The API's clock minus ours, None if no answer had a date.
        duration_buckets: Upper bounds in seconds, the last one infinite, with how many requests
            took at most that long.
        duration_sum: Seconds that all requests took.
    """

    requests: int
    errors: Mapping[str, int]
    rate_limit_wait_seconds: float
    clock_skew_seconds: float | None
    duration_buckets: tuple[tuple[float, int], ...]
    duration_sum: float


class ApiStats:
    """Thread-safe counters of one app's requests.

    The first `MAX_CODES` error codes are counted separately, later ones as `other`, since label
    values are bounded (docs/guarantees.md, section 12).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests = 0
        self._errors: dict[str, int] = {}
        self._rate_limit_wait_seconds = 0.0
        self._clock_skew_seconds: float | None = None
        self._durations = [0] * len(BUCKETS)  # one count for each bucket, not cumulative
        self._duration_sum = 0.0

    def record_request(self, seconds: float) -> None:
        """Count one HTTP request that took `seconds`, whether it failed or not."""
        with self._lock:
            self._requests += 1
            self._durations[bisect_left(BUCKETS, seconds)] += 1
            self._duration_sum += seconds

    def record_error(self, code: str) -> None:
        """Count one failed HTTP request by its code."""
        with self._lock:
            if code not in self._errors and len(self._errors) >= MAX_CODES:
                code = OTHER_CODE
            self._errors[code] = self._errors.get(code, 0) + 1

    def record_wait(self, seconds: float) -> None:
        """Add time spent waiting for our own rate limiter."""
        with self._lock:
            self._rate_limit_wait_seconds += seconds

    def record_clock_skew(self, seconds: float) -> None:
        """Set the API's clock minus ours."""
        with self._lock:
            self._clock_skew_seconds = seconds

    def view(self) -> ApiStatsView:
        """Return a consistent copy."""
        with self._lock:
            return ApiStatsView(
                requests=self._requests,
                errors=MappingProxyType(dict(self._errors)),
                rate_limit_wait_seconds=self._rate_limit_wait_seconds,
                clock_skew_seconds=self._clock_skew_seconds,
                duration_buckets=tuple(zip(BUCKETS, accumulate(self._durations), strict=True)),
                duration_sum=self._duration_sum,
            )
