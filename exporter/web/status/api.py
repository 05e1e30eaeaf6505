"""The status page as JSON: `/api/v1/apps` and `/api/v1/tasks`, described in `docs/api.md`.

Field names are stable: scripts are written against them. Instants are Unix seconds and end in
`_at` or `_since`; null is what is not known, or not yet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from exporter import __version__
from exporter.web.responses import PiecewiseResponse
from exporter.web.status.query import QueryError, TaskQuery
from exporter.web.status.task_list import Row, Selection
from exporter.web.status.view import AppCard, Counts

JSON: Final = "application/json"
HEADERS: Final[Mapping[str, str]] = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}

DEFAULT_LIMIT = 100


def answer_apps(cards: Sequence[AppCard], now: float) -> PiecewiseResponse:
    """Return the answer of `/api/v1/apps`."""
    apps = [_describe_app(card) for card in cards]
    return _answer(200, {"version": __version__, "now": now, "apps": apps})


def answer_tasks(selection: Selection, query: TaskQuery, now: float) -> PiecewiseResponse:
    """Return the answer of `/api/v1/tasks`."""
    tasks = [_describe_task(row) for row in selection.rows]
    part = {"total": selection.total, "limit": query.limit, "offset": query.offset}
    return _answer(200, {"now": now, **part, "tasks": tasks})


def answer_error(error: QueryError) -> PiecewiseResponse:
    """Return the answer to a query that cannot be used."""
    return _answer(400, {"error": str(error), "parameter": error.parameter})


def _describe_app(card: AppCard) -> Mapping[str, Any]:
    problem = card.problem
    return {
        "name": card.name,
        "app_id": card.app_id,
        "endpoint": card.endpoint,
        "health": card.health,
        "problem": problem
        and {"reason": problem.reason, "message": problem.message, "remedy": problem.remedy},
        "last_attempt_at": card.last_attempt,
        "last_success_at": card.last_success,
        "next_collection_at": card.next_collection,
        "stale_since": card.stale_since,
        "collections": card.collections,
        "collections_skipped": card.skipped,
        "collection_failures": card.failures,
        "malformed_entries": card.malformed,
        "api_requests": card.api_requests,
        "api_errors": dict(card.api_errors),
        "slots_limit": card.slots_limit,
        "snapshot": card.counts and _describe_snapshot(card.counts),
    }


def _describe_snapshot(counts: Counts) -> Mapping[str, Any]:
    return {
        "completed_at": counts.completed_at,
        "duration_seconds": counts.duration,
        "pages": counts.pages,
        "tasks": counts.tasks,
        "tasks_reported": counts.reported_total,
        "tasks_by_status": counts.by_status,
        "tasks_needing_attention": counts.attention,
        "slots_used": counts.slots_used,
        "next_expiry_at": counts.next_expiry,
        "expiring_tasks": counts.expiring,
        "duplicate_titles": counts.duplicate_titles,
    }


def _describe_task(row: Row) -> Mapping[str, Any]:
    return {
        "app": row.app,
        "id": row.task.id,
        "title": row.title,
        "status": row.task.status.value,
        "failure_reason": row.failure or None,
        "retry_count": row.task.retry_count,
        "created_at": row.task.created_at,
        "status_since": row.since,
        "expires_at": row.task.expires_at,
        "stale": row.stale,
    }


def _answer(status: int, document: Mapping[str, Any]) -> PiecewiseResponse:
    body = json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n"
    encoded = body.encode(errors="replace")
    return PiecewiseResponse(encoded, status, content_type=JSON, headers=HEADERS)
