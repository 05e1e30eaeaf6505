"""Counters of one app's requests since the start; scrapes read them while requests run."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, math.inf)
"""Upper bounds in seconds of the histogram of request durations."""

MAX_CODES = 64
"""Maximum number of error codes that are counted separately: the API chooses its codes."""

OTHER_CODE = "other"


@dataclass(frozen=True, slots=True)
class ApiStatsView:
    """The counters at one moment.

    Attributes:
        requests: HTTP requests that were sent.
        errors: Failed requests by code.
        rate_limit_wait_seconds: Time spent waiting for our own rate limiter.
        clock_skew_seconds: The API's clock minus ours, None if no answer had a date.
        duration_buckets: Upper bounds in seconds, the last one infinite, with how many requests
            took at most that long.
        duration_sum: Seconds that all requests took.
    """

    requests: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)
    rate_limit_wait_seconds: float = 0.0
    clock_skew_seconds: float | None = None
    duration_buckets: tuple[tuple[float, int], ...] = tuple((bound, 0) for bound in BUCKETS)
    duration_sum: float = 0.0


class ApiStats:
    """Thread-safe counters of one app's requests.

    The first `MAX_CODES` error codes are counted separately, later ones as `other`, since label
    values are bounded (docs/guarantees.md, section 12).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._view = ApiStatsView()

    def record_request(self, seconds: float) -> None:
        """Count one HTTP request that took `seconds`, whether it failed or not."""
        with self._lock:
            self._view = replace(
                self._view,
                requests=self._view.requests + 1,
                duration_buckets=tuple(
                    (bound, count + (seconds <= bound))
                    for bound, count in self._view.duration_buckets
                ),
                duration_sum=self._view.duration_sum + seconds,
            )

    def record_error(self, code: str) -> None:
        """Count one failed HTTP request by its code."""
        with self._lock:
            errors = self._view.errors
            if code not in errors and len(errors) >= MAX_CODES:
                code = OTHER_CODE
            counted = {**errors, code: errors.get(code, 0) + 1}
            self._view = replace(self._view, errors=counted)

    def record_wait(self, seconds: float) -> None:
        """Add time spent waiting for our own rate limiter."""
        with self._lock:
            total = self._view.rate_limit_wait_seconds + seconds
            self._view = replace(self._view, rate_limit_wait_seconds=total)

    def record_clock_skew(self, seconds: float) -> None:
        """Set the API's clock minus ours."""
        with self._lock:
            self._view = replace(self._view, clock_skew_seconds=seconds)

    def view(self) -> ApiStatsView:
        """Return the current counters, which do not change any more."""
        return self._view
