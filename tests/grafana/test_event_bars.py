"""Bars that count events show each event once, for any range and any times of scrapes."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from tests.grafana.boards import ENGLISH_NAMES, load, panels
from tests.grafana.prometheus import Prometheus, prometheus_with
from tests.grafana.queries import panel_queries
from tests.grafana.samples import braced

pytestmark = pytest.mark.e2e

HOUR = 3600
DAY = 24 * HOUR
END = 1_700_006_400
"""A midnight in UTC, as steps of a day need it."""

SCRAPE = 30
SPAN = 4 * DAY
APPS = ("vod", "live")
TASK = "1f"
"""A task of the first app; on its dashboard the other app does not count."""
RANGES = {"1h": HOUR, "6h": 6 * HOUR, "2d": 2 * DAY}
TRANSITIONS = "zego_upload_task_transitions_total"
HOURLY = "job_zego_app_to:zego_upload_task_transitions:increase1h"
COUNTERS: dict[str, list[dict[str, str]]] = {
    TRANSITIONS: [
        {"from": "uploading", "to": "succeeded"},
        {"from": "waiting", "to": "succeeded"},
        {"from": "uploading", "to": "failed"},
    ],
    "zego_upload_failures_total": [{"reason": "upload"}, {"reason": "other"}],
    "zego_upload_callback_events_total": [{"event": "failed"}, {"event": "expired"}],
    "zego_upload_collection_failures_total": [{"reason": "server"}, {"reason": "timeout"}],
}
BARS_OF = {
    "Finished uploads": TRANSITIONS,
    "Failures by reason": "zego_upload_failures_total",
    "Callback events": "zego_upload_callback_events_total",
    "Failed collections by reason": "zego_upload_collection_failures_total",
    "Uploads per day": TRANSITIONS,
}
"""Every panel that counts events in bars, in English, and the counter that it shows."""

ROUND = (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, DAY)
"""Seconds that Grafana rounds a step to, about."""

Samples = dict[float, float]


class History:
    """Counters of two apps over four days, each event at a random time; the same every time."""

    def __init__(self, shift: float) -> None:
        """Scrape `shift` seconds after each multiple of the scrape interval."""
        self.times = [END - SPAN + SCRAPE * n + shift for n in range(SPAN // SCRAPE + 1)]
        self.counters: dict[tuple[str, str, int], Samples] = {}
        chance = random.Random(4)  # noqa: S311 - the same events every time
        for metric, kinds in COUNTERS.items():
            for app in APPS:
                for number in range(len(kinds)):
                    steps = (int(chance.random() < 0.01) for _ in self.times)
                    self.counters[metric, app, number] = dict(
                        zip(self.times, accumulate(steps, initial=0), strict=False)
                    )

    def happened(self, metric: str, apps: Sequence[str], start: float, end: float) -> float:
        """Return how many events of these apps were counted after `start`, up to `end`."""
        return sum(
            self._at(samples, end) - self._at(samples, start)
            for (name, app, _), samples in self.counters.items()
            if name == metric and app in apps
        )

    def _at(self, samples: Samples, time: float) -> float:
        return samples[self.times[bisect_right(self.times, time) - 1]]

    def openmetrics(self) -> str:
        """Return the counters as scraped by job `one`, and by two replicas as job `two`.

        Of the replicas one has counted from before, the other sees everything 45 seconds later.
        """
        lines = ["# TYPE zego_upload_task_info unknown"]
        task = {"zego_app": APPS[0], "upload_task_id": TASK, "title": "", "status": "failed"}
        lines += self._lines("zego_upload_task_info", task, dict.fromkeys(self.times, 1.0))
        for metric, kinds in COUNTERS.items():
            lines.append(f"# TYPE {metric} unknown")
            for number, labels in enumerate(kinds):
                for app in APPS:
                    samples = self.counters[metric, app, number]
                    lines += self._lines(metric, {"zego_app": app, **labels}, samples)
        lines.append(f"# TYPE {HOURLY} unknown")
        for to in ("succeeded", "failed"):
            for app in APPS:
                lines += self._hourly(app, to)
        return "\n".join([*lines, "# EOF", ""])

    def _hourly(self, app: str, to: str) -> Iterator[str]:
        """Yield the values of the recording rule at full hours."""
        kinds = [n for n, labels in enumerate(COUNTERS[TRANSITIONS]) if labels["to"] == to]
        labels = braced({"job": "one", "zego_app": app, "to": to})
        for hour in range(END - SPAN + 2 * HOUR, END + 1, HOUR):
            grown = sum(
                self._at(samples, hour) - self._at(samples, hour - HOUR)
                for samples in (self.counters[TRANSITIONS, app, number] for number in kinds)
            )
            yield f"{HOURLY}{labels} {grown} {hour}"

    def _lines(self, metric: str, labels: dict[str, str], samples: Samples) -> Iterator[str]:
        targets = (
            ({"job": "one", "instance": "1:1"}, 0, 0),
            ({"job": "two", "instance": "1:1"}, 0, 100),
            ({"job": "two", "instance": "2:1"}, 3, 0),
        )
        for target, lag, more in targets:
            text = braced({**labels, **target})
            for index, time in enumerate(self.times):
                value = samples[self.times[max(0, index - lag)]]
                yield f"{metric}{text} {value + more} {time:.3f}"


@pytest.fixture(
    name="stored",
    scope="module",
    params=[(7, False), (0, True)],
    ids=["scrapes beside the edges", "scrapes at the edges, current Prometheus"],
)
def stored_fixture(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Prometheus, History]]:
    """Return a Prometheus whose scrapes lie beside the edges of the bars' windows, or at them.

    Prometheus 3 leaves the start of a range out, so a scrape at an edge is in one window there.
    """
    shift, current = request.param
    history, folder = History(shift), tmp_path_factory.mktemp("bars")
    with prometheus_with(history.openmetrics(), folder, current=current) as prometheus:
        yield prometheus, history


def bars(board: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the panels that draw bars over time."""
    graphs = [panel for panel in panels(board) if panel["type"] == "timeseries"]
    return [
        panel
        for panel in graphs
        if panel["fieldConfig"]["defaults"]["custom"].get("drawStyle") == "bars"
    ]


