"""The schedule of collections."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.collection.schedule import (
    EARLY_SPACING,
    MAX_START_SPREAD_SECONDS,
    START_SPREAD,
    Schedule,
    count_ticks,
    random_start,
)


@pytest.mark.parametrize("interval", [1.0, 60.0, 3600.0])
def test_first_collections_are_spread(monkeypatch: pytest.MonkeyPatch, interval: float) -> None:
    """Over a part of the interval, and never over more than a user waits for first numbers."""
    longest = min(START_SPREAD * interval, MAX_START_SPREAD_SECONDS)
    for part in (0.0, 0.5):
        monkeypatch.setattr(random, "random", lambda part=part: part)
        assert random_start(100.0, interval) == 100.0 + part * longest


def test_collections_keep_their_interval() -> None:
    """A slow collection does not delay the next one."""
    schedule = Schedule(first=10.0, interval=60.0)
    assert schedule.due == 10.0
    schedule.start(10.2)
    assert schedule.end(35.0) == 0
    assert schedule.due == 70.0


def test_ticks_during_a_collection_are_skipped_and_counted() -> None:
    """Two and a half intervals skip two ticks; the next collection is at the next tick."""
    schedule = Schedule(first=0.0, interval=60.0)
    schedule.start(0.0)
    assert schedule.end(150.0) == 2
    assert schedule.due == 180.0


def test_ticks_before_a_collection_are_not_skipped_by_it() -> None:
    """A suspend of eight hours is no slow collection."""
    schedule = Schedule(first=0.0, interval=60.0)
    schedule.start(0.0)
    schedule.end(1.0)
    woken = 8 * 3600 + 1.0
    schedule.start(woken)
    assert count_ticks(woken, schedule.tick, 60.0) == 0, "a scrape during the collection"
    assert schedule.end(woken + 1) == 0
    assert schedule.due == 8 * 3600 + 60


def test_a_request_brings_the_collection_forward() -> None:
    """It is at least EARLY_SPACING after the last start, and does not move the ticks."""
    schedule = Schedule(first=0.0, interval=60.0)
    schedule.start(0.0)
    schedule.end(1.0)
    schedule.request_early_collection()
    assert schedule.due == EARLY_SPACING
    schedule.start(EARLY_SPACING)
    assert schedule.end(EARLY_SPACING + 1) == 0
    assert schedule.due == 60.0


def test_requests_before_a_collection_are_served_by_it() -> None:
    """Many callbacks together cause one collection."""
    schedule = Schedule(first=0.0, interval=60.0)
    schedule.start(0.0)
    schedule.end(1.0)
    for _ in range(100):
        schedule.request_early_collection()
    schedule.start(EARLY_SPACING)
    schedule.end(EARLY_SPACING + 0.1)
    assert schedule.due == 60.0


def test_a_request_never_delays_the_tick() -> None:
    """With an interval below the spacing the tick comes first."""
    schedule = Schedule(first=0.0, interval=2.0)
    schedule.start(0.0)
    schedule.request_early_collection()
    schedule.end(0.5)
    assert schedule.due == 2.0


@given(
    st.floats(1, 1000),
    st.lists(st.tuples(st.booleans(), st.floats(0, 5000)), max_size=30),
)
def test_every_tick_is_collected_or_skipped(
    interval: float, rounds: list[tuple[bool, float]]
) -> None:
    """Collections at ticks and skipped ticks together are all ticks so far."""
    schedule = Schedule(first=0.0, interval=interval)
    now, at_ticks, skipped = 0.0, 0, 0
    for early, duration in rounds:
        if early:
            schedule.request_early_collection()
        tick = (at_ticks + skipped) * interval
        now = max(now, schedule.due)
        at_ticks += now >= tick - interval * 1e-9
        schedule.start(now)
        now += duration
        skipped += schedule.end(now)
        assert schedule.due > now - interval * 1e-9
    assert abs(schedule.due - (at_ticks + skipped) * interval) <= interval * 1e-6 * len(rounds)


@given(st.floats(0, 1e6), st.floats(-1e6, 1e6), st.floats(1, 1000), st.floats(0, 1e5))
def test_ticks_never_become_fewer(now: float, tick: float, interval: float, later: float) -> None:
    """A scrape during a collection never shows more skipped ticks than its end."""
    assert 0 <= count_ticks(now, tick, interval) <= count_ticks(now + later, tick, interval)
    assert count_ticks(now, math.inf, interval) == 0
