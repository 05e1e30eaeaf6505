"""The JSON API: fields, nulls and refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exporter import __version__
from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.errors import AuthError
from exporter.task_rows import TaskRow
from exporter.tasks import TaskStatus
from exporter.web.responses import PiecewiseResponse
from exporter.web.status import api
from exporter.web.status.query import ORDERS, PARAMETERS, QueryError, TaskQuery
from exporter.web.status.task_list import Selection, Tables
from tests.builders import NOW, make_task
from tests.web.views import make_view

REFUSED = AuthError("the signature was refused", code="100000005", remedy="check the secret")
FAILED = make_task("a", TaskStatus.FAILED, title="<b>", expires_at=None, retry_count=3)


def document(response: PiecewiseResponse) -> Any:
    """Return the document of a good answer."""
    assert response.headers["content-type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    return json.loads(bytes(response.body))


def describe(view: AppView, settings: TaskSettings | None = None) -> Any:
    """Return an app as the API describes it."""
    tables = Tables().of([view], "full")
    answer = api.answer_apps([view], tables, settings or TaskSettings(), NOW)
    described = document(answer)
    assert (described["version"], described["now"]) == (__version__, NOW)
    (app,) = described["apps"]
    return app


ROW = TaskRow("vod", "a", "<b>", "failed", "upload", False, 3, NOW - 600, NOW - 5, None)


def describe_task(row: TaskRow, *stale: str) -> Any:
    """Return one task as the API describes it; `stale` are the apps with stale snapshots."""
    answer = api.answer_tasks(Selection((row,), 1, frozenset(stale)), TaskQuery(), NOW)
    return document(answer)["tasks"][0]


def test_an_app_is_described_whole() -> None:
    """Scripts rely on the names of fields; times are Unix seconds."""
    view = make_view(
        tasks=[make_task(), FAILED], error=REFUSED, stale=True, api_errors={"100000005": 2}
    )
    stale_since = NOW - 42 + view.settings.collection.stale_after
    assert describe(view) == {
        "name": "production",
        "app_id": 1234567890,
        "endpoint": "https://cloud-player-api.zego.im",
        "health": "down",
        "problem": {
            "reason": "auth",
            "message": "the signature was refused",
            "remedy": "check the secret",
        },
        "last_attempt_at": NOW,
        "last_success_at": NOW - 42,
        "next_collection_at": NOW + 18,
        "stale_since": stale_since,
        "collections": 2,
        "collections_skipped": 0,
        "collection_failures": 1,
        "malformed_entries": 0,
        "api_requests": 0,
        "api_errors": {"100000005": 2},
        "slots_limit": 10,
        "snapshot": {
            "completed_at": NOW - 42,
            "duration_seconds": 1.5,
            "pages": 1,
            "tasks": 2,
            "tasks_reported": None,
            "tasks_by_status": {s.value: 0 for s in TaskStatus} | {"succeeded": 1, "failed": 1},
            "tasks_needing_attention": 1,
            "unresolved_failures": 1,
            "slots_used": 0,
            "next_expiry_at": NOW + 3600,
            "expiring_tasks": {"1h": 1, "6h": 1, "1d": 1, "3d": 1, "7d": 1},
            "duplicate_titles": 0,
        },
    }


def test_before_the_first_collection_there_is_no_snapshot() -> None:
    """Unknown values are null, not absent."""
    app = describe(make_view(tasks=None))
    assert (app["health"], app["problem"], app["snapshot"]) == ("waiting", None, None)
    assert (app["last_success_at"], app["stale_since"]) == (None, None)


@pytest.mark.parametrize(
    ("stale", "status", "attention"),
    [
        (False, TaskStatus.SUCCEEDED, 0),
        (False, TaskStatus.FAILED, 1),
        (True, TaskStatus.SUCCEEDED, None),
        (True, TaskStatus.FAILED, 1),
    ],
)
def test_that_no_task_needs_attention_is_reported_only_for_current_data(
    stale: bool, status: TaskStatus, attention: int | None
) -> None:
    """Null, as the page says "unknown": a script must not take missing data for good news.

    The tasks in trouble that a stale snapshot lists are counted.
    """
    app = describe(make_view(tasks=[make_task(status=status)], stale=stale))
    assert app["snapshot"]["tasks_needing_attention"] == attention


def test_the_errors_of_the_api_are_those_that_happened() -> None:
    """By code, in a stable order."""
    app = describe(make_view(error=REFUSED, api_errors={"timeout": 1, "100000005": 9}))
    assert list(app["api_errors"].items()) == [("100000005", 9), ("timeout", 1)]


def test_a_snapshot_is_stale_once_it_is_too_old() -> None:
    """Not when a collection has failed: until then its numbers are exposed."""
    assert describe(make_view(error=REFUSED))["stale_since"] is None
    view = make_view(error=REFUSED, stale=True)
    assert describe(view)["stale_since"] == NOW - 42 + view.settings.collection.stale_after


def test_expiries_are_counted_by_the_windows_of_the_settings() -> None:
    """Under their labels; they need no attention, and past ones do not count."""
    expiries = {"past": -60, "1": 60, "2": 7200}
    tasks = [make_task(name, expires_at=NOW + after) for name, after in expiries.items()]
    windows = TaskSettings(expiry_windows=(("1h", 3600.0), ("90d", 90 * 86400.0)))
    snapshot = describe(make_view(tasks=tasks), windows)["snapshot"]
    assert snapshot["expiring_tasks"] == {"1h": 1, "90d": 2}
    assert snapshot["next_expiry_at"] == NOW + 60
    assert snapshot["tasks_needing_attention"] == 0


def test_a_task_is_described_whole() -> None:
    """Every field by its name."""
    assert describe_task(ROW, "vod") == {
        "app": "vod",
        "upload_task_id": "a",
        "id": "a",
        "title": "<b>",
        "status": "failed",
        "failure_reason": "upload",
        "resolved": False,
        "retry_count": 3,
        "created_at": NOW - 600,
        "status_since": NOW - 5,
        "expires_at": None,
        "stale": True,
    }


def test_what_is_hidden_or_unknown_of_a_task_is_null() -> None:
    """A title that `tasks.title` hides is null; an empty one is empty."""
    row = replace(ROW, title=None, failure_reason=None, status_since=None)
    task = describe_task(row)
    assert (task["title"], task["failure_reason"], task["status_since"]) == (None, None, None)
    assert describe_task(replace(row, title=""))["title"] == ""


def test_tasks_come_with_total_offset_and_limit() -> None:
    """The total is that of all pages."""
    answer = api.answer_tasks(Selection((), 7), TaskQuery(limit=2, offset=8), NOW)
    expected = {"now": NOW, "total": 7, "limit": 2, "offset": 8, "tasks": []}
    assert document(answer) == expected


def test_a_refusal_is_json_too() -> None:
    """Status 400, the text, and the parameter alone for a program."""
    answer = api.answer_error(QueryError("status", "'x' is none of these"))
    assert answer.status_code == 400
    assert document(answer) == {"error": "status: 'x' is none of these", "parameter": "status"}


@pytest.mark.parametrize(
    "title", ['"\\', "\u202e\u2066", "\x00\n\x7f", "标题\U0001f3ac", "</script>"]
)
def test_any_title_is_valid_json(title: str) -> None:
    """A row's title is read back unchanged."""
    assert describe_task(replace(ROW, title=title))["title"] == title


def test_half_a_character_does_not_break_the_answer() -> None:
    """A lone surrogate becomes a question mark, and the answer stays UTF-8."""
    assert describe_task(replace(ROW, title="half \ud800"))["title"] == ("half ?")


def _names(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        for name, value in document.items():
            yield name
            if name not in _BY_LABEL:
                yield from _names(value)
    elif isinstance(document, list):
        for element in document:
            yield from _names(element)


_BY_LABEL = ("api_errors", "tasks_by_status", "expiring_tasks")  # their keys are no names


def test_every_name_is_documented() -> None:
    """The page on the API names each field, parameter and status."""
    text = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
    view = make_view(tasks=[FAILED], error=REFUSED)
    answers = (
        api.answer_apps([view], {}, TaskSettings(), NOW),
        api.answer_tasks(Selection((ROW,), 1), TaskQuery(), NOW),
        api.answer_error(QueryError("status", "")),
    )
    names = {name for answer in answers for name in _names(document(answer))}
    for name in (*names, *PARAMETERS, *ORDERS, *(status.value for status in TaskStatus)):
        assert f"`{name}`" in text or f'"{name}"' in text
