"""Upload tasks, their statuses and transitions (`docs/zego-api.md`, Upload tasks)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

WAITING, UPLOADING, WAITING_RETRY, SUCCEEDED, FAILED, CANCELLED, EXPIRED = range(1, 8)
STORED = (SUCCEEDED, EXPIRED)
"""The statuses of a task whose file is or was in ZEGO's storage."""

STATUS_WORDS = {
    WAITING: "waiting",
    UPLOADING: "uploading",
    WAITING_RETRY: "waiting_retry",
    SUCCEEDED: "succeeded",
    FAILED: "failed",
    CANCELLED: "cancelled",
    EXPIRED: "expired",
}

SOURCE_DOWNLOAD_FAILED, UPLOAD_ERROR, FILE_TOO_LARGE = 1, 2, 3
"""Why a task failed (`docs/zego-api.md`, Callbacks, event 10002); 0 where it did not."""

LIFE_CYCLE: frozenset[tuple[int | None, int | None]] = frozenset(
    {
        (None, WAITING),
        (WAITING, UPLOADING),
        (WAITING, CANCELLED),
        (UPLOADING, SUCCEEDED),
        (UPLOADING, WAITING_RETRY),
        (UPLOADING, FAILED),
        (WAITING_RETRY, UPLOADING),
        (SUCCEEDED, EXPIRED),
        (EXPIRED, None),
        (FAILED, None),
        (CANCELLED, None),
    }
)
"""Every move that a task makes by itself; None is "not listed"."""


@dataclass(slots=True)
class SimulatedTask:
    """One upload task. Only the `TaskStore` that lists it changes its fields.

    Attributes:
        stream_url: Where the file comes from, with a secret in the query.
        expires_at: Unix seconds, whole; 0 for none.
        created_at: Unix seconds, whole.
        troubled: Whether its source is bad, so that most of its uploads fail.
        number: Its place among all tasks.
        entry: Its place among the tasks of its status; 0 if it is not listed.
    """

    id: str
    title: str
    stream_url: str
    status: int
    retry_count: int
    expires_at: int
    created_at: int
    reason: int
    troubled: bool
    number: int = 0
    entry: int = 0

    @property
    def upload_stream_url(self) -> str:
        """Return the public address of the stored file, empty where there is none."""
        return f"https://media.example.com/{self.id}" if self.status in STORED else ""

    @property
    def internal_upload_stream_url(self) -> str:
        """Return ZEGO's internal address of the stored file, empty where there is none."""
        return f"https://media.internal.example.com/{self.id}" if self.status in STORED else ""


class Change(NamedTuple):
    """One move of a task at a time; None is "new" as `before` and "gone" as `after`.

    `reason` is why it failed, 0 for every other move.
    """

    at: float
    task_id: str
    before: int | None
    after: int | None
    reason: int
