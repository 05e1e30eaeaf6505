from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter import __version__
from exporter.errors import AuthError
from exporter.tasks import TaskStatus, UploadTask
from exporter.web.status import EXPIRING_WITHIN, MAX_ATTENTION, AppCard, Problem, build_status
from tests.builders import NOW, make_task, tasks_strategy
from tests.web.views import make_view

REFUSED = AuthError("the signature was refused", code="100000005", remedy="check the secret")


def only_card(**view: object) -> AppCard:
    """Return the card of one app."""
    (card,) = build_status([make_view(**view)], NOW).apps  # type: ignore[arg-type]  # passed through
    return card


def attention_of(*tasks: UploadTask) -> list[str]:
    """Return the ids of the tasks that need attention."""
    return [entry.task.id for entry in build_status([make_view(tasks=tasks)], NOW).attention]


def test_an_app_that_is_up() -> None:
    """A successful collection is told with its counts, slots and expiry."""
    card = only_card(
        tasks=[
            make_task("1", TaskStatus.WAITING),
            make_task("2", TaskStatus.UPLOADING),
            make_task("3", expires_at=NOW + 60),
            make_task("4", expires_at=NOW - 60),
        ]
    )
    assert (card.health, card.problem, card.stale_since) == ("up", None, None)
    assert card.counts is not None
    none = {status.value: 0 for status in TaskStatus}
    assert card.counts.by_status == none | {"waiting": 1, "uploading": 1, "succeeded": 2}
    assert (card.counts.slots_used, card.counts.slots_limit) == (2, 10)
    assert (card.counts.next_expiry, card.counts.completed_at) == (NOW + 60, NOW - 42)
    assert (card.last_success, card.next_collection) == (NOW - 42, NOW + 18)


def test_an_app_that_waits_for_its_first_collection() -> None:
    """Before the first collection ended there is nothing to count."""
    card = only_card(tasks=None)
    assert (card.health, card.counts, card.last_success) == ("waiting", None, None)


def test_an_app_that_is_down_tells_why() -> None:
    """The last error is shown with its remedy, and the errors of the API by code."""
    card = only_card(error=REFUSED, api_errors={"timeout": 1, "100000005": 9})
    assert card.health == "down"
    assert card.problem == Problem("auth", "the signature was refused", "check the secret")
    assert card.api_errors == (("100000005", 9), ("timeout", 1))
    assert (card.collections, card.failures) == (2, 1)
    assert card.counts is not None
    assert card.stale_since is None


def test_a_stale_snapshot_is_shown_as_such() -> None:
    """Old numbers are shown with the instant since when they are no longer exposed."""
    view = make_view(error=REFUSED, stale=True, tasks=[make_task("1", TaskStatus.FAILED)])
    status = build_status([view], NOW)
    assert status.apps[0].stale_since == NOW - 42 + view.settings.collection.stale_after
    assert status.apps[0].counts is not None
    assert [entry.stale for entry in status.attention] == [True]


def test_tasks_in_trouble_need_attention_most_urgent_first() -> None:
    """Failed come first, the newest on top, then retries, then expiries, the soonest on top."""
    assert attention_of(
        make_task("late expiry", expires_at=NOW + EXPIRING_WITHIN),
        make_task("soon expiry", expires_at=NOW + 1),
        make_task("young retry", TaskStatus.WAITING_RETRY, created_at=NOW - 5),
        make_task("old retry", TaskStatus.WAITING_RETRY, created_at=NOW - 50),
        make_task("undated", TaskStatus.FAILED, created_at=None),
        make_task("old failed", TaskStatus.FAILED, created_at=NOW - 90),
        make_task("new failed", TaskStatus.FAILED, created_at=NOW - 9),
    ) == [
        "new failed",
        "old failed",
        "undated",
        "old retry",
        "young retry",
        "soon expiry",
        "late expiry",
    ]


def test_other_tasks_need_no_attention() -> None:
    """What goes its way, is over, or expires later is not listed."""
    assert not attention_of(
        make_task("later", expires_at=NOW + EXPIRING_WITHIN + 1),
        make_task("past", expires_at=NOW),
        make_task("never", expires_at=None),
        *(
            make_task(status.value, status, expires_at=NOW + 1)
            for status in TaskStatus
            if status not in {TaskStatus.FAILED, TaskStatus.WAITING_RETRY, TaskStatus.SUCCEEDED}
        ),
    )


def test_a_failure_is_listed_with_its_reason() -> None:
    """The reason that a callback gave is shown with the task, empty where none came."""
    tasks = [make_task("a", TaskStatus.FAILED), make_task("b", TaskStatus.FAILED)]
    view = make_view(tasks=tasks, failure_reasons={"b": "source_download"})
    reasons = {entry.task.id: entry.failure for entry in build_status([view], NOW).attention}
    assert reasons == {"a": "", "b": "source_download"}


def test_the_list_is_bounded() -> None:
    """At most a hundred tasks are listed, over all apps, and the rest is counted."""
    failed = [make_task(f"{n:03}", TaskStatus.FAILED) for n in range(70)]
    status = build_status([make_view("a", tasks=failed), make_view("b", tasks=failed)], NOW)
    assert (len(status.attention), status.omitted) == (MAX_ATTENTION, 40)


def test_the_page_has_the_worst_health_of_all() -> None:
    """Down is worse than waiting, waiting worse than up; no app at all is fine."""
    up, waiting, down = make_view(), make_view(tasks=None), make_view(error=REFUSED)
    assert build_status([up, waiting, down], NOW).health == "down"
    assert build_status([up, waiting], NOW).health == "waiting"
    assert build_status([up], NOW).health == "up"
    assert build_status([], NOW).health == "up"


def test_the_page_knows_version_and_time() -> None:
    """The page says what made it and when."""
    status = build_status([], NOW)
    assert (status.version, status.now) == (__version__, NOW)


@settings(deadline=None, max_examples=50)
@given(st.lists(tasks_strategy(), max_size=20, unique_by=lambda task: task.id))
def test_any_tasks_give_a_page(tasks: list[UploadTask]) -> None:
    """Listed and omitted are all that need attention, and the API's order does not matter."""
    forward = build_status([make_view(tasks=tasks)], 500)
    backward = build_status([make_view(tasks=tasks[::-1])], 500)
    assert forward.attention == backward.attention
    assert len(forward.attention) + forward.omitted <= len(tasks)
