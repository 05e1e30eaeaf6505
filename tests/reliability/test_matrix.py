"""Each row of the fault matrix, against the simulated API over a real socket."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.errors import FAILURE_REASONS
from tests.faults.faults import Fault
from tests.reliability.matrix import ROWS, Outside, Row
from tests.reliability.site import MAX_RETRIES, Samples, Site, Tls

ROW_NAMES = [row.name for row in ROWS]


@pytest.fixture
def site(row: Row, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Return the site that the row's fault can happen to."""
    tls = None
    if isinstance(row.fault, Outside) and row.fault is not Outside.NAME_LOOKUP:
        tls = Tls(tmp_path)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls.ca_file))
    built = Site(row, tls)
    built.start()
    yield built
    built.stop()


def shown(samples: Samples, expected: Samples) -> Samples:
    """Return those of the samples that are expected, and none of tasks that are not."""
    per_task = "zego_upload_task_retries"
    return {
        key: value for key, value in samples.items() if key in expected or key.startswith(per_task)
    }


def counted(samples: Samples, metric: str) -> Samples:
    """Return what a counter with one label has counted, by that label."""
    return {
        key.split('"')[1]: value
        for key, value in samples.items()
        if key.startswith(f"{metric}{{") and value
    }


@pytest.mark.parametrize("row", ROWS, ids=ROW_NAMES)
def test_the_fault_has_the_result_of_its_row(row: Row, site: Site) -> None:
    """The failure is counted, the numbers are as documented, and the next collection recovers."""
    old = site.expected()
    if not row.from_the_start:
        assert shown(site.collect(), old) == old
    site.app.life.add_tasks(30, statuses=(1, 5))
    new = site.expected()
    with site.broken():
        during = site.collect()
        assert counted(during, "zego_upload_collection_failures_total") == (
            {row.reason: 1} if row.reason else {}
        )
        tries = 1 + MAX_RETRIES * bool(row.retry)
        assert counted(during, "zego_upload_api_errors_total") == (
            {row.code: tries} if row.code else {}
        )
        assert during["zego_upload_up"] == (not row.reason)
        numbers = {"last": old, "new": new, "none": {}}[row.numbers]
        assert shown(during, {**old, **new}) == numbers
        assert {key: during.get(key) for key in row.samples} == row.samples
        if row.retry == "after Retry-After":
            assert site.collector.waits == [float(str(row.parameter))]
        site.now += site.collector.settings.collection.stale_after + 1
        assert shown(site.scrape(), {**old, **new}) == {}
    after = site.collect()
    assert after["zego_upload_up"] == 1
    assert shown(after, {**old, **new}) == new


PASSING = [row for row in ROWS if row.retry and row.fault not in (*Outside, Fault.REFUSED)]


@pytest.mark.parametrize("row", PASSING, ids=[row.name for row in PASSING])
def test_a_retry_recovers_from_a_passing_fault(row: Row, site: Site) -> None:
    """The collection succeeds, and the API error is counted."""
    with site.broken(next_requests=1):
        samples = site.collect()
    assert samples["zego_upload_up"] == 1
    assert counted(samples, "zego_upload_collection_failures_total") == {}
    assert counted(samples, "zego_upload_api_errors_total") == {row.code: 1}
    expected = site.expected()
    assert shown(samples, expected) == expected


@pytest.mark.parametrize("row", [Row("", Fault.HUGE_BODY, 20), Row("", Fault.GZIP_BOMB, 20)])
def test_a_failure_keeps_nothing_of_what_was_read(row: Row, site: Site) -> None:
    """It is freed without the garbage collector, while the fault lasts."""
    mebibytes = int(str(row.parameter))
    with site.broken():
        site.collector.collect()
        gc.disable()
        tracemalloc.start()
        try:
            site.collector.collect()
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            gc.enable()
    assert held < mebibytes * 2**20 / 4


def test_every_fault_has_a_row() -> None:
    """Every fault of the simulator, and every fault outside of it."""
    assert {row.fault for row in ROWS} == {*Fault, *Outside}


def test_every_reason_has_a_row() -> None:
    """Except a defect of the exporter itself, which no fault of the API may cause."""
    assert {row.reason for row in ROWS} - {""} == {*FAILURE_REASONS} - {"internal"}


def test_the_names_of_rows_are_unique() -> None:
    """Readers of the table find a row by its name."""
    assert len(set(ROW_NAMES)) == len(ROWS)
