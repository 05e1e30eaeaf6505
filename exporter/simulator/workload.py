"""How often and how long things happen in the life of upload tasks: numbers only."""

from __future__ import annotations

from dataclasses import dataclass

MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Workload:
    """The rates, chances and durations (seconds at pace 1) of a life.

    `retentions` are (seconds, weight) pairs; each file gets one of them, varied by a quarter, so
    that expiries do not come in step. `linger` is how long a finished task stays listed, varied
    by a half.
    """

    arrival_interval: float = 2 * MINUTE
    burst_chance: float = 0.05
    burst_size: int = 8
    waiting: float = 20.0
    upload: float = 6 * MINUTE
    retry_wait: float = 2 * MINUTE
    max_retries: int = 3
    cancel_chance: float = 0.03
    troubled_chance: float = 0.12
    trouble_when_troubled: float = 0.8
    trouble_otherwise: float = 0.05
    too_large_chance: float = 0.005
    retentions: tuple[tuple[float, float], ...] = (
        (1 * DAY, 0.2),
        (3 * DAY, 0.6),
        (7 * DAY, 0.2),
    )
    linger: float = 2 * DAY
    duplicate_title_chance: float = 0.01
    titles: str = "mixed"


REALISTIC = Workload()
"""Minutes for an upload, days until a file expires."""
