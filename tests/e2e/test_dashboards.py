"""The dashboards on a Prometheus that scrapes the demo, as in a first try."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import ANY_PORT, EXPORTER, prometheus_scraping, running, url_of
from tests.grafana.boards import ENGLISH_NAMES, load, panels
from tests.grafana.prometheus import Prometheus
from tests.grafana.queries import PanelQuery, annotation_queries, panel_queries, variable_selectors
from tests.prometheus.rule_files import RULE_FILES
from tests.waiting import wait_until

pytestmark = pytest.mark.e2e

APPS = ("vod", "lessons")
RANGE_SECONDS = 900

FULL_HOUR = "it looks at full hours, of which the demo has none yet"

MAY_BE_EMPTY = {
    "Apps over the time range": FULL_HOUR,
    "Failed uploads by source host": FULL_HOUR,
    "In status for": "it is not known of tasks that the first collection found",
    "Success ratio per day": FULL_HOUR,
    "Time at the slot limit": FULL_HOUR,
    "Titles that failed most": FULL_HOUR,
    "Uploads per day": FULL_HOUR,
    "Failed collections by reason": "the demo's collections succeed, thanks to retries",
    "Failures by reason": "a failure that a callback explains may take the demo some minutes",
    "Failure reason": "ZEGO says it by callback alone, and most tasks failed before the demo began",
    "Other uploads of this title": "titles are rarely used twice",
}
"""Panels of which the demo may have no data, and why that is right."""


@pytest.fixture(name="demo", scope="module")
def demo_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Return a Prometheus that scrapes the demo, and has our rules."""
    folder: Path = tmp_path_factory.mktemp("demo")
    with (
        running([EXPORTER, "--demo", *ANY_PORT], folder) as exporter,
        prometheus_scraping(url_of(exporter), folder, rules=RULE_FILES) as prometheus,
    ):
        yield prometheus


def a_task(demo: Prometheus, status: str) -> str:
    """Return the id of a task of the first app in this status, waiting for one."""
    query = f'zego_upload_task_info{{zego_app="{APPS[0]}", status="{status}"}}'
    found = wait_until(lambda: demo.query(query, now=time.time()), f"a task that {status}")
    task: str = found[0]["metric"]["upload_task_id"]
    return task


def count_series(demo: Prometheus, queries: list[PanelQuery]) -> int:
    """Return how many series all of these queries give."""
    now = time.time()
    return sum(
        len(query.send(demo, start=now - RANGE_SECONDS, end=now, step=5)) for query in queries
    )


@pytest.mark.long  # some panels show a rate first after a minute of scrapes
@pytest.mark.parametrize("name", ENGLISH_NAMES)
def test_every_panel_has_data_soon(demo: Prometheus, name: str) -> None:
    """No query fails for one, several and all apps; panels that should soon have data have it.

    The Chinese dashboards ask the same queries, as a test of their own holds.

    The dashboard of one task is asked for a failed task and for one whose file will expire.
    """
    tasks = [a_task(demo, "failed"), a_task(demo, "succeeded")]
    board = load(name)
    by_panel = defaultdict(list)
    for task in tasks:
        for query in panel_queries(board, apps=APPS, task=task, time_range=f"{RANGE_SECONDS}s"):
            by_panel[query.panel, query.choice].append(query)
    assert {panel for panel, _ in by_panel} == {panel["title"] for panel in panels(board)}
    for (panel, choice), queries in by_panel.items():
        count = partial(count_series, demo, queries)
        if panel in MAY_BE_EMPTY:
            count()
        else:
            wait_until(count, f"data in {panel!r} for {choice}", seconds=300)


def choices(demo: Prometheus, selector: str) -> list[dict[str, Any]]:
    """Return the series that a variable takes its values from."""
    return demo.query(selector, now=time.time())


@pytest.mark.parametrize("name", ENGLISH_NAMES)
def test_variables_and_annotations_are_answered(demo: Prometheus, name: str) -> None:
    """Each variable has something to choose from; no annotation's query fails."""
    board, now = load(name), time.time()
    for selector in variable_selectors(board):
        wait_until(partial(choices, demo, selector), selector)
    for expr in annotation_queries(board, task=a_task(demo, "failed")):
        demo.query_range(expr, start=now - RANGE_SECONDS, end=now, step=5)


def test_what_may_be_empty_is_a_panel() -> None:
    """Each exception names an existing panel."""
    titles = {panel["title"] for name in ENGLISH_NAMES for panel in panels(load(name))}

    assert titles >= MAY_BE_EMPTY.keys()
