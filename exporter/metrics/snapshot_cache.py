"""The page: which families stand where, and what of each is rendered when.

Rules that this file keeps:

- First stand the families that depend on snapshots alone, then all others: so that the first part
  can be kept, compressed too, and a scrape writes the second one behind it.
- All samples of a family stand together, so what is kept is a chunk for each family and app: a new
  snapshot costs the rendering of its own app, never that of the others.
- What is kept holds no snapshot: the last one is freed as soon as there is a new one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count

from exporter.collection.state import AppView
from exporter.metrics.gzip_stream import Chunk
from exporter.metrics.metric import Metric, ProgramView, SnapshotLook
from exporter.metrics.table import METRICS
from exporter.metrics.text_format import FamilyWriter, render_head

KEPT = tuple(metric.name for metric in METRICS if metric.from_snapshot)
FRESH = tuple(metric for metric in METRICS if not metric.from_snapshot)

_WRITERS = {metric.name: FamilyWriter(metric) for metric in METRICS}
_numbers = count()


class SnapshotPart:
    """What is kept of one app's snapshot: rendered chunks, and countdowns all but their values.

    `number` is no other part's.
    """

    def __init__(self, app: str, look: SnapshotLook) -> None:
        self.number = next(_numbers)
        look.snapshot.next_expiry(now=0.0)  # sorts the expiries, which then stay sorted
        self.chunks = {
            row.name: Chunk(_WRITERS[row.name].samples((app,), row.from_snapshot(look)).encode())
            for row in METRICS
            if row.from_snapshot
        }
        self.countdowns = {
            row.name: _WRITERS[row.name].countdown((app,), row.countdown_from_snapshot(look))
            for row in METRICS
            if row.countdown_from_snapshot
        }


@dataclass(frozen=True, slots=True)
class AppLook:
    """One app at one scrape: its view; its snapshot, and what is kept of that, if it has one."""

    view: AppView
    snapshot: SnapshotLook | None
    part: SnapshotPart | None


class Format:
    """The heads of the families in one of the two formats, rendered once."""

    def __init__(self, *, openmetrics: bool) -> None:
        self.openmetrics = openmetrics

    @cached_property
    def _heads(self) -> dict[str, Chunk]:
        return {
            metric.name: Chunk(render_head(metric, openmetrics=self.openmetrics))
            for metric in METRICS
        }

    def kept(self, parts: Sequence[SnapshotPart]) -> list[Chunk]:
        """Return the first part of the page: every family that depends on snapshots alone."""
        chunks = []
        for name in KEPT:
            chunks.append(self._heads[name])
            chunks.extend(part.chunks[name] for part in parts)
        return chunks

    def fresh(self, looks: Sequence[AppLook], program: ProgramView, now: float) -> bytes:
        """Return all other families of the table, as of `now`."""
        texts = []
        for metric in FRESH:
            texts.append(self._heads[metric.name].text)
            texts.append("".join(_fresh_lines(metric, looks, program, now)).encode())
        return b"".join(texts)


def _fresh_lines(
    metric: Metric, looks: Sequence[AppLook], program: ProgramView, now: float
) -> Iterator[str]:
    if metric.from_program:
        yield _WRITERS[metric.name].samples((), metric.from_program(program))
        return
    for look in looks:
        yield _app_lines(metric, look, now)


def _app_lines(metric: Metric, look: AppLook, now: float) -> str:
    writer, app = _WRITERS[metric.name], (look.view.settings.name,)
    if metric.from_app:
        return writer.samples(app, metric.from_app(look.view))
    if metric.histogram_from_app:
        histograms = metric.histogram_from_app(look.view)
        return "".join(writer.histogram(app, histogram) for histogram in histograms)
    if look.snapshot is None or look.part is None:
        return ""
    if metric.from_moment:
        return writer.samples(app, metric.from_moment(look.snapshot, now))
    return look.part.countdowns[metric.name].write(now)
