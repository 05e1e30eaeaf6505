"""The exposition: all metrics as of one scrape, in the requested format and encoding."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import Lock
from weakref import WeakKeyDictionary

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector

from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.metrics.gzip_stream import Chunk, checksum, gzip_member
from exporter.metrics.metric import ExposedSnapshot, ProgramView
from exporter.metrics.snapshot_cache import AppScrape, SnapshotPart, fresh_text, kept_chunks
from exporter.metrics.text_format import render_registry
from exporter.tasks import Snapshot

MAX_CHECKSUMS = 64
"""Maximum number of remembered checksums, one for each choice of apps and their snapshots."""


class Exposition:
    """Renders all metrics as of the time of the call; from any thread.

    `views` returns the state of each app, `now` Unix seconds, `program` the state of the last
    reload. `process` adds the metrics of this process and its interpreter.
    """

    def __init__(
        self,
        views: Callable[[], Sequence[AppView]],
        tasks: TaskSettings,
        *,
        now: Callable[[], float] = time.time,
        process: bool = True,
        program: Callable[[], ProgramView] = ProgramView,
    ) -> None:
        self._views = views
        self._tasks = tasks
        self._now = now
        self._program = program
        self._lock = Lock()
        self._rendering = Lock()
        self._parts: WeakKeyDictionary[Snapshot, dict[str, SnapshotPart]] = WeakKeyDictionary()
        self._checksums: dict[tuple[bool, tuple[int, ...]], tuple[int, int]] = {}
        self._process = CollectorRegistry()
        if process:
            ProcessCollector(registry=self._process)
            PlatformCollector(registry=self._process)

    def render(
        self,
        *,
        apps: frozenset[str] | None = None,
        openmetrics: bool = False,
        gzip: bool = False,
    ) -> bytes:
        """Return the exposition of all apps or of those named in `apps`.

        The format is OpenMetrics 1.0 or text 0.0.4. With `gzip` it comes as one gzip member.
        """
        views = [v for v in self._views() if apps is None or v.settings.name in apps]
        scrapes = []
        for view in views:
            if view.snapshot is None:
                scrapes.append(AppScrape(view, None, None))
            else:
                exposed = ExposedSnapshot(view.snapshot, self._tasks)
                part = self._part(view.settings.name, exposed)
                scrapes.append(AppScrape(view, exposed, part))
        parts = [scrape.part for scrape in scrapes if scrape.part]
        kept = kept_chunks(parts, openmetrics=openmetrics)
        fresh = fresh_text(scrapes, self._program(), self._now(), openmetrics=openmetrics)
        # Last, because in OpenMetrics it ends with the end mark.
        fresh += render_registry(self._process, openmetrics=openmetrics)
        if gzip:
            return gzip_member(kept, self._checksum(openmetrics, parts, kept), fresh)
        return b"".join([*(chunk.text for chunk in kept), fresh])

    def prepare(self, app: str, snapshot: Snapshot) -> None:
        """Render and compress all that depends on `snapshot` alone, before a scrape needs it.

        For the collector's thread, before it publishes the snapshot; a scrape that finds one
        unprepared does the same.
        """
        part = self._part(app, ExposedSnapshot(snapshot, self._tasks))
        for chunk in part.chunks.values():
            chunk.deflate()

    def _part(self, app: str, exposed: ExposedSnapshot) -> SnapshotPart:
        part = self._kept_part(app, exposed.snapshot)
        if part is None:
            with self._rendering:  # of several scrapes that find a new snapshot, one renders it
                part = self._kept_part(app, exposed.snapshot) or SnapshotPart(app, exposed)
                with self._lock:
                    self._parts.setdefault(exposed.snapshot, {})[app] = part
        return part

    def _kept_part(self, app: str, snapshot: Snapshot) -> SnapshotPart | None:
        with self._lock:
            return self._parts.get(snapshot, {}).get(app)

    def _checksum(
        self, openmetrics: bool, parts: Sequence[SnapshotPart], kept: Sequence[Chunk]
    ) -> tuple[int, int]:
        """Return the checksum of `kept`, which depends only on the format and `parts`."""
        key = (openmetrics, tuple(part.number for part in parts))
        with self._lock:
            if key not in self._checksums:
                if len(self._checksums) >= MAX_CHECKSUMS:
                    self._checksums.clear()
                self._checksums[key] = checksum(kept)
            return self._checksums[key]
