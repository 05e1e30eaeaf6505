"""Reloading the configuration: everything is validated first, then swapped, or nothing is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from exporter.config import Settings
from exporter.errors import ConfigError, ExporterError
from exporter.logs import get_logger
from exporter.metrics.metric import ProgramView

log = get_logger(__name__)


class Reloader:
    """Loads and applies the configuration; concurrent reloads run one after the other.

    `load` raises ConfigError, `apply` gets validated settings.
    """

    def __init__(
        self,
        settings: Settings,
        load: Callable[[], Settings],
        apply: Callable[[Settings], None],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._load = load
        self._apply = apply
        self._now = now
        self._lock = threading.Lock()
        self._view = ProgramView(reload_successful=True, reload_succeeded_at=now())

    @property
    def settings(self) -> Settings:
        """The settings in use."""
        return self._settings

    def view(self) -> ProgramView:
        """Return the result of the last reload."""
        return self._view

    def reload(self) -> None:
        """Load the configuration again and apply it.

        Raises ExporterError; the previous configuration stays in use. ConfigError has all problems.
        """
        with self._lock:
            try:
                settings = self._load()
                self._apply(settings)
            except ExporterError as error:
                self._failed(error)
                raise
            except Exception as defect:
                # A defect in new code paths must not end an exporter that works.
                log.exception("defect during a reload")
                failure = ExporterError(f"defect of the exporter: {type(defect).__name__}")
                self._failed(failure)
                raise failure from defect
            for warning in (*settings.warnings, *_unchangeable(self._settings, settings)):
                log.warning("configuration", warning=warning)
            self._settings = settings
            self._view = ProgramView(True, self._now())
            log.info("reloaded", apps=",".join(app.name for app in settings.apps))

    def _failed(self, error: ExporterError) -> None:
        self._view = ProgramView(False, self._view.reload_succeeded_at)
        problems = error.problems if isinstance(error, ConfigError) else [str(error)]
        log.error(
            "reload failed, the previous configuration stays in use",
            problems="; ".join(problems),
        )


def _unchangeable(before: Settings, after: Settings) -> list[str]:
    """Return a warning for each changed setting that needs a restart."""
    pairs = {
        "web.listen_address": (before.web.listen_address, after.web.listen_address),
        "web.telemetry_path": (before.web.telemetry_path, after.web.telemetry_path),
        "web.config_file": (before.web.config_file, after.web.config_file),
        "history.path": (before.history.path, after.history.path),
    }
    return [
        f"{key}: changed (restart to apply it)" for key, (old, new) in pairs.items() if old != new
    ]
