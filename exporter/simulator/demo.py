"""Apps for the demo: busy enough that something changes within a minute, bounded for weeks.

The secrets here are published with the source and open nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from exporter.simulator.app import SimulatedApp
from exporter.simulator.http_server import SimulatorServer
from exporter.simulator.lifecycle import Lifecycle
from exporter.simulator.task import STATUS_WORDS
from exporter.simulator.workload import DAY, HOUR, MINUTE, Workload

CREDENTIALS = (
    (1234567890, "7d8f2c4be1a0935f6c2d4e8b9a017f53"),
    (2345678901, "1be04c7a95d38f62b7c05e9d4a28f136"),
)
"""AppId and server secret of each demo app."""

CALLBACK_SECRET = "4c0a97e25d1b83f6"  # noqa: S105 - opens nothing, like those above
"""Callback secret of every demo app."""

BUSY = Workload(
    arrival_interval=12.0,
    burst_chance=0.04,
    waiting=6.0,
    upload=18.0,
    retry_wait=20.0,
    cancel_chance=0.05,
    troubled_chance=0.15,
    retentions=((25 * MINUTE, 0.84), (4 * HOUR, 0.15), (20 * HOUR, 0.01)),
    linger=30 * MINUTE,
    duplicate_title_chance=0.03,
)
"""Every few seconds a task, every few minutes a failure; about 500 tasks at any time."""

CALM = replace(
    BUSY,
    arrival_interval=60.0,
    burst_chance=0.01,
    upload=30.0,
    troubled_chance=0.03,
    retentions=((50 * MINUTE, 0.5), (8 * HOUR, 0.4), (24 * HOUR, 0.1)),
    titles="chinese",
)
"""About a task a minute, rarely a failure; about 400 tasks at any time."""

WARM_UP = DAY
"""Seconds (at pace 1) of history that the demo apps begin with."""


def demo_apps(
    seed: int = 1,
    now: float | None = None,
    *,
    pace: float = 1.0,
    credentials: Sequence[tuple[int, str]] = CREDENTIALS,
) -> list[SimulatedApp]:
    """Return the apps "vod" and "lessons" as they are at `now` (default: this moment).

    At vod one request in a hundred fails with HTTP 502, as happens with real gateways.
    """
    now = time.time() if now is None else now
    (vod_id, vod_secret), (lessons_id, lessons_secret) = credentials
    return [
        SimulatedApp(
            vod_id,
            vod_secret,
            _live_until(now, seed, pace, BUSY),
            name="vod",
            callback_secret=CALLBACK_SECRET,
            gateway_error_chance=0.01,
        ),
        SimulatedApp(
            lessons_id,
            lessons_secret,
            _live_until(now, seed + 1, pace, CALM),
            name="lessons",
            total_name="TotoalSize",
            tasks_name="UploadTasks",
            callback_secret=CALLBACK_SECRET,
        ),
    ]


def _live_until(now: float, seed: int, pace: float, workload: Workload) -> Lifecycle:
    life = Lifecycle(seed, pace, start=now - (WARM_UP / pace if pace else 0.0), workload=workload)
    life.advance(now)
    return life


def sized_app(
    tasks: int,
    *,
    now: float,
    seed: int = 1,
    pace: float = 0.0,
    credentials: tuple[int, str] = CREDENTIALS[0],
) -> SimulatedApp:
    """Return one app with `tasks` tasks of all statuses, which stand still unless `pace` is set."""
    life = Lifecycle(seed, pace, start=now)
    life.add_tasks(tasks, statuses=tuple(STATUS_WORDS))
    return SimulatedApp(*credentials, life, name="sized")


def run_simulator(
    host: str = "127.0.0.1",
    port: int = 10318,
    *,
    tasks: int | None = None,
    seed: int = 1,
    pace: float | None = None,
    wait: Callable[[], object],
    write: Callable[[str], object],
) -> None:
    """Serve the demo apps, or with `tasks` one app of that many, until `wait` returns.

    `pace` None is 1 for the demo apps and 0 (nothing moves) for `tasks`. `write` is given the
    address and the credentials, which open nothing but this. OSError where the address cannot be
    used.
    """
    now = time.time()
    if tasks is None:
        apps = demo_apps(seed, now, pace=1.0 if pace is None else pace)
    else:
        apps = [sized_app(tasks, now=now, seed=seed, pace=pace or 0.0)]
    with SimulatorServer(apps, host, port) as server:
        write(f"endpoint: {server.url}\n")
        for app in apps:
            write(f"app {app.name}: app_id {app.app_id}, server_secret {app.server_secret}\n")
        wait()
