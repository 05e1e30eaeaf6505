"""Receives the callbacks of one app: each is checked and counted.

Those of uploads start an early collection.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping

from exporter.errors import AuthError
from exporter.history.counters import AppCounters
from exporter.logs import get_logger
from exporter.zego.callbacks import (
    MAX_CLOCK_DEVIATION_SECONDS,
    OTHER,
    REJECTIONS,
    CallbackRejected,
    read_callback,
)

log = get_logger(__name__)

MAX_NONCES = 10_000
"""Maximum number of remembered nonces: at 8 callbacks a second, all with a valid timestamp."""


class CallbackReceiver:
    """Receives the callbacks of one app, in any thread.

    Args:
        app_id: The AppId that each callback must contain.
        read_secret: Returns the CallbackSecret; raises AuthError where it cannot be read.
        counters: Where events are counted.
        request_early_collection: Called after each authentic callback of an upload.
    """

    def __init__(
        self,
        app_id: int,
        read_secret: Callable[[], str],
        counters: AppCounters,
        request_early_collection: Callable[[], None],
    ) -> None:
        self._app_id = app_id
        self._read_secret = read_secret
        self._counters = counters
        self._request_early_collection = request_early_collection
        self._secret_readable = True
        self._lock = threading.Lock()
        self._nonces: OrderedDict[str, float] = OrderedDict()
        self._rejections = Counter(dict.fromkeys(REJECTIONS, 0))

    def continue_from(self, previous: CallbackReceiver) -> None:
        """Remember the nonces and the refused callbacks of the receiver that this one replaces."""
        # The same objects, not copies: a request may still use the previous receiver.
        self._lock = previous._lock
        self._nonces = previous._nonces
        self._rejections = previous._rejections

    def receive(self, body: bytes, now: float) -> None:
        """Process the callback in `body`, received at `now` (Unix seconds).

        Raises CallbackRejected for a callback that is refused; it is counted.
        """
        try:
            event = read_callback(body, secret=self._secret(), app_id=self._app_id, now=now)
            self._remember(event.nonce, now)
        except CallbackRejected as rejected:
            self.reject(rejected.reason)
            raise
        self._counters.record_callback(event, now)
        if event.word != OTHER:  # events of players come here too, and change no upload
            self._request_early_collection()

    def reject(self, reason: str) -> None:
        """Count a callback that was refused for `reason`, one of REJECTIONS."""
        with self._lock:
            self._rejections[reason] += 1

    def rejections(self) -> Mapping[str, int]:
        """Return how many callbacks were refused, by reason."""
        with self._lock:
            return dict(self._rejections)

    def _secret(self) -> str:
        try:
            secret = self._read_secret()
        except AuthError as error:
            if self._secret_readable:  # logged once: peers must not be able to fill the log
                log.error(  # noqa: TRY400 - the message says it all
                    "callbacks are refused until their secret can be read",
                    app_id=self._app_id,
                    error=error,
                )
            self._secret_readable = False
            # The sender must not learn that the secret cannot be read.
            raise CallbackRejected("signature") from None
        self._secret_readable = True
        return secret

    def _remember(self, nonce: str, now: float) -> None:
        """Raise CallbackRejected for a nonce that was used while its timestamp can be valid."""
        with self._lock:
            # Twice: a timestamp can be ahead by the deviation, and is valid as long after its time.
            outdated = now - 2 * MAX_CLOCK_DEVIATION_SECONDS
            while self._nonces and next(iter(self._nonces.values())) < outdated:
                self._nonces.popitem(last=False)
            if nonce in self._nonces:
                raise CallbackRejected("replayed")
            if len(self._nonces) == MAX_NONCES:
                self._nonces.popitem(last=False)
            self._nonces[nonce] = now
