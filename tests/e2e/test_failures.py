"""Failing walks, end to end (`docs/guarantees.md`, section 1), and the rate of requests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exporter.simulator.app import RATE_LIMIT
from exporter.simulator.task import FAILED
from tests.e2e.apps import FAST, entry, exporter_of, still_app, write_config
from tests.e2e.pages import Page, read_page, wait_for_up
from tests.e2e.processes import ANY_PORT, EXPORTER, running, url_of
from tests.faults import FaultyApp, FaultyServer
from tests.faults.faults import Fault
from tests.waiting import wait_until

pytestmark = pytest.mark.e2e

TASKS = 120
"""Three pages: the second is in the middle of the walk."""

FAULTS: dict[str, tuple[Fault, Any]] = {
    "auth": (Fault.CODE, 100000005),
    "clock_skew": (Fault.CODE, 100000004),
    "rate_limited": (Fault.CODE, 350006001),
    "not_enabled": (Fault.CODE, 350006006),
    "rejected": (Fault.CODE, 350006003),
    "server": (Fault.HTTP_STATUS, 503),
    "network": (Fault.TRUNCATED, None),
    "timeout": (Fault.SILENT, None),
    "protocol": (Fault.HTML, 200),
    "pagination": (Fault.TOKEN_CYCLE, None),
    "deadline": (Fault.DELAY, 1.5),
}
"""Faults of the second page of each walk, by the reason of the failure."""

OWN_COLLECTION = {"timeout": {"timeout": "1s"}, "deadline": {"deadline": "1s"}}
"""Settings that make a fault fail for its own reason, by this reason."""


def wait_for(url: str, condition: Callable[[Page], object], what: str) -> Page:
    """Return the first page that fulfils the condition."""

    def page() -> Page | None:
        now = read_page(url)
        return now if condition(now) else None

    return wait_until(page, what)


def wait_for_ups(url: str, expected: dict[str, float]) -> Page:
    """Return the first page with these values of `zego_upload_up`, by app."""
    return wait_for(
        url, lambda page: page.table("zego_upload_up", "zego_app") == expected, f"up {expected}"
    )


def test_a_failed_page_leaves_the_old_numbers(tmp_path: Path) -> None:
    """After any fault of the second page the old numbers stay, `up` is 0, the reason is counted.

    Another app is not affected; when the fault ends, the new numbers are there.
    """
    apps = [still_app(TASKS, app_id=n, name=r) for n, r in enumerate(FAULTS, start=1)]
    well = still_app(1, app_id=99, name="well")
    all_up = {app.name: 1.0 for app in (*apps, well)}
    with FaultyServer([*apps, well]) as server:
        entries = [
            entry(app, server, collection=OWN_COLLECTION.get(app.name, {})) for app in (*apps, well)
        ]
        write_config(tmp_path, apps=entries, collection={**FAST, "stale_after": "1h"})
        with running([EXPORTER, *ANY_PORT], tmp_path) as exporter:
            url = url_of(exporter)
            before = wait_for_ups(url, all_up)
            for app in apps:
                fault, parameter = FAULTS[app.name]
                page = None if fault is Fault.TOKEN_CYCLE else 2
                app.faults.switch_on(fault, parameter, page=page)
            # A walk that is past its second page would still succeed, and list what is new.
            broken = wait_for_ups(url, {**dict.fromkeys(all_up, 0.0), "well": 1.0})
            for app in apps:
                app.life.add_task(status=FAILED)

            def has_failed_again(page: Page) -> bool:
                return all(attempts(page, app) >= attempts(broken, app) + 2 for app in apps)

            during = wait_for(url, has_failed_again, "a walk over the new tasks by each app")
            for app in apps:
                app.faults.switch_off()
            after = wait_for_ups(url, all_up)
    for app in apps:
        counts = before.counts(app.name)
        assert during.counts(app.name) == counts
        assert failures(during, app) == {app.name}
        assert after.counts(app.name) == {**counts, "failed": counts["failed"] + 1}
    assert failures(after, well) == set()


def attempts(page: Page, app: FaultyApp) -> float:
    """Return how many collections of `app` have begun."""
    return page.value("zego_upload_collections_total", app.name) or 0.0


def failures(page: Page, app: FaultyApp) -> set[str]:
    """Return the reasons for which collections of `app` have failed."""
    table = page.table("zego_upload_collection_failures_total", "reason", app=app.name)
    return {reason for reason, count in table.items() if count}


def test_old_numbers_go_when_they_are_stale_and_come_back(tmp_path: Path) -> None:
    """Older than `stale_after` they are absent, health stays; after recovery they are back."""
    app = still_app(3)
    with (
        FaultyServer([app]) as server,
        exporter_of(server, tmp_path, stale_after="2s") as exporter,
    ):
        url = url_of(exporter)
        before = wait_for_up(url)
        app.faults.switch_on(Fault.REFUSED)
        gone = wait_for(url, lambda page: not page.counts(), "stale numbers to go")
        assert gone.up() is False
        assert gone.statuses() == {}
        assert gone.value("zego_upload_last_success_timestamp_seconds")
        assert gone.table("zego_upload_collection_failures_total", "reason")["network"]
        app.faults.switch_off()
        after = wait_for_up(url)
        assert after.counts() == before.counts()
        assert after.statuses() == before.statuses()


def test_the_rate_is_kept_by_apps_that_share_an_appid(tmp_path: Path) -> None:
    """2,000 tasks at 20 requests a second, by two apps of one AppId: 20 in any second at most."""
    app = still_app(1000, rate_limit=RATE_LIMIT)
    collection = {"interval": "20s", "requests_per_second": RATE_LIMIT}
    with FaultyServer([app]) as server:
        entries = [entry(app, server, name=name) for name in ("one", "other")]
        write_config(tmp_path, apps=entries, collection=collection)
        with running([EXPORTER, *ANY_PORT], tmp_path) as exporter:
            page = wait_for_ups(url_of(exporter), {"one": 1.0, "other": 1.0})
    assert app.arrivals.requests == 40
    assert app.arrivals.max_in_a_second <= RATE_LIMIT
    assert page.counts("one") == page.counts("other")
    assert not page.table("zego_upload_api_errors_total", "code")
