"""Simulator, exporter and a real Prometheus: PromQL returns the simulator's numbers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from exporter.config.schema import TaskSettings
from exporter.simulator.app import SimulatedApp
from exporter.simulator.http_server import SimulatorServer
from exporter.simulator.state import expected_state
from tests.e2e.apps import FAST, entry, still_app, write_config
from tests.e2e.processes import ANY_PORT, EXPORTER, prometheus_scraping, running, url_of
from tests.grafana.prometheus import Prometheus
from tests.waiting import wait_until

pytestmark = pytest.mark.e2e

BY_STATUS = {
    "zego_upload_tasks": "counts",
    "zego_upload_retries": "retries",
    "zego_upload_retried_tasks": "retried_tasks",
    "zego_upload_max_retries": "max_retries",
}
"""Metrics with the label `status`, and their names in the simulator's expected state."""

DEFAULTS = TaskSettings()


def ask(prometheus: Prometheus, expr: str, label: str = "") -> dict[str, float]:
    """Return the values of an expression by `label`, at the last scrape that succeeded.

    On a machine at its limit, a scrape can time out, and then nothing is known at its time.
    """
    last = "max(max_over_time(timestamp(up == 1)[10m:1s]))"
    scrapes = prometheus.query(last, now=time.time())
    if not scrapes:
        return {}
    found = prometheus.query(expr, now=float(scrapes[0]["value"][1]))
    return {series["metric"].get(label, ""): float(series["value"][1]) for series in found}


def expiring(state: dict[str, Any]) -> dict[str, float]:
    """Return how many succeeded tasks expire within each window."""
    left = [
        task["expires_at"] - state["now"]
        for task in state["tasks"].values()
        if task["status"] == "succeeded"
    ]
    return {
        window: sum(1 for seconds in left if 0 < seconds <= within)
        for window, within in DEFAULTS.expiry_windows
    }


def assert_agrees(prometheus: Prometheus, app: SimulatedApp) -> None:
    """Compare the numbers of `app` in Prometheus with the expected ones."""
    state, own = expected_state(app, time.time()), f'{{zego_app="{app.name}"}}'
    for metric, name in BY_STATUS.items():
        assert ask(prometheus, metric + own, "status") == state[name], metric
    assert ask(prometheus, "zego_upload_expiring_tasks" + own, "within") == expiring(state)
    next_expiry = {"": state["next_expiry"]} if state["next_expiry"] else {}
    assert ask(prometheus, "zego_upload_next_expiry_timestamp_seconds" + own) == next_expiry
    words = {status.value for status in DEFAULTS.statuses}
    exposed = sum(1 for task in state["tasks"].values() if task["status"] in words)
    kept = min(exposed, DEFAULTS.limit)
    assert ask(prometheus, f"count(zego_upload_task_info{own})") == ({"": kept} if kept else {})
    assert ask(prometheus, "zego_upload_task_series_omitted" + own) == {"": exposed - kept}


@pytest.mark.parametrize(("first", "second"), [(0, 1), (49, 50), (51, 10_000)])
def test_prometheus_has_the_numbers_of_the_simulator(
    tmp_path: Path, first: int, second: int
) -> None:
    """Of three apps two agree exactly; the one with a wrong secret affects neither."""
    good = [
        still_app(first, app_id=1, name="first"),
        still_app(second, app_id=2, name="second"),
    ]
    wrong = still_app(5, app_id=3, name="wrong")
    with SimulatorServer([*good, wrong]) as server:
        apps = [entry(app, server) for app in good]
        apps.append(entry(wrong, server, server_secret="0" * 32))
        write_config(tmp_path, apps=apps, collection=FAST)
        with (
            running([EXPORTER, *ANY_PORT], tmp_path) as exporter,
            prometheus_scraping(url_of(exporter), tmp_path) as prometheus,
        ):
            expected = {"first": 1.0, "second": 1.0, "wrong": 0.0}
            wait_until(
                lambda: ask(prometheus, "zego_upload_up", "zego_app") == expected,
                f"zego_upload_up {expected}",
            )
            assert ask(prometheus, "up") == {"": 1}
            for app in good:
                assert_agrees(prometheus, app)
            assert ask(prometheus, 'zego_upload_tasks{zego_app="wrong"}') == {}
            failures = ask(
                prometheus,
                "sum by (zego_app, reason) (zego_upload_collection_failures_total > 0)",
                "zego_app",
            )
            assert failures.keys() == {"wrong"}
            reasons = ask(prometheus, "zego_upload_collection_failures_total > 0", "reason")
            assert reasons.keys() == {"auth"}
