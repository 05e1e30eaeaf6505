"""Reloading the configuration."""

from __future__ import annotations

import logging
import threading

import pytest

from exporter.commands.reload import Reloader
from exporter.config import Settings, WebSettings
from exporter.errors import ConfigError, ExporterError
from exporter.metrics.metric import ProgramView
from tests.builders import make_settings
from tests.logged import lines as logged_lines

FIRST = Settings(apps=(make_settings("a"),))
SECOND = Settings(apps=(make_settings("b"),))


class Site:
    """A reloader that reads `file`, and the settings that it applied."""

    def __init__(self) -> None:
        self.file: Settings | ConfigError = SECOND
        self.applied: list[Settings] = []
        self.now = 100.0
        self.reloader = Reloader(FIRST, self._load, self.applied.append, now=lambda: self.now)

    def _load(self) -> Settings:
        if isinstance(self.file, ConfigError):
            raise self.file
        return self.file


def test_the_start_counts_as_a_success() -> None:
    """The metrics show it from the first scrape."""
    assert Site().reloader.view() == ProgramView(reload_successful=True, reload_succeeded_at=100.0)


def test_a_good_file_is_applied() -> None:
    """The new configuration is in use."""
    site = Site()
    site.now = 200.0
    site.reloader.reload()
    assert site.applied == [SECOND]
    assert site.reloader.settings is SECOND
    assert site.reloader.view() == ProgramView(reload_successful=True, reload_succeeded_at=200.0)


def test_a_bad_file_changes_nothing_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The previous configuration stays in use; the metric falls to 0, its timestamp stays."""
    site = Site()
    site.file = ConfigError(["apps: is missing", "web: is text"])
    site.now = 200.0
    with pytest.raises(ConfigError):
        site.reloader.reload()
    assert site.applied == []
    assert site.reloader.settings is FIRST
    assert site.reloader.view() == ProgramView(reload_successful=False, reload_succeeded_at=100.0)
    [(_, _, fields)] = logged_lines(caplog)
    assert fields == {"problems": "apps: is missing; web: is text"}
    site.file = SECOND
    site.reloader.reload()
    assert site.reloader.view().reload_successful


def test_a_setting_that_needs_a_restart_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A changed address is not an error; a warning says that it needs a restart."""
    site = Site()
    site.file = Settings(apps=FIRST.apps, web=WebSettings(listen_address=(":1",)))
    with caplog.at_level(logging.WARNING):
        site.reloader.reload()
    warnings = [fields.get("warning") for level, _, fields in logged_lines(caplog)]
    assert warnings == ["web.listen_address: changed (restart to apply it)"]


def test_reloads_run_one_after_the_other() -> None:
    """Two threads never load and apply at the same time."""
    inside, most = 0, 0
    lock = threading.Lock()

    def load() -> Settings:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        return SECOND

    def apply(_: Settings) -> None:
        nonlocal inside
        with lock:
            inside -= 1

    reloader = Reloader(FIRST, load, apply)
    threads = [threading.Thread(target=reloader.reload) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_defect_during_a_reload_ends_nothing() -> None:
    """It counts as a failed reload, and the caller gets an error of the known kind."""

    def broken(_: Settings) -> None:
        raise ZeroDivisionError

    reloader = Reloader(FIRST, lambda: SECOND, broken, now=lambda: 1.0)
    with pytest.raises(ExporterError, match="ZeroDivisionError"):
        reloader.reload()
    assert not reloader.view().reload_successful
    assert reloader.settings is FIRST
