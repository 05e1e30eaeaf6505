from __future__ import annotations

import json

from exporter.simulator.state import expected_state
from tests.simulator.calls import NOW, frozen_app


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
