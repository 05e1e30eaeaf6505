"""Callbacks of one app: checked, counted, and followed by an early collection."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping

from exporter.collection.ledger import Ledger
from exporter.errors import AuthError
from exporter.zego.callbacks import (
    MAX_CLOCK_DEVIATION_SECONDS,
    REJECTIONS,
    CallbackRejected,
    read_callback,
)

MAX_NONCES = 10_000
"""Nonces remembered at most: at 8 callbacks a second, as long as their timestamps are valid."""


class Inbox:
    """Takes callbacks in any thread; `hurry` asks for an early collection."""

    def __init__(
        self,
        app_id: int,
        read_secret: Callable[[], str],
        ledger: Ledger,
        hurry: Callable[[], None],
    ) -> None:
        self._app_id = app_id
        self._read_secret = read_secret
        self._ledger = ledger
        self._hurry = hurry
        self._lock = threading.Lock()
        self._nonces: OrderedDict[str, float] = OrderedDict()
        self._rejections = Counter(dict.fromkeys(REJECTIONS, 0))

    def receive(self, body: bytes, now: float) -> None:
        """Take the callback in `body` at `now` (Unix seconds).

        Raises CallbackRejected, which is counted, where it has no effect.
        """
        try:
            self._take(body, now)
        except CallbackRejected as rejected:
            self.reject(rejected.reason)
            raise

    def reject(self, reason: str) -> None:
        """Count a callback that was refused for `reason`, one of REJECTIONS."""
        with self._lock:
            self._rejections[reason] += 1

    def rejections(self) -> Mapping[str, int]:
        """Return how many callbacks were refused, by reason."""
        with self._lock:
            return dict(self._rejections)

    def _take(self, body: bytes, now: float) -> None:
        try:
            secret = self._read_secret()
        except AuthError:
            # Without the secret nothing can be believed; the caller learns no more than that.
            raise CallbackRejected("signature") from None
        event = read_callback(body, secret=secret, app_id=self._app_id, now=now)
        self._remember(event.nonce, now)
        self._ledger.record_callback(event, now)
        self._hurry()

    def _remember(self, nonce: str, now: float) -> None:
        """Refuse a nonce that was used while its timestamp can still be valid."""
        with self._lock:
            while self._nonces:
                oldest, heard = next(iter(self._nonces.items()))
                if (
                    heard + 2 * MAX_CLOCK_DEVIATION_SECONDS >= now
                    and len(self._nonces) < MAX_NONCES
                ):
                    break
                del self._nonces[oldest]
            if nonce in self._nonces:
                raise CallbackRejected("replayed")
            self._nonces[nonce] = now
