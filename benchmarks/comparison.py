"""Compares the pages of an exporter with the tasks that existed, for the soak benchmark."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from exporter.simulator.lifecycle import Lifecycle
from exporter.simulator.state import expected_state
from exporter.simulator.task import STATUS_WORDS
from tests.faults import FaultyApp

WARM_UP = 0.5
"""Part of the rounds that is left out of the slope: nonces are kept for 20 minutes, caches fill."""

TASKS = 180
STATES_KEPT = 200
TOLERANCE_SECONDS = 0.5
"""How far two processes may differ about when something became stale."""

SUCCESS = "zego_upload_last_success_timestamp_seconds"
DURATION = "zego_upload_collection_duration_seconds"

Samples = Mapping[tuple[str, ...], float]
"""Values by label values, in the order of the labels' names; `zego_app` is not among them."""

Page = Mapping[str, Samples]
"""The samples of one app, by metric name."""


@dataclass
class Report:
    """What was done, what was found wrong, and what it took: MiB by hours since the start."""

    done: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    resident_mib: list[tuple[float, float]] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    def check(self, holds: bool, problem: str) -> None:
        """Note a comparison, and the problem where it fails."""
        self.done["comparisons"] += 1
        if not holds:
            self.wrong.append(problem)
            print(f"WRONG: {problem}", flush=True)

    def slope(self) -> float:
        """Return the growth of the resident set after warm-up, in MiB an hour (least squares)."""
        warm = self.resident_mib[int(len(self.resident_mib) * WARM_UP) :]
        hours, mebibytes = zip(*warm, strict=True)
        return statistics.linear_regression(hours, mebibytes).slope if len(warm) > 1 else 0.0

    def table(self) -> str:
        """Return all of it as a table."""
        resident = [mebibytes for _, mebibytes in self.resident_mib]
        rows: dict[str, object] = {
            **{what: f"{number:,}" for what, number in self.done.items()},
            "wrong": len(self.wrong),
            "rounds": len(resident),
            "resident set at rest (MiB), lowest to highest": _span([round(r, 1) for r in resident]),
            "its slope after warm-up (MiB an hour)": f"{self.slope():+.2f}",
            "threads at rest": _span(self.threads),
            "descriptors at rest": _span(self.descriptors),
        }
        return "\n".join(["| | |", "|---|---|", *(f"| {k} | {v} |" for k, v in rows.items())])


def _span(numbers: Iterable[float]) -> str:
    lowest, *_, highest = sorted([*numbers, *numbers])
    return f"{lowest} to {highest}"


class Watched:
    """An app whose tasks are changed only by `change`, and the history of their list.

    `stale_after` is the exporter's, in seconds.
    """

    def __init__(self, app_id: int, name: str, *, stale_after: float) -> None:
        life = Lifecycle(pace=0, start=time.time())
        life.add_tasks(TASKS, statuses=tuple(STATUS_WORDS))
        # A listing is one look: what changes during a walk would else be seen half.
        self.app = FaultyApp(
            app_id, f"{app_id:032x}", life, name, rate_limit=None, paging="snapshot"
        )
        self._stale_after = stale_after
        self._states = [(0.0, expect(expected_state(self.app, time.time())))]

    def change(self, random: Random) -> None:
        """Add, move and remove some tasks; a listing sees all of these changes or none."""
        life, statuses = self.app.life, tuple(STATUS_WORDS)
        with life.lock:
            for _ in range(random.randrange(1, 6)):
                chosen = random.choice(list(life.tasks))
                life.set_status(chosen, random.choice(statuses), retry_count=random.randrange(4))
            if random.random() < 0.5:
                life.remove(random.choice(list(life.tasks)))
                life.add_task(status=random.choice(statuses))
            now = time.time()
            self._states.append((now, expect(expected_state(self.app, now))))
        del self._states[:-STATES_KEPT]

    def compare(
        self, page: Page, scraped: tuple[float, float], report: Report, *, at_rest: bool
    ) -> None:
        """Check a page that was scraped between two times (Unix seconds).

        `at_rest`: it has to show the present.
        """
        name, shown = self.app.name, "zego_upload_tasks" in page
        if SUCCESS not in page:
            report.check(not shown, f"{name}: numbers out of nothing")
            return
        ended = page[SUCCESS][()]
        if scraped[0] - ended > self._stale_after + TOLERANCE_SECONDS:
            report.check(not shown, f"{name}: stale and shown")
        elif scraped[1] - ended < self._stale_after - TOLERANCE_SECONDS:
            report.check(shown, f"{name}: fresh and not shown")
        if shown:
            began = scraped[0] if at_rest else ended - page[DURATION][()]
            expected = list(self._states_between(began, max(began, ended)))
            numbers = {metric: page.get(metric, {}) for metric in expected[0]}
            report.check(numbers in expected, f"{name}: {_difference(numbers, expected[-1])}")

    def _states_between(self, since: float, until: float) -> Iterable[Page]:
        """Return the states that were current at any time between two times."""
        ends = [began for began, _ in self._states[1:]] + [float("inf")]
        for (began, state), ended in zip(self._states, ends, strict=True):
            if began <= until and ended >= since:
                yield state


def read_pages(text: str) -> Mapping[str, Page]:
    """Return the page of each app in an exposition."""
    pages: dict[str, dict[str, dict[tuple[str, ...], float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = dict(sample.labels)
            app = labels.pop("zego_app", None)
            if app is not None:
                values = tuple(labels[name] for name in sorted(labels))
                pages.setdefault(app, {}).setdefault(sample.name, {})[values] = sample.value
    return pages


def expect(state: Mapping[str, Any]) -> Page:
    """Return what a page has to say of a state of the tasks (`expected_state`)."""
    counts, tasks = state["counts"], state["tasks"]
    return {
        "zego_upload_tasks": _by_status(counts),
        "zego_upload_retries": _by_status(state["retries"]),
        "zego_upload_retried_tasks": _by_status(state["retried_tasks"]),
        "zego_upload_max_retries": _by_status(state["max_retries"]),
        "zego_upload_slots_used": {(): counts["waiting"] + counts["uploading"]},
        "zego_upload_collection_tasks": {(): len(tasks)},
        "zego_upload_task_info": {
            ("", task["status"], task["title"], task_id): 1.0 for task_id, task in tasks.items()
        },
        "zego_upload_task_retries": {
            (task_id,): task["retry_count"] for task_id, task in tasks.items()
        },
    }


def _by_status(values: Mapping[str, float]) -> Samples:
    return {(word,): value for word, value in values.items()}


def _difference(shown: Page, expected: Page) -> str:
    return "; ".join(
        f"{metric}: {sorted(shown[metric].items() ^ expected[metric].items())[:6]}"
        for metric in expected
        if shown[metric] != expected[metric]
    )
