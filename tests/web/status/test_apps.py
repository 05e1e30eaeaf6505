"""The state of an app, as the page and the JSON API describe it."""

from __future__ import annotations

import pytest

from exporter.config import TaskSettings
from exporter.errors import AuthError
from exporter.tasks import TaskStatus
from exporter.web.status.apps import AppStatus, app_statuses, worst_health
from exporter.web.status.query import TaskQuery
from exporter.web.status.task_list import Tables, select_page
from tests.builders import NOW, make_task
from tests.web.views import make_view

REFUSED = AuthError("the signature was refused", code="100000005", remedy="check the secret")


def only(settings: TaskSettings | None = None, **view: object) -> AppStatus:
    """Return the state of one app at `NOW`."""
    views = [make_view(**view)]  # type: ignore[arg-type]  # passed through
    (status,) = app_statuses(views, Tables().of(views, "full"), settings or TaskSettings(), NOW)
    return status


def test_an_app_that_is_up() -> None:
    """A successful collection comes with its counts and the next expiry."""
    app = only(
        tasks=[
            make_task("1", TaskStatus.WAITING),
            make_task("2", TaskStatus.UPLOADING),
            make_task("3", expires_at=NOW + 60),
            make_task("4", expires_at=NOW - 60),
        ]
    )
    assert (app.health, app.stale_since, app.next_expiry) == ("up", None, NOW + 60)
    none = {status.value: 0 for status in TaskStatus}
    assert app.counts == none | {"waiting": 1, "uploading": 1, "succeeded": 2}


def test_an_app_that_waits_for_its_first_collection() -> None:
    """Before the first collection ended there is nothing to count."""
    app = only(tasks=None)
    assert (app.health, app.counts, app.attention, app.next_expiry) == ("waiting", {}, None, None)
    assert app.expiring == {}


def test_an_app_that_is_down() -> None:
    """Its snapshot stays, and the errors of the API come by code, those that happened."""
    app = only(error=REFUSED, api_errors={"timeout": 1, "100000005": 9})
    assert (app.health, app.stale_since) == ("down", None)
    assert app.api_errors == [("100000005", 9), ("timeout", 1)]


def test_a_stale_snapshot_has_its_time() -> None:
    """Old numbers are shown with the time since when they are no longer exposed."""
    app = only(error=REFUSED, stale=True, tasks=[make_task("1", TaskStatus.FAILED)])
    assert app.stale_since == NOW - 42 + app.view.settings.collection.stale_after
    assert app.counts["failed"] == 1


@pytest.mark.parametrize(
    ("status", "known"), [(TaskStatus.FAILED, 1), (TaskStatus.SUCCEEDED, None)]
)
def test_a_stale_snapshot_reassures_nobody(status: TaskStatus, known: int | None) -> None:
    """The tasks in trouble that it lists are counted; that there are none is not known now."""
    tasks = [make_task("1", status)]
    assert only(error=REFUSED, stale=True, tasks=tasks).attention == known
    assert only(tasks=tasks).attention == (known or 0)


def test_expiries_are_counted_by_the_windows_of_the_settings() -> None:
    """Under their labels; they need no attention."""
    tasks = [make_task("1", expires_at=NOW + 60), make_task("2", expires_at=NOW + 7200)]
    windows = TaskSettings(expiry_windows=(("1h", 3600.0), ("90d", 90 * 86400.0)))
    app = only(windows, tasks=tasks)
    assert app.expiring == {"1h": 1, "90d": 2}
    assert app.attention == 0


@pytest.mark.parametrize(("offset", "shown"), [(0, 0), (100, 100), (120, 100), (150, 100)])
def test_beyond_the_end_is_the_last_page(offset: int, shown: int) -> None:
    """Tasks may disappear while somebody turns the pages; no page is empty then."""
    views = [make_view(tasks=[make_task(f"{n:03}", TaskStatus.FAILED) for n in range(120)])]
    query, tasks = select_page(views, Tables().of(views, "full"), TaskQuery(offset=offset), NOW)
    assert query.offset == shown
    assert len(tasks.rows) == min(50, 120 - shown)
    assert tasks.total == 120


def test_an_empty_table_has_one_page() -> None:
    """Where nothing is left, the offset is the beginning."""
    assert select_page([], {}, TaskQuery(offset=50), NOW)[0].offset == 0


def test_the_worst_health_of_all() -> None:
    """Down is worse than waiting, waiting worse than up; no app at all is fine."""
    up, waiting, down = only(), only(tasks=None), only(error=REFUSED)
    assert worst_health([up, waiting, down]) == "down"
    assert worst_health([up, waiting]) == "waiting"
    assert worst_health([up]) == "up"
    assert worst_health([]) == "up"
