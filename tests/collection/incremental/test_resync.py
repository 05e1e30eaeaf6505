"""Corrections by a resync."""

from __future__ import annotations

from exporter.simulator.task import (
    EXPIRED,
    FAILED,
    SUCCEEDED,
)
from tests.faults.faults import Fault
from tests.twins import RESYNC_INTERVAL, Twins


def test_a_hidden_change_is_corrected_and_counted_at_the_resync(twins: Twins) -> None:
    """One task removed and one created in one status: no total shows it before."""
    twins.life.remove(list(twins.life.by_status[EXPIRED])[20].id)
    twins.life.add_task(status=EXPIRED)
    twins.life.set_status(list(twins.life.by_status[FAILED])[9].id, FAILED, expires_at=5)
    twins.collect()
    assert twins.incremental.samples() != twins.full.samples()
    twins.elapsed += RESYNC_INTERVAL
    view = twins.collect()
    assert view.corrections == 3
    twins.assert_same_tasks()


def test_a_resync_without_hidden_changes_corrects_nothing(twins: Twins) -> None:
    """A visible change before or during it is not a correction."""
    twins.life.add_task(status=FAILED)
    twins.life.set_status(next(iter(twins.life.by_status[SUCCEEDED])).id, EXPIRED)
    twins.elapsed += RESYNC_INTERVAL
    assert twins.collect().corrections == 0
    twins.assert_same()


def test_a_failed_resync_is_repeated_by_the_next_collection(twins: Twins) -> None:
    """The other walks of a resync end when one has failed."""
    twins.elapsed += RESYNC_INTERVAL
    twins.incremental.app.faults.switch_on(Fault.HTTP_STATUS, 500, page=3)
    requests = twins.requests()
    assert requests < 20
    assert twins.incremental.collector.state.view().failures["server"] == 1
    twins.switch_off()
    assert twins.requests() > 30
    twins.assert_same_tasks()
