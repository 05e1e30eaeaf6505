"""Both strategies expose the same metrics for any course of events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.simulator.task import CANCELLED, EXPIRED, FAILED, SUCCEEDED
from exporter.simulator.task_store import TaskStore
from tests.builders import NOW
from tests.faults.faults import Fault
from tests.twins import RESYNC_INTERVAL, Twins

pytestmark = pytest.mark.long

UNKNOWN = 99
TERMINAL = (SUCCEEDED, FAILED, CANCELLED, EXPIRED)
ANYWHERE = (*range(1, 8), UNKNOWN)
AT_FIRST = (*range(1, 8), *TERMINAL, *TERMINAL)


class Step(NamedTuple):
    """One thing that happens: `which` chooses among the tasks it can happen to."""

    what: str
    which: int
    status: int


class Interval(NamedTuple):
    """Changes between two collections, and the faults of the second."""

    steps: Sequence[Step]
    growing: bool
    fault: Fault | None


def steps(*kinds: str) -> st.SearchStrategy[list[Step]]:
    """Return a strategy for a few things of these kinds."""
    one = st.builds(Step, st.sampled_from(kinds), st.integers(0, 99), st.sampled_from(ANYWHERE))
    return st.lists(one, max_size=5)


ORDINARY = ("create", "advance", "advance", "retry", "expire", "lose", "unknown")
"""Changes that show in totals, or happen to tasks that every interval asks for."""

SETTLED_CHANGES = ("appear", "vanish", "move", "edit")
"""Changes of which two together can be invisible in totals."""

_FIT = {"totals": st.just("all"), "filters_work": st.just(True), "lookups_work": st.just(True)}
_UNFIT = {
    "totals": st.sampled_from(["all", "page", "wrong", "absent"]),
    "filters_work": st.booleans(),
    "lookups_work": st.booleans(),
}
SWITCHES = st.sampled_from([_FIT, _FIT, _FIT, _UNFIT]).flatmap(
    lambda switches: st.fixed_dictionaries(
        {"paging": st.sampled_from(["live", "snapshot"]), **switches}
    )
)


def happen(life: TaskStore, step: Step) -> None:
    """Let one thing happen, where there is a task that it can happen to."""
    finished = step.status if step.status in TERMINAL else FAILED
    if step.what == "create":
        life.add_task(id=_new_id(life), retry_count=step.which % 3)
    elif step.what == "unknown":
        life.add_task(id=_new_id(life), status=UNKNOWN)
    elif step.what == "appear":
        life.add_task(id=_new_id(life), status=finished)
    else:
        _happen_to_one(life, step, finished)


def _happen_to_one(life: TaskStore, step: Step, finished: int) -> None:
    concerned = {
        "advance": range(1, 4),
        "retry": range(1, 4),
        "lose": range(1, 4),
        "expire": (SUCCEEDED,),
    }.get(step.what, TERMINAL)
    found = [task for task in life.tasks.values() if task.status in concerned]
    if not found:
        return
    task = found[step.which % len(found)]
    if step.what in {"lose", "vanish"}:
        life.remove(task.id)
    elif step.what == "retry":
        life.set_status(task.id, task.status, retry_count=task.retry_count + 1)
    elif step.what == "edit":
        life.set_status(task.id, task.status, expires_at=int(NOW) + step.which)
    else:
        status = {"advance": step.status, "expire": EXPIRED}.get(step.what, finished)
        life.set_status(task.id, status)


def _new_id(life: TaskStore) -> str:
    """Return an id that is not listed; if possible a removed one, as tasks can return."""
    return next(f"task-{n}" for n in range(10_000) if f"task-{n}" not in life.tasks)


def intervals() -> st.SearchStrategy[list[Interval]]:
    """Return a strategy for intervals whose changes all show in totals."""
    faults = st.sampled_from([None, None, None, Fault.HTTP_STATUS, Fault.BROKEN_ENTRIES])
    growing = st.builds(Interval, steps(*ORDINARY, "appear"), st.just(True), faults)
    shrinking = st.builds(Interval, steps(*ORDINARY, "vanish"), st.just(False), faults)
    return st.lists(growing | shrinking, max_size=8)


@settings(deadline=None, max_examples=25)
@given(start=st.integers(0, 60), switches=SWITCHES, doubled=st.booleans(), life=intervals())
def test_both_expose_the_same_after_each_interval(
    start: int, switches: Mapping[str, Any], doubled: bool, life: Sequence[Interval]
) -> None:
    """With any behaviour of totals, filters and look-ups, and with failures.

    In one interval terminal tasks either appear or vanish: both together can hide each other.
    """
    with closing(Twins(**switches)) as twins:
        twins.life.add_tasks(start, statuses=AT_FIRST)
        twins.collect()
        twins.assert_same()
        growing: bool | None = None
        for interval in life:
            if growing in (None, interval.growing):
                for step in interval.steps:
                    happen(twins.life, step)
            if doubled:
                twins.switch_on(Fault.DUPLICATED_TASKS)
            if interval.fault:
                twins.switch_on(interval.fault)
            view = twins.collect()
            twins.assert_same()
            twins.switch_off()
            # What happened before a failure and after it is one change to the next collection.
            growing = None if view.up else interval.growing if growing is None else growing


@settings(deadline=None, max_examples=30)
@given(
    start=st.integers(0, 60),
    switches=SWITCHES,
    life=st.lists(steps(*ORDINARY, *SETTLED_CHANGES), max_size=6),
)
def test_hidden_changes_are_corrected_by_the_next_resync(
    start: int, switches: Mapping[str, Any], life: Sequence[Sequence[Step]]
) -> None:
    """The number of tasks in each status is always right, and after the resync everything is."""
    with closing(Twins(**switches)) as twins:
        twins.life.add_tasks(start, statuses=AT_FIRST)
        twins.collect()
        for interval in life:
            for step in interval:
                happen(twins.life, step)
            twins.collect()
            twins.assert_same_counts()
        twins.elapsed += RESYNC_INTERVAL
        twins.collect()
        twins.assert_same_tasks()


@settings(deadline=None, max_examples=30)
@given(
    start=st.integers(0, 60),
    paging=st.sampled_from(["live", "snapshot"]),
    life=st.lists(
        st.tuples(st.integers(0, 40), steps("create", "advance", "retry", "expire")), max_size=12
    ),
)
def test_what_moves_during_a_collection_is_right_one_interval_later(
    start: int, paging: str, life: Sequence[tuple[int, Sequence[Step]]]
) -> None:
    """A task that is listed twice, or missed in between, is right one interval later."""
    pending = list(life)
    requests = 0

    def move(_: Mapping[str, object]) -> None:
        nonlocal requests
        requests += 1
        while pending and pending[0][0] <= requests:
            for step in pending.pop(0)[1]:
                happen(twins.life, step)
            requests = 0

    with closing(Twins(paging=paging, before=move)) as twins:
        twins.life.add_tasks(start, statuses=AT_FIRST)
        while pending:
            twins.collect()
        twins.collect()
        twins.assert_same_tasks()


@settings(deadline=None, max_examples=20)
@given(
    page=st.integers(1, 4),
    fault=st.sampled_from([Fault.HTTP_STATUS, Fault.CODE, Fault.TOKEN_CYCLE, Fault.EMPTY_PAGE]),
    life=st.lists(steps("create", "advance", "expire", "vanish"), max_size=5),
)
def test_after_a_failing_page_the_numbers_are_right_again(
    page: int, fault: Fault, life: Sequence[Sequence[Step]]
) -> None:
    """A page that fails in the middle of a walk publishes and changes nothing."""
    with closing(Twins()) as twins:
        twins.life.add_tasks(45, statuses=AT_FIRST)
        for interval in life:
            for step in interval:
                happen(twins.life, step)
            twins.switch_on(fault, page=page)
            twins.collect()
            twins.switch_off()
            twins.collect()
            twins.assert_same_tasks()
