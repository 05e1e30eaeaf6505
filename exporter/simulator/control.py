"""Reads and changes a running simulator over HTTP, from the same machine only.

GET /simulator/truth
    `{"<AppId>": {...}}`, the `expected_state` of each app.

POST /simulator/tasks
    `{"app_id": 1, "add": [{"title": "a.mp4", "status": 5}], "add_many": 100, "statuses": [4, 5],
    "change": [{"id": "upload_task_1", "status": 7}], "remove": ["upload_task_2"]}`; all but the
    first may be left out. The fields are those of `Lifecycle.add_task` and `Lifecycle.set_status`.

The answer to a POST is `{}`, or HTTP 400 with `{"error": "..."}`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from exporter.simulator.app import SimulatedApp
from exporter.simulator.expected_state import expected_state

PREFIX = "/simulator/"

Apps = Mapping[int, SimulatedApp]


def control(apps: Apps, method: str, path: str, body: bytes, now: float) -> tuple[int, Any]:
    """Handle a request to `path`; return the HTTP status and the JSON value of the answer."""
    if (method, path) == ("GET", PREFIX + "truth"):
        return 200, {str(app.app_id): expected_state(app, now) for app in apps.values()}
    act = _POSTS.get(path.removeprefix(PREFIX)) if method == "POST" else None
    if act is None:
        return 404, {"error": "no such address"}
    try:
        wanted = json.loads(body)
        app = apps[wanted.pop("app_id")]
        with app.life.lock:
            app.life.advance(now)
            act(app, wanted)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return 400, {"error": f"{type(error).__name__}: {error}"}
    return 200, {}


def _change_tasks(app: SimulatedApp, wanted: dict[str, Any]) -> None:
    for fields in wanted.get("add", ()):
        app.life.add_task(**fields)
    app.life.add_tasks(wanted.get("add_many", 0), statuses=wanted.get("statuses", (4,)))
    for fields in wanted.get("change", ()):
        app.life.set_status(fields.pop("id"), **fields)
    for task_id in wanted.get("remove", ()):
        app.life.remove(task_id)


_POSTS: Mapping[str, Callable[[SimulatedApp, dict[str, Any]], None]] = {
    "tasks": _change_tasks,
}
