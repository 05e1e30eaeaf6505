"""Reads and changes a running simulator over HTTP, from the same machine only.

GET /simulator/state
    `{"<AppId>": {...}}`, the `expected_state` of each app.

POST /simulator/tasks
    `{"app_id": 1, "add": [{"title": "a.mp4", "status": 5}], "add_many": 100, "statuses": [4, 5],
    "change": [{"id": "upload_task_1", "status": 7}], "remove": ["upload_task_2"]}`; all but the
    first may be left out. The fields are those of `Lifecycle.add_task` and `Lifecycle.set_status`.

The answer to a POST is `{}`, or HTTP 400 with `{"error": "..."}`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from exporter.simulator.app import SimulatedApp
from exporter.simulator.task import STATUS_WORDS, SUCCEEDED


def control(
    apps: Mapping[int, SimulatedApp], method: str, path: str, body: bytes, now: float
) -> tuple[int, Any]:
    """Handle a request to `path`; return the HTTP status and the JSON value of the answer."""
    if (method, path) == ("GET", "/simulator/state"):
        return 200, {str(app.app_id): expected_state(app, now) for app in apps.values()}
    if (method, path) != ("POST", "/simulator/tasks"):
        return 404, {"error": "no such address"}
    try:
        wanted = json.loads(body)
        app = apps[wanted.pop("app_id")]
        with app.life.lock:
            app.life.advance(now)
            for fields in wanted.get("add", ()):
                app.life.add_task(**fields)
            app.life.add_tasks(wanted.get("add_many", 0), statuses=wanted.get("statuses", (4,)))
            for fields in wanted.get("change", ()):
                app.life.set_status(fields.pop("id"), **fields)
            for task_id in wanted.get("remove", ()):
                app.life.remove(task_id)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return 400, {"error": f"{type(error).__name__}: {error}"}
    return 200, {}


def expected_state(app: SimulatedApp, now: float) -> dict[str, Any]:
    """Return what an exporter should show of `app` at `now` (Unix seconds); costs O(tasks).

    A JSON object, counted straight from the simulated tasks. `counts`, `retries` (sums),
    `retried_tasks` and `max_retries` are by status word, each word present; `next_expiry` is the
    earliest future expiry among succeeded tasks, None where there is none; `tasks` gives the
    status word, retry count, expiry and creation of each id.
    """
    counts: Counter[str] = Counter()
    retries: Counter[str] = Counter()
    retried: Counter[str] = Counter()
    highest: Counter[str] = Counter()
    with app.life.lock:
        app.life.advance(now)
        tasks = list(app.life.tasks.values())
        for task in tasks:
            word = STATUS_WORDS.get(task.status, "unknown")
            counts[word] += 1
            retries[word] += task.retry_count
            retried[word] += task.retry_count > 0
            highest[word] = max(highest[word], task.retry_count)
        tables = {
            "counts": counts,
            "retries": retries,
            "retried_tasks": retried,
            "max_retries": highest,
        }
        words = (*STATUS_WORDS.values(), "unknown")
        expiries = [
            task.expires_at for task in tasks if task.status == SUCCEEDED and task.expires_at > now
        ]
        return {
            "name": app.name,
            "now": now,
            **{name: {word: table[word] for word in words} for name, table in tables.items()},
            "next_expiry": min(expiries, default=None),
            "tasks": {
                task.id: {
                    "title": task.title,
                    "status": STATUS_WORDS.get(task.status, "unknown"),
                    "retry_count": task.retry_count,
                    "expires_at": task.expires_at,
                    "created_at": task.created_at,
                }
                for task in tasks
            },
            "changes": len(app.life.log),
            "refused_creations": app.life.refused,
            "requests": app.arrivals.requests,
            "max_requests_in_a_second": app.arrivals.max_in_a_second,
        }
