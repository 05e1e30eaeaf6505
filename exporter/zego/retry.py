"""Decides whether and when a failed request is sent again; the caller waits.

Rules that this file keeps:

- A request is sent again after a transient error, and once after its timestamp had expired: the
  next try has a new timestamp.
- Exponential backoff with full jitter, so that several exporters do not retry in step.
- The API's Retry-After (RFC 9110, 10.2.3) is a lower bound of the wait.
"""

from __future__ import annotations

from collections.abc import Callable

from exporter.errors import ApiError, ClockSkewError

BASE_SECONDS = 0.5
"""Upper bound of the first wait; it doubles with each retry."""

CAP_SECONDS = 30.0
"""Upper bound of every wait, unless the API asks for a longer one."""


class Retries:
    """The retries of one request: at most `max_retries`; `random` gives numbers in [0, 1)."""

    def __init__(self, max_retries: int, random: Callable[[], float]) -> None:
        self._left = max_retries
        self._random = random
        self._backoff = BASE_SECONDS
        self._clock_skew_seen = False

    def delay_after(self, error: ApiError) -> float | None:
        """Return the seconds to wait before the next try, None if there must be none."""
        worth_trying = error.transient
        if isinstance(error, ClockSkewError):
            worth_trying, self._clock_skew_seen = not self._clock_skew_seen, True
        if not worth_trying or self._left <= 0:
            return None
        self._left -= 1
        jittered = self._random() * self._backoff
        self._backoff = min(2 * self._backoff, CAP_SECONDS)
        return max(jittered, error.retry_after or 0.0)
