"""The status page as JSON: `/api/v1/apps` and `/api/v1/tasks`, described in `docs/api.md`.

Field names are stable: scripts are written against them. Timestamps are Unix seconds and end in
`_at` or `_since`; null is what is not known, or not yet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from exporter import __version__
from exporter.web.responses import PiecewiseResponse
from exporter.web.status.apps import AppStatus
from exporter.web.status.query import QueryError, TaskQuery
from exporter.web.status.task_list import Selection

JSON: Final = "application/json"
HEADERS: Final[Mapping[str, str]] = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}

DEFAULT_LIMIT = 100


def answer_apps(apps: Sequence[AppStatus], now: float) -> PiecewiseResponse:
    """Return the answer of `/api/v1/apps`."""
    described = [_describe_app(app) for app in apps]
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


def _describe_app(app: AppStatus) -> Mapping[str, Any]:
    view = app.view
    error, latest = view.last_error, view.latest
    return {
        "name": app.name,
        "app_id": view.settings.app_id,
        "endpoint": view.settings.endpoint,
        "health": app.health,
        "problem": error
        and {"reason": error.reason, "message": str(error), "remedy": error.remedy},
        "last_attempt_at": view.last_attempt,
        "last_success_at": view.last_success,
        "next_collection_at": view.next_collection,
        "stale_since": app.stale_since,
        "collections": view.collections,
        "collections_skipped": view.skipped,
        "collection_failures": sum(view.failures.values()),
        "malformed_entries": sum(view.malformed.values()),
        "api_requests": view.api.requests,
        "api_errors": dict(app.api_errors),
        "slots_limit": view.settings.slots_limit,
        "snapshot": latest
        and {
            "completed_at": latest.completed_at,
            "duration_seconds": latest.duration,
            "pages": latest.pages,
            "tasks": len(latest.tasks),
            "tasks_reported": latest.reported_total,
            "tasks_by_status": app.counts,
            "tasks_needing_attention": app.attention,
            "unresolved_failures": len(latest.unresolved),
            "slots_used": latest.slots_used,
            "next_expiry_at": app.next_expiry,
            "expiring_tasks": app.expiring,
            "duplicate_titles": latest.duplicate_titles,
        },
    }


def _answer(status: int, document: Mapping[str, Any]) -> PiecewiseResponse:
    body = json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n"
    encoded = body.encode(errors="replace")  # JSON can carry lone surrogates, UTF-8 cannot
    return PiecewiseResponse(encoded, status, content_type=JSON, headers=HEADERS)
