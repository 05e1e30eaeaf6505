"""The log of failures in a row: an operator reads of a lasting one once, and of its end once."""

from __future__ import annotations

import logging

from exporter.errors import ApiError, CollectionError
from exporter.logs import get_logger

log = get_logger(__name__)


class Outage:
    """Failures in a row: one log line when they begin or change their reason, one at their end."""

    def __init__(self, app: str) -> None:
        self._app = app
        self._began = 0.0
        self._failures = 0
        self._reason = ""

    def record(self, error: CollectionError, now: float) -> None:
        """Note one more failure at `now` (Unix seconds)."""
        if not self._failures:
            self._began = now
        self._failures += 1
        level = logging.DEBUG if error.reason == self._reason else logging.ERROR
        self._reason = error.reason
        log.log(
            level,
            "collection failed",
            app=self._app,
            reason=error.reason,
            error=error,
            code=error.code if isinstance(error, ApiError) else None,
            request_id=error.request_id or None if isinstance(error, ApiError) else None,
            remedy=error.remedy or None,
            failures=self._failures,
        )

    def end(self, now: float) -> None:
        """Note a success at `now` (Unix seconds): the end of an outage if there was one."""
        if self._failures:
            log.info(
                "collections succeed again",
                app=self._app,
                failures=self._failures,
                outage_seconds=now - self._began,
            )
        self._failures, self._reason = 0, ""
