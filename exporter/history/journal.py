"""What of one app is still to be written to the history file.

A file that cannot be written (a full disk) costs a log line and a count, never the collection:
what it missed stays here and is written with what comes next.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from exporter.history.database import (
    CounterKey,
    FailureReason,
    HistoryError,
    HistoryFile,
    StoredState,
    Update,
)
from exporter.logs import get_logger
from exporter.tasks import Tracked

log = get_logger(__name__)


@dataclass(slots=True)
class _Unsaved:
    """Rows by key, None where a row is to go; counters by key alone, as their values still rise.

    `collected_at` is None where no walk has ended.
    """

    collected_at: float | None = None
    tracked: dict[str, Tracked | None] = field(default_factory=dict)
    reasons: dict[str, FailureReason | None] = field(default_factory=dict)
    counters: set[CounterKey] = field(default_factory=set)

    def update(self, later: _Unsaved) -> None:
        """Lay what came later over this."""
        if later.collected_at is not None:
            self.collected_at = later.collected_at
        self.tracked.update(later.tracked)
        self.reasons.update(later.reasons)
        self.counters.update(later.counters)


class Journal:
    """The unsaved changes of one app; all methods may be called from any thread."""

    def __init__(self, history: HistoryFile, name: str, app_id: int) -> None:
        self._history = history
        self._name = name
        self._app_id = app_id
        self._lock = threading.Lock()
        self._unsaved = _Unsaved()
        self._failures = 0
        self.errors = 0

    def read(self) -> StoredState:
        """Return what the file holds of the app. Raises HistoryError."""
        return self._history.read(self._name, self._app_id)

    def note(
        self,
        *,
        tracked: Mapping[str, Tracked | None] | None = None,
        reasons: Mapping[str, FailureReason | None] | None = None,
        counters: Iterable[CounterKey] = (),
    ) -> None:
        """Remember rows that changed (None: that are to go) and counters that rose."""
        with self._lock:
            noted = _Unsaved(None, dict(tracked or {}), dict(reasons or {}), set(counters))
            self._unsaved.update(noted)

    def flush(
        self, collected_at: float | None, values: Callable[[], Mapping[CounterKey, float]]
    ) -> None:
        """Write everything noted as of a walk's end, None between walks.

        `values` gives the counters at the moment.
        """
        with self._lock:
            unsaved, self._unsaved = self._unsaved, _Unsaved()
        unsaved.update(_Unsaved(collected_at))
        # Asked for now: a counter that rises later is noted anew.
        now = values()
        counters = {key: now[key] for key in unsaved.counters}
        writing = Update(unsaved.collected_at, unsaved.tracked, counters, unsaved.reasons)
        try:
            self._history.write(self._name, self._app_id, writing)
        except HistoryError as error:
            self._keep(unsaved)
            self._failed(error)
        else:
            self._succeeded()

    def _keep(self, unsaved: _Unsaved) -> None:
        with self._lock:
            unsaved.update(self._unsaved)
            self._unsaved = unsaved

    def _failed(self, error: HistoryError) -> None:
        self.errors += 1
        self._failures += 1
        log.log(
            logging.ERROR if self._failures == 1 else logging.DEBUG,
            "history cannot be written; collections go on, a restart would forget this",
            app=self._name,
            error=error,
        )

    def _succeeded(self) -> None:
        if self._failures:
            log.info(
                "history is written again, nothing is missing",
                app=self._name,
                failures=self._failures,
            )
        self._failures = 0
