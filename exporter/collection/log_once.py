"""Log lines that a collector writes once, and not in each collection."""

from __future__ import annotations

from collections.abc import Callable

from exporter.errors import ApiError, CollectionError, InternalError
from exporter.logs import get_logger
from exporter.zego.decoding import Page

log = get_logger(__name__)

MAX_LOGGED_STATUSES = 20
"""Maximum number of unknown status codes that are logged for one app: they come from outside."""


class FailureLog:
    """Logs the first failure of a series and the recovery; repeats are logged at debug."""

    def __init__(self, app: str, clock: Callable[[], float]) -> None:
        self._app = app
        self._clock = clock
        self._since = 0.0
        self._failures = 0
        self._latest = ("", "")

    def record(self, error: CollectionError, defect: Exception | None) -> None:
        """Log one more failure, with the traceback of `defect`."""
        if not self._failures:
            self._since = self._clock()
        self._failures += 1
        # Messages contain request ids and counts, so only the reason tells a repeat. The message
        # of an internal error is fixed, and names the defect.
        kind = (error.reason, str(error) if error.reason == InternalError.reason else "")
        repeated, self._latest = kind == self._latest, kind
        log_at = log.debug if repeated else log.error
        log_at(
            "collection failed",
            app=self._app,
            reason=error.reason,
            error=error,
            code=error.code if isinstance(error, ApiError) else None,
            request_id=error.request_id or None if isinstance(error, ApiError) else None,
            remedy=error.remedy or None,
            failures=self._failures,
            exc_info=defect if defect is not None and not repeated else None,
        )

    def end(self) -> None:
        """Log the recovery, if there was a failure."""
        if self._failures:
            log.info(
                "collections succeed again",
                app=self._app,
                failures=self._failures,
                outage_seconds=self._clock() - self._since,
            )
        self._failures, self._latest = 0, ("", "")


class EntryLog:
    """Logs each unknown status, and each reason for which an entry was left out, once for `app`."""

    def __init__(self, app: str) -> None:
        self._app = app
        self._statuses: set[str] = set()
        self._reasons: set[str] = set()

    def note(self, page: Page) -> None:
        """Log new codes and reasons in `page`; for one thread at a time."""
        for code in page.unknown_statuses:
            if code not in self._statuses and len(self._statuses) < MAX_LOGGED_STATUSES:
                self._statuses.add(code)
                log.warning("unknown status", app=self._app, code=code)
        for reason, value in page.problems.items():
            if reason not in self._reasons:
                self._reasons.add(reason)
                log.warning("entry left out", app=self._app, reason=reason, value=value)
