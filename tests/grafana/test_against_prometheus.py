"""The dashboards' queries on a real Prometheus: no error, data, and replicas counted once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.grafana.boards import ENGLISH_NAMES, load, panels
from tests.grafana.prometheus import Prometheus, prometheus_with
from tests.grafana.queries import (
    MAY_BE_EMPTY,
    PanelQuery,
    annotation_queries,
    panel_queries,
    variable_selectors,
)
from tests.grafana.samples import APPS, END, START, STEP, TASK, openmetrics

pytestmark = pytest.mark.e2e

PER_REPLICA = {"Exporters"}
"""Panels that are about the replicas themselves."""

JUST_FAILED = START + 15 * STEP
"""One replica shows the task as failed, the other still as waiting for a retry."""


@pytest.fixture(name="prometheus", scope="module")
def prometheus_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Return a Prometheus that scraped one exporter as one job, two replicas as another."""
    with prometheus_with(openmetrics(), tmp_path_factory.mktemp("prometheus")) as prometheus:
        yield prometheus


@pytest.mark.parametrize("name", ENGLISH_NAMES)
def test_every_query_has_an_answer(prometheus: Prometheus, name: str) -> None:
    """No query fails, and every panel that is meant to have data has some, for any choice."""
    filled: dict[tuple[str, str], int] = {}
    for query in panel_queries(load(name), apps=APPS, task=TASK, time_range="1h"):
        key = (query.panel, query.choice)
        filled[key] = filled.get(key, 0) + len(
            query.send(prometheus, start=START, end=END, step=STEP)
        )
    empty = {panel for (panel, _), count in filled.items() if not count}
    assert empty <= MAY_BE_EMPTY
    for expr in (*annotation_queries(load(name), task=TASK), *variable_selectors(load(name))):
        assert prometheus.query_range(expr, start=START, end=END, step=60), expr


def test_only_our_exporters_are_listed(prometheus: Prometheus) -> None:
    """Every target has `up`, Prometheus itself and all node exporters."""
    instances = {
        series["metric"].get("instance")
        for query in panel_queries(load("zego-uploads"), apps=APPS)
        if query.panel == "Exporters"
        for series in prometheus.query(query.expr, now=END)
    }
    assert instances == {"single-0:10317", "double-0:10317", "double-1:10317"}


def test_uploads_per_day_are_those_of_the_days_with_data(tmp_path: Path) -> None:
    """In its first weeks the exporter has watched for less than the board's time range."""
    name = "job_zego_app_to:zego_upload_task_transitions:increase1h"
    label = f'job="zego",zego_app="{APPS[0]}"'
    lines = [
        f'{name}{{{label},to="{to}"}} 2 {END - age}'
        for to in ("failed", "succeeded")
        for age in range(2 * 86_400, -1, -300)
    ]
    text = "\n".join([f"# TYPE {name} unknown", *lines, "# EOF", ""])
    board = load("zego-uploads-weeks")
    (query,) = (
        query
        for query in panel_queries(board, apps=APPS, time_range="7d")
        if (query.panel, query.ref_id, query.choice) == ("Apps over the time range", "D", "one")
    )
    with prometheus_with(text, tmp_path) as server:
        (found,) = server.query(query.expr, now=END)
    assert float(found["value"][1]) == pytest.approx(4 * 24)


def test_dates_are_in_milliseconds(prometheus: Prometheus) -> None:
    """Grafana reads a number with the unit of a date as milliseconds; ours are seconds."""
    names = set()
    for name in ENGLISH_NAMES:
        board = load(name)
        units = {p["title"]: p["fieldConfig"]["defaults"].get("unit", "") for p in panels(board)}
        for query in panel_queries(board, apps=APPS, task="fine"):
            if units[query.panel].startswith("dateTime"):
                (value,) = prometheus.query(query.expr, now=END)
                assert abs(float(value["value"][1]) / 1000 - END) < 86_400, query.name
                names.add(query.panel)
    assert names == {"Created", "Expires"}


@pytest.mark.parametrize("name", ENGLISH_NAMES)
def test_replicas_count_once(prometheus: Prometheus, name: str) -> None:
    """Two replicas give the same values as one exporter."""
    asked = {
        job: list(panel_queries(load(name), apps=APPS, task=TASK, job=job))
        for job in ("single", "double")
    }
    compared = 0
    for single, double in zip(asked["single"], asked["double"], strict=True):
        if single.panel not in PER_REPLICA and single.instant:
            assert values(prometheus, single) == values(prometheus, double), single.name
            compared += 1
    assert compared > 10


def values(prometheus: Prometheus, query: PanelQuery) -> list[tuple[Any, float]]:
    """Return the values by labels, the job left out, when no status has changed for a while."""
    found = prometheus.query(query.expr, now=END)
    return sorted(
        (
            sorted(series["metric"].items() - {("job", series["metric"].get("job"))}),
            round(float(series["value"][1]), 3),
        )
        for series in found
    )


@pytest.mark.parametrize("name", ENGLISH_NAMES)
def test_no_query_fails_while_statuses_overlap(prometheus: Prometheus, name: str) -> None:
    """Joins find one partner while one replica shows the old status yet, the other the new one."""
    for query in panel_queries(load(name), apps=APPS, task=TASK, job="double"):
        prometheus.query(query.expr, now=JUST_FAILED)


def test_a_task_is_one_row_while_statuses_overlap(prometheus: Prometheus) -> None:
    """While one replica shows the old status yet, a task is one row, in its more urgent status."""
    board = load("zego-uploads")
    (rows,) = (
        query
        for query in panel_queries(board, apps=APPS, job="double")
        if (query.panel, query.ref_id, query.choice)
        == ("Failed and unfinished uploads", "A", "one")
    )
    found = prometheus.query(rows.expr, now=JUST_FAILED)
    ids = [series["metric"]["upload_task_id"] for series in found]
    assert len(set(ids)) == len(ids)
    assert found[0]["metric"] == {
        "job": "double",
        "zego_app": APPS[0],
        "upload_task_id": TASK,
        "title": f"{TASK}.mp4",
        "status": "failed",
        "reason": "upload",
    }
