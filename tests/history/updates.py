"""Updates of a history file, for tests."""

from __future__ import annotations

from exporter.history.tables import Update
from exporter.tasks import TaskStatus, Tracked
from tests.builders import NOW

WAITING = Tracked(TaskStatus.WAITING, NOW)


def make_update(**changes: object) -> Update:
    """Return a walk that lists one waiting task "a"."""
    values: dict[str, object] = {
        "collected_at": NOW,
        "tracked": {"a": WAITING},
        "counters": {("transition", "new", "waiting"): 1.0},
        "failure_reasons": {},
        **changes,
    }
    return Update(**values)  # type: ignore[arg-type] # the values are those of Update