def step_of(panel: dict[str, Any], seconds: int) -> int:
    """Return the step that Grafana takes for a time range."""
    (smallest,) = {target["interval"] for target in panel["targets"]}
    least = {"1m": 60, "1d": DAY}[smallest]
    return max(least, next(step for step in ROUND if seconds / panel["maxDataPoints"] <= step))


def total(
    prometheus: Prometheus, board: dict[str, Any], title: str, *, start: int, step: int, job: str
) -> float:
    """Return the sum of a panel's bars."""
    return sum(
        float(value)
        for query in panel_queries(
            board, apps=APPS, task=TASK, job=job, interval=f"{step}s", time_range="2d"
        )
        if (query.panel, query.choice) == (title, "all")
        for series in prometheus.query_range(query.expr, start=start, end=END, step=step)
        for _, value in series["values"]
    )


@pytest.mark.parametrize("job", ["one", "two"])
@pytest.mark.parametrize("seconds", RANGES.values(), ids=RANGES)
def test_bars_add_up_to_the_counter(
    stored: tuple[Prometheus, History], seconds: int, job: str
) -> None:
    """The sum of the bars is the counter's difference, for every such panel of every dashboard.

    The Chinese dashboards ask the same queries, as a test of their own holds.
    """
    prometheus, history = stored
    compared = set()
    for name in ENGLISH_NAMES:
        board, apps = load(name), APPS[:1] if "task" in name else APPS
        for panel in bars(board):
            metric, step = BARS_OF[panel["title"]], step_of(panel, seconds)
            if job == "two" and step == DAY:
                continue  # the recording rules have merged the replicas
            start = (END - seconds) // step * step
            happened = history.happened(metric, apps, start - step, END)
            shown = total(prometheus, board, panel["title"], start=start, step=step, job=job)
            assert shown == pytest.approx(happened), (name, panel["title"])
            assert happened > 0
            compared.add(panel["title"])
    assert compared >= BARS_OF.keys() - ({"Uploads per day"} if job == "two" else set())


def test_every_panel_of_bars_is_known() -> None:
    """A new panel of bars says here which counter it shows."""
    titles = {panel["title"] for name in ENGLISH_NAMES for panel in bars(load(name))}
    assert titles == BARS_OF.keys()


RESET = END - HOUR


def rising(*stretches: tuple[str, int, int, float]) -> str:
    """Return one counter of replicas, rising 1 a minute, from (replica, start, end, value)."""
    lines = ["# TYPE zego_upload_failures_total unknown"]
    for instance, begin, end, value in stretches:
        labels = {"job": "one", "instance": instance, "zego_app": "vod", "reason": "upload"}
        for time in range(begin, end, SCRAPE // 2):
            count = value + (time - begin) // 60
            lines.append(f"zego_upload_failures_total{braced(labels)} {count} {time}")
    return "\n".join([*lines, "# EOF", ""])


def shown_since(start: int, openmetrics: str, folder: Path) -> float:
    """Return the sum of the bars of five minutes that the counter makes from `start` on."""
    board = load("zego-uploads")
    with prometheus_with(openmetrics, folder) as prometheus:
        return total(prometheus, board, "Failures by reason", start=start, step=300, job="one")


def test_a_restart_takes_nothing_away(tmp_path: Path) -> None:
    """Bars continue when a counter begins again at 0."""
    samples = rising(("a", END - 3 * HOUR, RESET, 500), ("a", RESET, END + 1, 0))
    shown = shown_since(RESET - 600, samples, tmp_path)
    assert shown == pytest.approx((END - RESET + 900) // 60, abs=1)


def test_the_first_value_of_a_counter_is_no_event(tmp_path: Path) -> None:
    """A counter that continues a history is not counted as if it had happened now."""
    shown = shown_since(RESET - 600, rising(("a", RESET, END + 1, 4000)), tmp_path)
    assert shown == pytest.approx((END - RESET) // 60, abs=1)


def test_a_replica_that_comes_back_is_no_event(tmp_path: Path) -> None:
    """While the replica with the larger count is away and back, the other one counts."""
    samples = rising(
        ("a", RESET - HOUR, RESET, 4000),
        ("a", RESET + HOUR // 2, END + 1, 4000),
        ("b", RESET - HOUR, END + 1, 100),
    )
    shown = shown_since(RESET - 600, samples, tmp_path)
    assert shown == pytest.approx((END - RESET + 900) // 60, abs=2)
