"""Simulated apps that do not change, and configurations for an exporter that collects them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from exporter.simulator.app import SimulatedApp
from exporter.simulator.demo import CREDENTIALS
from exporter.simulator.http_server import SimulatorServer
from exporter.simulator.lifecycle import Lifecycle
from exporter.simulator.workload import DAY, HOUR
from tests.e2e.processes import ANY_PORT, EXPORTER, Program, running
from tests.faults import FaultyApp

SECRET = CREDENTIALS[0][1]
"""A secret of the usual form, which opens nothing."""

FAST: dict[str, Any] = {"interval": "1s", "requests_per_second": 5000, "max_retries": 0}
"""Collects every second, without a limit that a test would notice, and fails immediately."""

_STATUSES = (1, 2, 3, 4, 5, 6, 7, 99)
_EXPIRES_IN = (-HOUR, HOUR / 2, 2 * HOUR, 12 * HOUR, 2 * DAY, 5 * DAY, 10 * DAY)
"""Seconds from now; none near the border of a window."""


def still_app(tasks: int, *, app_id: int = 1, name: str = "vod", **switches: Any) -> FaultyApp:
    """Return an app without a rate limit, with unchanging tasks of all kinds."""
    now = time.time()
    life = Lifecycle(pace=0, start=now)
    for index in range(tasks):
        life.add_task(
            status=_STATUSES[index % len(_STATUSES)],
            retry_count=index % 5,
            expires_at=int(now + _EXPIRES_IN[index % len(_EXPIRES_IN)]),
            created_at=int(now) - 60 - index,
        )
    return FaultyApp(app_id, SECRET, life, name, **{"rate_limit": None, **switches})


def entry(app: SimulatedApp, server: SimulatorServer, **changes: Any) -> dict[str, Any]:
    """Return the entry of `apps` in the configuration that collects `app`."""
    return {
        "name": app.name,
        "app_id": app.app_id,
        "server_secret": app.server_secret,
        "endpoint": server.url,
        **changes,
    }


def write_config(folder: Path, **sections: Any) -> None:
    """Write the configuration; JSON is YAML too."""
    (folder / "config.yaml").write_text(json.dumps(sections), encoding="utf-8")


@contextmanager
def exporter_of(
    server: SimulatorServer, folder: Path, *flags: str, **collection: Any
) -> Iterator[Program]:
    """Run an exporter that collects all apps of `server`, fast unless `collection` says else."""
    apps = [entry(app, server) for app in server.apps.values()]
    write_config(folder, apps=apps, collection={**FAST, **collection})
    with running([EXPORTER, *ANY_PORT, *flags], folder) as exporter:
        yield exporter
