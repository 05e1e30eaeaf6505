"""Callbacks of one app: checked, counted, and followed by an early collection."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping

from exporter.errors import AuthError
from exporter.history.counters import AppCounters
from exporter.logs import get_logger
from exporter.zego.callbacks import (
    MAX_CLOCK_DEVIATION_SECONDS,
    REJECTIONS,
    CallbackRejected,
    read_callback,
)

log = get_logger(__name__)

MAX_NONCES = 10_000
"""Nonces remembered at most: at 8 callbacks a second, as long as their timestamps are valid."""


class CallbackReceiver:
    """Takes callbacks in any thread; `hurry` asks for an early collection."""

    def __init__(
        self,
        app_id: int,
        read_secret: Callable[[], str],
        ledger: AppCounters,
        request_early_collection: Callable[[], None],
    ) -> None:
        self._app_id = app_id
        self._read_secret = read_secret
        self._ledger = ledger
        self._hurry = request_early_collection
        self._lock = threading.Lock()
        self._secret_readable = True
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
        secret = self._secret()
        event = read_callback(body, secret=secret, app_id=self._app_id, now=now)
        self._remember(event.nonce, now)
        self._ledger.record_callback(event, now)
        self._hurry()

    def _secret(self) -> str:
        try:
            secret = self._read_secret()
        except AuthError as error:
            if self._secret_readable:  # one line: peers shall not fill the log
                log.error(  # noqa: TRY400 - the message says it all
                    "callbacks are refused until their secret can be read",
                    app_id=self._app_id,
                    error=error,
                )
            self._secret_readable = False
            # Without the secret nothing can be believed; the caller learns no more than that.
            raise CallbackRejected("signature") from None
        self._secret_readable = True
        return secret

    def _remember(self, nonce: str, now: float) -> None:
        """Refuse a nonce that was used while its timestamp can still be valid."""
        with self._lock:
            self._forget(now - 2 * MAX_CLOCK_DEVIATION_SECONDS)
            if nonce in self._nonces:
                raise CallbackRejected("replayed")
            if len(self._nonces) == MAX_NONCES:
                self._nonces.popitem(last=False)
            self._nonces[nonce] = now

    def _forget(self, before: float) -> None:
        """Drop the nonces heard before that instant."""
        while self._nonces and next(iter(self._nonces.values())) < before:
            self._nonces.popitem(last=False)
