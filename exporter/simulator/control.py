"""Looking at and changing a running simulator over HTTP, from the same machine only.

GET /simulator/truth
    `{"<AppId>": {...}}`, what `truth.tell_truth` says of each app.

POST /simulator/fault
    `{"app_id": 1, "fault": "http_status", "parameter": 503, "next_requests": 2, "page": 3,
    "chance": 0.5}` switches a fault on; all but the first two may be left out. `"on": false`
    switches it off, and without `"fault"` all of them. "refused" can only be had in-process:
    nothing could reach the simulator to end it.

POST /simulator/tasks
    `{"app_id": 1, "add": [{"title": "a.mp4", "status": 5}], "add_many": 100, "statuses": [4, 5],
    "change": [{"id": "upload_task_1", "status": 7}], "remove": ["upload_task_2"]}`; all but the
    first may be left out. The fields are those of `Life.add_task` and `Life.set_status`.

The answer to a POST is `{}`, or HTTP 400 with `{"error": "..."}`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from exporter.simulator.app import SimulatedApp
from exporter.simulator.expected_state import tell_truth
from exporter.simulator.faults import FAULTS, Fault

PREFIX = "/simulator/"

Apps = Mapping[int, SimulatedApp]


def control(apps: Apps, method: str, path: str, body: bytes, now: float) -> tuple[int, Any]:
    """Do what is asked at `path`; return the HTTP status and the JSON value of the answer."""
    if (method, path) == ("GET", PREFIX + "truth"):
        return 200, {str(app.app_id): tell_truth(app, now) for app in apps.values()}
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


def _change_faults(app: SimulatedApp, wanted: dict[str, Any]) -> None:
    fault = FAULTS[wanted.pop("fault")] if "fault" in wanted else None
    if not wanted.pop("on", True):
        app.faults.switch_off(fault)
    elif fault is None or fault is Fault.REFUSED:
        raise ValueError("no fault, or one that could not be switched off from here")
    else:
        app.faults.switch_on(fault, **wanted)


def _change_tasks(app: SimulatedApp, wanted: dict[str, Any]) -> None:
    for fields in wanted.get("add", ()):
        app.life.add_task(**fields)
    app.life.add_tasks(wanted.get("add_many", 0), statuses=wanted.get("statuses", (4,)))
    for fields in wanted.get("change", ()):
        app.life.set_status(fields.pop("id"), **fields)
    for task_id in wanted.get("remove", ()):
        app.life.remove(task_id)


_POSTS: Mapping[str, Callable[[SimulatedApp, dict[str, Any]], None]] = {
    "fault": _change_faults,
    "tasks": _change_tasks,
}
