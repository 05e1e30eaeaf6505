from __future__ import annotations

from collections.abc import Sequence

import pytest

from exporter import __version__
from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.errors import AuthError
from exporter.tasks import TaskStatus
from exporter.web.status.query import TaskQuery
from exporter.web.status.task_list import Selection
from exporter.web.status.view import AppCard, Desk, Problem, Status
from tests.builders import NOW, make_task
from tests.web.views import make_view

REFUSED = AuthError("the signature was refused", code="100000005", remedy="check the secret")


def build_status(views: Sequence[AppView], query: TaskQuery | None = None) -> Status:
    """Return the page of these apps at `NOW`."""
    return Desk().status(views, TaskSettings(), query or TaskQuery(), NOW)


def only_card(**view: object) -> AppCard:
    """Return the card of one app."""
    (card,) = build_status([make_view(**view)]).apps  # type: ignore[arg-type]  # passed through
    return card


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
    assert (card.counts.slots_used, card.slots_limit) == (2, 10)
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
    status = build_status([view])
    assert status.apps[0].stale_since == NOW - 42 + view.settings.collection.stale_after
    assert status.apps[0].counts is not None
    assert [row.stale for row in status.tasks.rows] == [True]


def test_a_card_counts_what_is_about_to_expire() -> None:
    """By the windows of the settings, under their labels; and what needs attention."""
    tasks = [make_task("1", expires_at=NOW + 60), make_task("2", expires_at=NOW + 7200)]
    windows = TaskSettings(expiry_windows=(("1h", 3600.0), ("90d", 90 * 86400.0)))
    (card,) = Desk().cards([make_view(tasks=tasks)], windows, NOW)
    assert card.counts is not None
    assert card.counts.expiring == {"1h": 1, "90d": 2}
    assert card.counts.attention == 2


def test_the_page_sums_up_what_needs_attention() -> None:
    """Over all apps, whatever the table is filtered by."""
    views = [make_view(app, tasks=[make_task("1", TaskStatus.FAILED)]) for app in ("a", "b")]
    status = build_status([*views, make_view("c", tasks=None)], TaskQuery(search="nothing"))
    assert (status.attention, status.tasks) == (2, Selection((), 0))


@pytest.mark.parametrize(("offset", "shown"), [(0, 0), (100, 100), (120, 100), (150, 100)])
def test_beyond_the_end_is_the_last_page(offset: int, shown: int) -> None:
    """Tasks go while somebody turns the pages; nobody is left before an empty one."""
    failed = [make_task(f"{n:03}", TaskStatus.FAILED) for n in range(120)]
    status = build_status([make_view(tasks=failed)], TaskQuery(offset=offset))
    assert status.query.offset == shown
    assert len(status.tasks.rows) == min(50, 120 - shown)
    assert status.tasks.total == 120


def test_an_empty_table_has_one_page() -> None:
    """Where nothing is left, the offset is the beginning."""
    assert build_status([make_view()], TaskQuery(offset=50)).query.offset == 0


def test_the_page_has_the_worst_health_of_all() -> None:
    """Down is worse than waiting, waiting worse than up; no app at all is fine."""
    up, waiting, down = make_view(), make_view(tasks=None), make_view(error=REFUSED)
    assert build_status([up, waiting, down]).health == "down"
    assert build_status([up, waiting]).health == "waiting"
    assert build_status([up]).health == "up"
    assert build_status([]).health == "up"


def test_the_page_knows_version_and_time() -> None:
    """The page says what made it and when."""
    status = build_status([])
    assert (status.version, status.now) == (__version__, NOW)
