"""Keeps requests below the API's rate limit, wherever on the way the API counts them.

Rules that this file keeps (docs/guarantees.md, section 3):

- A request reaches the server at an unknown time between its sending and its answer. Its slot is
  therefore taken from before it is sent until one window after its answer or failure. Then no
  window at the server can contain more requests than there are slots, whatever the delays are.
- First come, first served, over all threads that share the limiter.
- No thread sleeps while it holds the lock. A thread that is stopped while it waits leaves the
  queue.
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

    `r` is `requests_per_second`, above 0. No second can contain a part of a request, so 2.5 means 2
    in each second; below 1 the window grows, so 0.5 means one in any 2 seconds. `clock` is
    monotonic, in seconds.
    """

    def __init__(
        self, requests_per_second: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._queue: deque[object] = deque()
        self._in_flight = 0
        self._answered: deque[float] = deque()  # when, ascending; each takes a slot for a window
        self.set_rate(requests_per_second)

    def set_rate(self, requests_per_second: float) -> None:
        """Change the rate; requests that were sent before count against the new one."""
        if not (math.isfinite(requests_per_second) and requests_per_second > 0):
            raise ValueError("requests_per_second must be a positive number")
        with self._lock:
            self._slots = max(1, math.floor(requests_per_second))
            self._window = max(1.0, 1 / requests_per_second) + _MARGIN_SECONDS

    @contextmanager
    def slot(self, sleep: Callable[[float], None]) -> Iterator[float]:
        """Wait for a slot, keep it while the block runs, and yield the seconds waited.

        `sleep` waits for some seconds; an exception of it ends the waiting and is passed on.
        """
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
        try:
            yield waited
        finally:
            with self._lock:
                self._in_flight -= 1
                self._answered.append(self._clock())

    def _try_take(self, ticket: object) -> float:
        """Take a slot and return 0, or return the seconds before which none can be free."""
        with self._lock:
            now = self._clock()
            while self._answered and self._answered[0] + self._window <= now:
                self._answered.popleft()
            free = self._slots - self._in_flight - len(self._answered)
            missing = self._queue.index(ticket) - free  # everyone ahead in the queue comes first
            if missing < 0:
                self._queue.remove(ticket)
                self._in_flight += 1
                return 0.0
            if missing >= len(self._answered):
                return self._window  # a request in flight keeps its slot at least this long
            # Never less than the margin: a shorter sleep may not move the clock at all.
            return max(_MARGIN_SECONDS, self._answered[missing] + self._window - now)
