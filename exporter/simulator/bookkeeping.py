"""Memory of past requests: page tokens, nonces, and arrivals for the rate limit."""

from __future__ import annotations

import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass

TIMESTAMP_TOLERANCE = 600.0
"""Seconds that a request's timestamp may be off (`docs/zego-api.md`, Requests)."""

TOKENS_KEPT = 1000
"""A token is known until that many newer ones were given out; a walk needs the newest only."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a walk.

    Attributes:
        position: The last key listed; 0 is the beginning.
        status: The filter of the walk, None for all tasks.
    """

    position: int = 0
    status: int | None = None


class TokenTable:
    """The page tokens that one app's walks were given: opaque, and each good for one place."""

    def __init__(self) -> None:
        self._cursors: OrderedDict[str, Cursor] = OrderedDict()

    def issue(self, cursor: Cursor) -> str:
        """Return a new token for `cursor`."""
        token = secrets.token_urlsafe(24)
        self._cursors[token] = cursor
        if len(self._cursors) > TOKENS_KEPT:
            self._cursors.popitem(last=False)
        return token

    def find(self, token: str) -> Cursor | None:
        """Return the place that `token` means; None for a token that is not known."""
        return self._cursors.get(token)


class Nonces:
    """The nonces of the requests that may still be repeated within their timestamp's tolerance."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}

    def use(self, nonce: str, now: float) -> bool:
        """Return whether `nonce` is new, and remember it."""
        while self._seen:
            oldest = next(iter(self._seen))
            if self._seen[oldest] >= now - 2 * TIMESTAMP_TOLERANCE:
                break
            del self._seen[oldest]
        if nonce in self._seen:
            return False
        self._seen[nonce] = now
        return True


class Arrivals:
    """When requests came in: the rate limit, and a record of how fast the client was.

    Attributes:
        limit: Accepted requests in any second; None for no limit.
        requests: All requests so far.
        max_in_a_second: The most requests in any second so far, refused ones included.
    """

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self.requests = 0
        self.max_in_a_second = 0
        self._last_second: deque[float] = deque()
        self._accepted: deque[float] = deque()

    def record(self, at: float) -> bool:
        """Note a request at a time and return whether it is within the limit."""
        at = max(at, self._last_second[-1]) if self._last_second else at
        for times in (self._last_second, self._accepted):
            while times and times[0] <= at - 1.0:
                times.popleft()
        self.requests += 1
        self._last_second.append(at)
        self.max_in_a_second = max(self.max_in_a_second, len(self._last_second))
        within = self.limit is None or len(self._accepted) < self.limit
        if within:
            self._accepted.append(at)
        return within
