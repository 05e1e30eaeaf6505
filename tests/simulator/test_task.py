"""Simulated tasks, and how they may move."""

from __future__ import annotations

import pytest

from exporter.simulator.task import (
    LIFE_CYCLE,
    STATUS_WORDS,
    STORED,
    WAITING,
    SimulatedTask,
)


def test_every_status_can_be_reached_and_left() -> None:
    """A task is created waiting, and no status lasts for ever (docs/zego-api.md, Upload tasks)."""
    reached = {WAITING}
    while more := {after for before, after in LIFE_CYCLE if before in reached and after} - reached:
        reached |= more

    assert reached == set(STATUS_WORDS)
    assert {before for before, _ in LIFE_CYCLE if before} == set(STATUS_WORDS)


@pytest.mark.parametrize("status", STATUS_WORDS)
def test_only_a_stored_file_has_addresses(status: int) -> None:
    """The public one and the internal one."""
    task = SimulatedTask("id", "t.mp4", "https://s.example/t.mp4", status, 0, 0, 0, 0, False)
    addresses = (task.upload_stream_url, task.internal_upload_stream_url)

    assert all(addresses) == any(addresses) == (status in STORED)
