"""The status page as JSON: `/api/v1/apps` and `/api/v1/tasks`, described in `docs/api.md`.

Field names are stable: scripts are written against them. Timestamps are Unix seconds and end in
`_at` or `_since`; null is what is not known, or not yet. The page reads the same views, and the
three values that are derived from them here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, Literal

from exporter import __version__
from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.web.responses import PiecewiseResponse
from exporter.web.status.query import QueryError, TaskQuery
from exporter.web.status.task_list import Selection, TaskTable

JSON: Final = "application/json"
HEADERS: Final[Mapping[str, str]] = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}

DEFAULT_LIMIT = 100

AppHealth = Literal["up", "down", "waiting"]


def health(view: AppView) -> AppHealth:
    """Return whether the last collection succeeded; waiting until the first one has ended."""
    return "waiting" if view.up is None else "up" if view.up else "down"


def stale_since(view: AppView) -> float | None:
    """Return when the latest snapshot became stale, None where it is not."""
    if view.latest is None or view.snapshot is not None:
        return None
    return view.latest.completed_at + view.settings.collection.stale_after


def attention(view: AppView, table: TaskTable | None, now: float) -> int | None:
    """Return how many tasks need attention; None where that is not known."""
    known = table.count_attention(now) if table else 0
    return None if view.snapshot is None and not known else known


def answer_apps(
    views: Sequence[AppView], tables: Mapping[str, TaskTable], settings: TaskSettings, now: float
) -> PiecewiseResponse:
    """Return the answer of `/api/v1/apps`; `tables` are by app."""
    described = [
        _describe_app(view, tables.get(view.settings.name), settings, now) for view in views
    ]
    return _answer(200, {"version": __version__, "now": now, "apps": described})


def answer_tasks(selection: Selection, query: TaskQuery, now: float) -> PiecewiseResponse:
    """Return the answer of `/api/v1/tasks`."""
    tasks = [
        # `id` is the old name of `upload_task_id`, kept for the scripts of this version's users.
        {**asdict(row), "id": row.upload_task_id, "stale": row.app in selection.stale_apps}
        for row in selection.rows
    ]
    part = {"total": selection.total, "limit": query.limit, "offset": query.offset}
    return _answer(200, {"now": now, **part, "tasks": tasks})


def answer_error(error: QueryError) -> PiecewiseResponse:
    """Return the answer to a query that cannot be used."""
    return _answer(400, {"error": str(error), "parameter": error.parameter})


def _describe_app(
    view: AppView, table: TaskTable | None, settings: TaskSettings, now: float
) -> Mapping[str, Any]:
    error, latest = view.last_error, view.latest
    return {
        "name": view.settings.name,
        "app_id": view.settings.app_id,
        "endpoint": view.settings.endpoint,
        "health": health(view),
        "problem": error
        and {"reason": error.reason, "message": str(error), "remedy": error.remedy},
        "last_attempt_at": view.last_attempt,
        "last_success_at": view.last_success,
        "next_collection_at": view.next_collection,
        "stale_since": stale_since(view),
        "collections": view.collections,
        "collections_skipped": view.skipped,
        "collection_failures": sum(view.failures.values()),
        "malformed_entries": sum(view.malformed.values()),
        "api_requests": view.api.requests,
        "api_errors": {code: n for code, n in sorted(view.api.errors.items()) if n},
        "slots_limit": view.settings.slots_limit,
        "snapshot": latest
        and {
            "completed_at": latest.completed_at,
            "duration_seconds": latest.duration,
            "pages": latest.pages,
            "tasks": len(latest.tasks),
            "tasks_reported": latest.reported_total,
            "tasks_by_status": {s: summary.tasks for s, summary in latest.summaries.items()},
            "tasks_needing_attention": attention(view, table, now),
            "unresolved_failures": len(latest.unresolved),
            "slots_used": latest.slots_used,
            "next_expiry_at": latest.next_expiry(now=now),
            "expiring_tasks": {
                label: latest.expiring(now=now, within=seconds)
                for label, seconds in settings.expiry_windows
            },
            "duplicate_titles": latest.duplicate_titles,
        },
    }


def _answer(status: int, document: Mapping[str, Any]) -> PiecewiseResponse:
    body = json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n"
    encoded = body.encode(errors="replace")  # JSON can carry lone surrogates, UTF-8 cannot
    return PiecewiseResponse(encoded, status, content_type=JSON, headers=HEADERS)
