"""What an exporter ought to have found out, counted straight from the simulated tasks."""

from __future__ import annotations

from collections import Counter
from typing import Any

from exporter.simulator.app import SimulatedApp
from exporter.simulator.task import STATUS_WORDS, SUCCEEDED, SimulatedTask

WORDS = (*STATUS_WORDS.values(), "unknown")


def expected_state(app: SimulatedApp, now: float) -> dict[str, Any]:
    """Return the state of `app` at `now` (Unix seconds) as a JSON object; costs O(tasks).

    `counts`, `retries` (sums), `retried_tasks` and `max_retries` are by status word, each word
    present; `next_expiry` is the earliest future expiry among succeeded tasks, None where there is
    none; `tasks` gives the status word, retry count, expiry and creation of each id.
    """
    with app.life.lock:
        app.life.advance(now)
        tasks = list(app.life.tasks.values())
        expiries = [
            task.expires_at for task in tasks if task.status == SUCCEEDED and task.expires_at > now
        ]
        return {
            "name": app.name,
            "now": now,
            **_by_status(tasks),
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


def _by_status(tasks: list[SimulatedTask]) -> dict[str, dict[str, int]]:
    counts: Counter[str] = Counter()
    retries: Counter[str] = Counter()
    retried: Counter[str] = Counter()
    highest: Counter[str] = Counter()
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
    return {name: {word: table[word] for word in WORDS} for name, table in tables.items()}
