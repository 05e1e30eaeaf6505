"""Builders of test data with defaults for everything that a test does not name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from exporter.collection.state import AppState, AppView
from exporter.config import AppSettings, CollectionSettings
from exporter.errors import CollectionError
from exporter.history.counters import AppCounters
from exporter.tasks import Snapshot, TaskStatus, UploadTask
from exporter.zego.callbacks import sign_callback
from exporter.zego.stats import ApiStats

NOW = 1_700_000_000.0
"""A fixed time for tests, in Unix seconds."""
SECRET = "9193cc662a4c0ec135ec71fb57194b38"
"""A server secret of the usual form, which ZEGO published as an example."""


def make_task(
    task_id: str = "task",
    status: TaskStatus = TaskStatus.SUCCEEDED,
    *,
    title: str = "video.mp4",
    retry_count: int = 0,
    expires_at: float | None = NOW + 3600,
    created_at: float | None = NOW - 600,
) -> UploadTask:
    """Return a task."""
    return UploadTask(task_id, title, status, retry_count, expires_at, created_at)


def make_snapshot(
    *tasks: UploadTask,
    completed_at: float = NOW,
    duration: float = 1.5,
    pages: int = 1,
    reported_total: int | None = None,
) -> Snapshot:
    """Return a snapshot of `tasks`."""
    return Snapshot(tasks, completed_at, duration, pages, reported_total)


def make_settings(name: str = "vod", **changes: Any) -> AppSettings:
    """Return the settings of an app with a secret that opens nothing."""
    values: dict[str, Any] = {
        "name": name,
        "app_id": 1234567890,
        "server_secret": "0" * 32,
        "endpoint": "https://cloud-player-api.zego.im",
        "collection": CollectionSettings(),
    }
    return AppSettings(**{**values, **changes})


def make_view(
    name: str = "vod",
    snapshot: Snapshot | None = None,
    *,
    stale: bool = False,
    error: CollectionError | None = None,
    malformed: Mapping[str, int] | None = None,
    settings: AppSettings | None = None,
    stats: ApiStats | None = None,
) -> AppView:
    """Return what is known of an app after a collection that gave `snapshot`, then `error`."""
    settings = settings or make_settings(name)
    elapsed = settings.collection.stale_after + 1 if stale else 0.0
    clock = iter([0.0, elapsed])
    counters = AppCounters()
    state = AppState(settings, stats or ApiStats(), counters, clock=lambda: next(clock, elapsed))
    if snapshot is not None:
        state.start_collection(snapshot.completed_at - snapshot.duration)
        walk = counters.compare(snapshot.tasks, snapshot.completed_at)
        state.publish(snapshot, walk, malformed or {})
    if error is not None:
        state.start_collection(NOW)
        state.fail(error)
    return state.view()


def tasks_strategy() -> st.SearchStrategy[UploadTask]:
    """Return a strategy for tasks with any text and status, and times between 0 and 1000."""
    times = st.none() | st.floats(0, 1000)
    return st.builds(
        UploadTask,
        id=st.text(min_size=1),
        title=st.text(),
        status=st.sampled_from(TaskStatus),
        retry_count=st.integers(0, 100),
        expires_at=times,
        created_at=times,
    )


def make_callback(
    secret: str, app_id: int, nonce: str = "n1", *, at: float = NOW, **changes: Any
) -> bytes:
    """Return the body of an authentic callback of a failed upload, with `changes`."""
    timestamp = str(int(at))
    values = {
        "AppID": app_id,
        "UploadTaskId": "task",
        "EventType": 10002,
        "Nonce": nonce,
        "Timestamp": timestamp,
        "Signature": sign_callback(secret, timestamp, nonce),
        "Detail": {"Reason": 3},
    }
    return json.dumps({**values, **changes}).encode()
