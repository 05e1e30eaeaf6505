"""The page in two parts: one is cached for each snapshot, one is rendered at each scrape.

Rules that this file keeps:

- First come the families that depend on snapshots alone, then all others. The first part can be
  kept, compressed too; a scrape writes the second part behind it.
- All samples of a family are adjacent, so the cache has a chunk for each family and app: a new
  snapshot costs the rendering of its own app, never that of the others.
- The cache refers to no snapshot: the last one is freed as soon as there is a new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count

from exporter.collection.state import AppView
from exporter.metrics import METRICS
from exporter.metrics.gzip_stream import Chunk
from exporter.metrics.metric import ExposedSnapshot, Metric, ProgramView, Scope
from exporter.metrics.text_format import FamilyWriter, render_head

KEPT = tuple(metric for metric in METRICS if metric.scope is Scope.SNAPSHOT)
FRESH = tuple(metric for metric in METRICS if metric.scope is not Scope.SNAPSHOT)

_WRITERS = {metric.name: FamilyWriter(metric) for metric in METRICS}
_numbers = count()


class SnapshotPart:
    """The cache of one app's snapshot: rendered chunks, and countdowns without their values.

    `number` is unique among all parts.
    """

    def __init__(self, app: str, exposed: ExposedSnapshot) -> None:
        self.number = next(_numbers)
        exposed.snapshot.next_expiry(now=0.0)  # sorts the expiries, which then stay sorted
        self.chunks = {
            row.name: Chunk(_WRITERS[row.name].samples((app,), row.samples(exposed)).encode())
            for row in KEPT
        }
        self.countdowns = {
            row.name: _WRITERS[row.name].countdown((app,), row.samples(exposed))
            for row in METRICS
            if row.scope is Scope.COUNTDOWN
        }


@dataclass(frozen=True, slots=True)
class AppScrape:
    """One app at one scrape.

    Attributes:
        view: Its state.
        snapshot: Its current snapshot, None without one or if it is stale.
        part: The cached part of the page for that snapshot.
    """

    view: AppView
    snapshot: ExposedSnapshot | None
    part: SnapshotPart | None


@cache
def _heads(openmetrics: bool) -> dict[str, Chunk]:
    """Return the HELP and TYPE lines of each family."""
    return {row.name: Chunk(render_head(row, openmetrics=openmetrics)) for row in METRICS}


def kept_chunks(parts: Sequence[SnapshotPart], *, openmetrics: bool) -> list[Chunk]:
    """Return the first part of the page: every family that depends on snapshots alone."""
    heads = _heads(openmetrics)
    chunks = []
    for metric in KEPT:
        chunks.append(heads[metric.name])
        chunks.extend(part.chunks[metric.name] for part in parts)
    return chunks


def fresh_text(
    apps: Sequence[AppScrape], program: ProgramView, now: float, *, openmetrics: bool
) -> bytes:
    """Return all other families of the table, as of `now` (Unix seconds)."""
    heads = _heads(openmetrics)
    texts = []
    for metric in FRESH:
        texts.append(heads[metric.name].text)
        if metric.scope is Scope.PROGRAM:
            text = _WRITERS[metric.name].samples((), metric.samples(program))
        else:
            text = "".join([_app_lines(metric, app, now) for app in apps])
        texts.append(text.encode())
    return b"".join(texts)


def _app_lines(metric: Metric, scrape: AppScrape, now: float) -> str:
    writer, app = _WRITERS[metric.name], (scrape.view.settings.name,)
    if metric.scope is Scope.APP:
        samples = metric.samples(scrape.view)
        if metric.kind == "histogram":
            return "".join(writer.histogram(app, histogram) for histogram in samples)
        return writer.samples(app, samples)
    if scrape.snapshot is None or scrape.part is None:
        return ""
    if metric.scope is Scope.MOMENT:
        return writer.samples(app, metric.samples(scrape.snapshot, now))
    return scrape.part.countdowns[metric.name].write(now)
