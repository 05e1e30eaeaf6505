"""The bound on requests: a bucket of tokens, one for each request, as in Go's `rate.Limiter`."""

from __future__ import annotations

from collections.abc import Callable

from exporter.web.security.schema import RateLimitSection


class RequestBound:
    """Allows `burst` requests at once and one more every `interval` seconds of `clock`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._limit = RateLimitSection()
        self._tokens = 0.0
        self._filled_at = clock()

    def allows(self, limit: RateLimitSection) -> bool:
        """Tell whether a request may be answered under `limit`, and count it."""
        now = self._clock()
        if limit != self._limit:
            self._limit, self._tokens, self._filled_at = limit, limit.burst, now
        if not limit.interval:
            return True
        fresh = (now - self._filled_at) / limit.interval
        self._tokens, self._filled_at = min(limit.burst, self._tokens + fresh), now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
