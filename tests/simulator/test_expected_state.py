from __future__ import annotations

import json

from exporter.simulator.expected_state import expected_state
from tests.simulator.calls import NOW, frozen_app


def test_the_truth_of_no_task_at_all() -> None:
    """Every status word is there with 0, and there is no next expiry."""
    truth = expected_state(frozen_app(), NOW)
    words = ["waiting", "uploading", "waiting_retry", "succeeded"]
    words += ["failed", "cancelled", "expired", "unknown"]
    for table in ("counts", "retries", "retried_tasks", "max_retries"):
        assert truth[table] == dict.fromkeys(words, 0)
    assert truth["next_expiry"] is None
    assert truth["tasks"] == {}


def test_the_truth_of_some_tasks() -> None:
    """Counts, retries and the earliest expiry that is still to come, of succeeded tasks only."""
    app = frozen_app()
    for retry_count in (0, 2, 3):
        app.life.add_task(status=5, retry_count=retry_count)
    app.life.add_task(status=42)
    app.life.add_task(id="past", status=4, expires_at=int(NOW))
    app.life.add_task(id="next", status=4, expires_at=int(NOW) + 5, created_at=7, title="a.mp4")
    app.life.add_task(status=4, expires_at=int(NOW) + 9)
    app.life.add_task(status=7, expires_at=int(NOW) + 1)
    truth = expected_state(app, NOW)
    assert truth["counts"]["failed"] == 3
    assert truth["counts"]["unknown"] == 1
    assert truth["retries"]["failed"] == 5
    assert truth["retried_tasks"]["failed"] == 2
    assert truth["max_retries"]["failed"] == 3
    assert truth["next_expiry"] == NOW + 5
    assert truth["tasks"]["next"] == {
        "title": "a.mp4",
        "status": "succeeded",
        "retry_count": 0,
        "expires_at": int(NOW) + 5,
        "created_at": 7,
    }
    assert json.loads(json.dumps(truth)) == truth
