"""Decides whether and when a failed request is sent again; does no waiting itself.

Rules that this file keeps:

- Only what can heal is sent again: transient errors, and an expired timestamp exactly once,
  since the fresh signature carries a fresh one.
- Exponential backoff with full jitter, so that several exporters do not return in step.
- The API's Retry-After is the least wait.
"""

from __future__ import annotations

from collections.abc import Callable

from exporter.errors import ApiError, ClockSkewError

BASE_SECONDS = 0.5
CAP_SECONDS = 30.0


class Retries:
    """The retries of one request: at most `max_retries`; `random` gives numbers in [0, 1)."""

    def __init__(self, max_retries: int, random: Callable[[], float]) -> None:
        self._left = max_retries
        self._random = random
        self._backoff = BASE_SECONDS
        self._clock_skew_seen = False

    def delay_after(self, error: ApiError) -> float | None:
        """Return the seconds to wait before the next try, None when there is to be none."""
        if self._left <= 0 or not self._may_heal(error):
            return None
        self._left -= 1
        jittered = self._random() * self._backoff
        self._backoff = min(2 * self._backoff, CAP_SECONDS)
        return max(jittered, error.retry_after or 0.0)

    def _may_heal(self, error: ApiError) -> bool:
        if not isinstance(error, ClockSkewError):
            return error.transient
        first, self._clock_skew_seen = not self._clock_skew_seen, True
        return first
