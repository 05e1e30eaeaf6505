"""The page as `prometheus_client` renders the whole of it: what ours must be equal to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.exposition import generate_latest as render_text
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.openmetrics.exposition import generate_latest as render_openmetrics
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.metrics.metric import Histogram, Metric, ProgramView, Sample, SnapshotLook
from exporter.metrics.table import METRICS


def render_reference(
    views: Sequence[AppView], tasks: TaskSettings, now: float, *, openmetrics: bool
) -> bytes:
    """Return the page for `views` at `now`: those families first that depend on snapshots alone."""
    registry = CollectorRegistry()
    registry.register(_Families(list(families(views, tasks, now))))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    page: bytes = (render_openmetrics if openmetrics else render_text)(registry)
    return page


def families(views: Sequence[AppView], tasks: TaskSettings, now: float) -> Iterator[Family]:
    """Yield the library's family for each row of the table."""
    for metric in sorted(METRICS, key=lambda metric: metric.from_snapshot is None):
        yield _family(metric, views, tasks, now)


class _Families(Collector):
    def __init__(self, ready: Sequence[Family]) -> None:
        self._ready = ready

    def collect(self) -> Sequence[Family]:
        return self._ready


def _family(metric: Metric, views: Sequence[AppView], tasks: TaskSettings, now: float) -> Family:
    family = Family(metric.name.removesuffix("_total"), metric.help, metric.kind)
    if metric.from_program:
        for values, number in metric.from_program(ProgramView()):
            family.add_sample(metric.name, dict(zip(metric.labels, values, strict=True)), number)
    for view in () if metric.from_program else views:
        labels = ("zego_app", *metric.labels)
        for values, number in _samples(metric, view, tasks, now):
            named = dict(zip(labels, (view.settings.name, *values), strict=True))
            family.add_sample(metric.name, named, number)
        if metric.histogram_from_app:
            for histogram in metric.histogram_from_app(view):
                _add_histogram(family, labels, view.settings.name, histogram)
    return family


def _samples(metric: Metric, view: AppView, tasks: TaskSettings, now: float) -> Iterator[Sample]:
    if metric.from_app:
        yield from metric.from_app(view)
    if view.snapshot is None:
        return
    look = SnapshotLook(view.snapshot, tasks)
    if metric.from_snapshot:
        yield from metric.from_snapshot(look)
    if metric.from_moment:
        yield from metric.from_moment(look, now)
    if metric.countdown_from_snapshot:
        for values, instant in metric.countdown_from_snapshot(look):
            yield values, instant - math.floor(now)


def _add_histogram(family: Family, names: tuple[str, ...], app: str, histogram: Histogram) -> None:
    values, buckets, total = histogram
    labels = dict(zip(names, (app, *values), strict=True))
    for bound, count in buckets:
        family.add_sample(f"{family.name}_bucket", {**labels, "le": floatToGoString(bound)}, count)
    family.add_sample(f"{family.name}_count", labels, buckets[-1][1])
    family.add_sample(f"{family.name}_sum", labels, total)
