"""Expected metrics of a simulated app, counted directly from its tasks."""

from __future__ import annotations

from typing import Any

from exporter.simulator.app import SimulatedApp
from exporter.simulator.task import STATUS_WORDS, SUCCEEDED


def expected_state(app: SimulatedApp, now: float) -> dict[str, Any]:
    """Return the state of `app` at `now` (Unix seconds) as a JSON object; costs O(tasks).

    `counts`, `retries` (sums), `retried_tasks` and `max_retries` are by status word, each word
    present; `next_expiry` is the earliest future expiry among succeeded tasks, None where there is
    none; `tasks` gives the status word, retry count, expiry and creation of each id.
    """
    retries: dict[str, list[int]] = {word: [] for word in (*STATUS_WORDS.values(), "unknown")}
    tasks, expiries = {}, []
    with app.life.lock:
        app.life.advance(now)
        for task in app.life.tasks.values():
            word = STATUS_WORDS.get(task.status, "unknown")
            retries[word].append(task.retry_count)
            if task.status == SUCCEEDED and task.expires_at > now:
                expiries.append(task.expires_at)
            tasks[task.id] = {
                "title": task.title,
                "status": word,
                "retry_count": task.retry_count,
                "expires_at": task.expires_at,
                "created_at": task.created_at,
            }
        return {
            "name": app.name,
            "now": now,
            "counts": {word: len(numbers) for word, numbers in retries.items()},
            "retries": {word: sum(numbers) for word, numbers in retries.items()},
            "retried_tasks": {
                word: sum(number > 0 for number in numbers) for word, numbers in retries.items()
            },
            "max_retries": {word: max(numbers, default=0) for word, numbers in retries.items()},
            "next_expiry": min(expiries, default=None),
            "tasks": tasks,
            "changes": len(app.life.log),
            "refused_creations": app.life.refused,
            "requests": app.arrivals.requests,
            "max_requests_in_a_second": app.arrivals.max_in_a_second,
        }
