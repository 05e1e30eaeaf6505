"""Keeps our requests under the API's rate limit, as the API sees it.

Rules that this file keeps:

- A request reaches the server somewhere between being sent and being answered. Its slot is
  therefore taken from before it is sent until one window after its answer (or its failure)
  came: then no window at the server can hold more requests than there are slots, whatever the
  network's delays do.
- First come, first served, over all threads that share the limiter.
- Nobody sleeps while holding the lock. A thread that is stopped while it waits leaves the queue.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_MARGIN_SECONDS = 0.001
"""Added to every window, because two clocks never agree in granularity and rate."""


class RateLimiter:
    """At most `max(1, floor(r))` requests in any window of `max(1, 1/r)` seconds.

    `r` is `requests_per_second`, above 0. "Never more than r in any sliding second" leaves no
    room for a fraction above 1: 2.5 means 2. Below 1 the window grows: 0.5 means one request in
    any 2 seconds. `clock` is monotonic, in seconds.
    """

    def __init__(
        self, requests_per_second: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._queue: deque[object] = deque()
        self._in_flight = 0
        self._answered: deque[float] = deque()  # times, ascending, of slots not yet free again
        self.set_rate(requests_per_second)

    def set_rate(self, requests_per_second: float) -> None:
        """Change the rate; requests already sent count against the new one."""
        if not (math.isfinite(requests_per_second) and requests_per_second > 0):
            raise ValueError("requests_per_second must be a positive number")
        with self._lock:
            self._slots = max(1, math.floor(requests_per_second))
            self._window = max(1.0, 1 / requests_per_second) + _MARGIN_SECONDS

    @contextmanager
    def slot(self, sleep: Callable[[float], None]) -> Iterator[float]:
        """Wait for a slot, hold it while the caller's request runs, yield the seconds waited.

        `sleep` does the waiting; what it raises ends the waiting and passes through.
        """
        waited = self._take(sleep)
        try:
            yield waited
        finally:
            self._give_back()

    def _take(self, sleep: Callable[[float], None]) -> float:
        ticket = object()
        started = self._clock()
        waited = 0.0
        with self._lock:
            self._queue.append(ticket)
        try:
            while delay := self._try_take(ticket):
                sleep(delay)
                waited = self._clock() - started
        except BaseException:
            with self._lock:
                self._queue.remove(ticket)
            raise
        return waited

    def _try_take(self, ticket: object) -> float:
        """Take a slot and return 0, or return the seconds before which there can be none."""
        with self._lock:
            delay = self._delay(self._queue.index(ticket))
            if not delay:
                self._queue.remove(ticket)
                self._in_flight += 1
            return delay

    def _delay(self, position: int) -> float:
        now = self._clock()
        while self._answered and self._answered[0] + self._window <= now:
            self._answered.popleft()
        needed = position - (self._slots - self._in_flight - len(self._answered))
        if needed < 0:
            return 0.0
        if needed >= len(self._answered):
            return self._window  # a request still in flight frees its slot no sooner than this
        # Never less than the margin: a shorter sleep may not move the clock at all.
        return max(_MARGIN_SECONDS, self._answered[needed] + self._window - now)

    def _give_back(self) -> None:
        with self._lock:
            self._in_flight -= 1
            self._answered.append(self._clock())
