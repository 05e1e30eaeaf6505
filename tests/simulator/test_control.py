from __future__ import annotations

import json
from typing import Any

import pytest

from exporter.simulator.app import SimulatedApp
from exporter.simulator.control import control, expected_state
from tests.simulator.calls import NOW, frozen_app


def post(app: SimulatedApp, address: str, **wanted: Any) -> tuple[int, Any]:
    """Ask for a change of `app`."""
    body = json.dumps({"app_id": app.app_id, **wanted}).encode()
    return control({app.app_id: app}, "POST", f"/simulator/{address}", body, NOW)


def test_the_state_of_every_app() -> None:
    """One JSON object for each AppId."""
    apps = {app_id: frozen_app(app_id, app_id) for app_id in (1, 2)}
    status, state = control(apps, "GET", "/simulator/state", b"", NOW)
    assert status == 200
    assert {app_id: len(of_app["tasks"]) for app_id, of_app in state.items()} == {"1": 1, "2": 2}


def test_tasks_can_be_added_changed_and_removed() -> None:
    """All in one request."""
    app = frozen_app(2)
    answer = post(
        app,
        "tasks",
        add=[{"id": "new", "title": "a.mp4", "status": 5, "reason": 3}],
        add_many=4,
        statuses=[6],
        change=[{"id": "upload_task_1", "status": 4, "expires_at": 9}],
        remove=["upload_task_2"],
    )
    assert answer == (200, {})
    assert {task.id: task.status for task in app.life.tasks.values()} == {
        "upload_task_1": 4,
        "new": 5,
        **{f"upload_task_{number}": 6 for number in (3, 4, 5, 6)},
    }
    assert app.life.tasks["upload_task_1"].expires_at == 9


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("tasks", {"app_id": 9}),
        ("tasks", {"add": [{"surprise": 1}]}),
        ("tasks", {"add": [{"id": "upload_task_1"}]}),
        ("tasks", {"change": [{"id": "unknown", "status": 1}]}),
        ("tasks", {"remove": ["unknown"]}),
    ],
)
def test_an_impossible_change_is_a_400(address: str, wanted: dict[str, Any]) -> None:
    """The answer gives the reason."""
    status, answer = post(frozen_app(1), address, **wanted)
    assert status == 400
    assert answer["error"]


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"\xff"])
def test_a_body_that_is_no_object_is_a_400(body: bytes) -> None:
    """An empty body, another JSON value, or no UTF-8."""
    assert control({}, "POST", "/simulator/tasks", body, NOW)[0] == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/simulator/tasks"), ("POST", "/simulator/state"), ("POST", "/fault/x")],
)
def test_other_addresses_are_a_404(method: str, path: str) -> None:
    """Unknown paths, and known ones with the other method."""
    assert control({}, method, path, b"{}", NOW)[0] == 404


def test_the_state_without_tasks() -> None:
    """Every status word has 0, and there is no next expiry."""
    state = expected_state(frozen_app(), NOW)
    words = ["waiting", "uploading", "waiting_retry", "succeeded"]
    words += ["failed", "cancelled", "expired", "unknown"]
    for table in ("counts", "retries", "retried_tasks", "max_retries"):
        assert state[table] == dict.fromkeys(words, 0)
    assert state["next_expiry"] is None
    assert state["tasks"] == {}


def test_the_state_of_some_tasks() -> None:
    """Counts, retries and the earliest expiry in the future, of succeeded tasks only."""
    app = frozen_app()
    for retry_count in (0, 2, 3):
        app.life.add_task(status=5, retry_count=retry_count)
    app.life.add_task(status=42)
    app.life.add_task(id="past", status=4, expires_at=int(NOW))
    app.life.add_task(id="next", status=4, expires_at=int(NOW) + 5, created_at=7, title="a.mp4")
    app.life.add_task(status=4, expires_at=int(NOW) + 9)
    app.life.add_task(status=7, expires_at=int(NOW) + 1)
    state = expected_state(app, NOW)
    assert state["counts"]["failed"] == 3
    assert state["counts"]["unknown"] == 1
    assert state["retries"]["failed"] == 5
    assert state["retried_tasks"]["failed"] == 2
    assert state["max_retries"]["failed"] == 3
    assert state["next_expiry"] == NOW + 5
    assert state["tasks"]["next"] == {
        "title": "a.mp4",
        "status": "succeeded",
        "retry_count": 0,
        "expires_at": int(NOW) + 5,
        "created_at": 7,
    }
    assert json.loads(json.dumps(state)) == state
