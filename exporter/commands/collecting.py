"""One collection of every app, for the commands that end; with a progress line on a terminal."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from exporter.collection.collectors import CollectorPool
from exporter.collection.state import AppView
from exporter.config import AppSettings, Settings
from exporter.history import open_history

REFRESH_SECONDS = 0.2


@contextmanager
def collected(settings: Settings, *, with_history: bool = False) -> Iterator[Sequence[AppView]]:
    """Collect every app once, all at the same time; yield their states afterwards.

    Counters continue from the history file if `with_history` and one is configured. Raises
    ConfigError or HistoryError where it cannot be used.
    """
    history = open_history(settings.history.path if with_history else None)
    try:
        pool = CollectorPool(history)
        running = pool.collect_once(settings.apps, every=REFRESH_SECONDS)
        if sys.stderr.isatty():
            _show_progress(running, settings.apps)
        else:
            deque(running, maxlen=0)
        yield pool.views()
    finally:
        if history is not None:
            history.close()


def _show_progress(running: Iterator[Sequence[AppView]], apps: Sequence[AppSettings]) -> None:
    # Slow to import, and needed on a terminal only.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:.0f} requests"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        lines = [progress.add_task(app.name, total=None) for app in apps]
        for views in running:
            for line, view in zip(lines, views, strict=True):
                progress.update(line, completed=view.api.requests)
