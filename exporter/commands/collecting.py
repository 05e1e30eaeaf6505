"""One collection of every app, for the commands that end: with a progress line on a terminal."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from exporter.collection.collectors import CollectorPool
from exporter.collection.state import AppView
from exporter.config import AppSettings, Settings
from exporter.history.database import HistoryFile

REFRESH_SECONDS = 0.2


@contextmanager
def collected(settings: Settings, *, with_history: bool = False) -> Iterator[Sequence[AppView]]:
    """Collect every app once, all at the same time; yield what is known of each then.

    Counters continue from the history file if `with_history` and one is configured. Raises
    ConfigError or HistoryError where it cannot be used.
    """
    path = settings.history.path if with_history else None
    history = HistoryFile(path) if path is not None else None
    try:
        fleet = CollectorPool(history)
        _collect(fleet, settings.apps)
        yield fleet.views()
    finally:
        if history is not None:
            history.close()


def _collect(fleet: CollectorPool, apps: Sequence[AppSettings]) -> None:
    """Collect with a line for each app on a terminal, silently elsewhere."""
    running = fleet.collect_once(apps, every=REFRESH_SECONDS)
    console = Console(stderr=True)
    if not console.is_terminal:
        deque(running, maxlen=0)
        return
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:.0f} requests"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as progress:
        lines = [progress.add_task(app.name, total=None) for app in apps]
        for views in running:
            for line, view in zip(lines, views, strict=True):
                progress.update(line, completed=view.api.requests)
