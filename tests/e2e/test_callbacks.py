"""Callbacks from the simulator to an exporter process: failures get their reasons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.simulator.http_server import SimulatorServer
from exporter.simulator.task import FAILED
from tests.e2e.apps import FAST, entry, still_app, write_config
from tests.e2e.pages import Page, read_page, wait_for_up
from tests.e2e.processes import ANY_PORT, EXPORTER, running, url_of
from tests.waiting import wait_until

pytestmark = pytest.mark.e2e

SECRET = "callback-secret-that-opens-nothing"
NAME = "课程"


def reasons(page: Page) -> dict[str, str]:
    """Return the known failure reasons, by task id."""
    table = page.table("zego_upload_task_info", "upload_task_id", "reason")
    return dict(key.split(" ") for key in table if not key.endswith(" "))


def page_with(url: str, found: Callable[[Page], bool], what: str) -> Page:
    """Return the first page that fulfils the condition."""

    def page() -> Page | None:
        now = read_page(url)
        return now if found(now) else None

    return wait_until(page, what)


def test_a_failure_gets_its_reason_immediately(tmp_path: Path) -> None:
    """The callback brings the reason and an early collection, though the interval is an hour."""
    app = still_app(60, name=NAME, callback_secret=SECRET)
    app.life.add_task(id="doomed", status=2)
    with SimulatorServer([app]) as server:
        one = entry(app, server, callback_secret=SECRET)
        write_config(tmp_path, apps=[one], collection={**FAST, "interval": "1h"})
        with running([EXPORTER, *ANY_PORT], tmp_path) as exporter:
            url = url_of(exporter)
            server.callbacks_to(url)
            wait_for_up(url)
            app.life.set_status("doomed", FAILED, reason=3)
            page = page_with(url, lambda page: "doomed" in reasons(page), "the reason")
            assert SECRET not in exporter.output
    assert reasons(page)["doomed"] == "file_too_large"
    assert page.statuses()["doomed"] == "failed"
    assert page.transitions() == {"uploading failed": 1}
    assert page.table("zego_upload_failures_total", "reason")["file_too_large"] == 1
    assert (page.value("zego_upload_collections_total") or 0) >= 2
    assert not any(page.table("zego_upload_callback_rejections_total", "reason").values())


def test_the_demo_shows_reasons(tmp_path: Path) -> None:
    """Its failed tasks have reasons, and all callbacks are authentic."""
    with running([EXPORTER, "--demo", *ANY_PORT], tmp_path) as exporter:
        url = url_of(exporter)
        page = page_with(url, lambda page: bool(reasons(page)), "reasons")
        assert exporter.end() == 0
    assert page.table("zego_upload_callback_events_total", "event", app="vod")["failed"] > 0
    assert not any(page.table("zego_upload_callback_rejections_total", "reason").values())
