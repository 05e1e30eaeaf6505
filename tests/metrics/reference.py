"""The page as `prometheus_client` renders it, which ours must equal."""

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
from exporter.metrics import METRICS
from exporter.metrics.metric import (
    ExposedSnapshot,
    Histogram,
    Metric,
    ProgramView,
    Sample,
    Scope,
)


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
    for metric in sorted(METRICS, key=lambda metric: metric.scope is not Scope.SNAPSHOT):
        yield _family(metric, views, tasks, now)


class _Families(Collector):
    def __init__(self, ready: Sequence[Family]) -> None:
        self._ready = ready

    def collect(self) -> Sequence[Family]:
        return self._ready


def _family(metric: Metric, views: Sequence[AppView], tasks: TaskSettings, now: float) -> Family:
    family = Family(metric.name.removesuffix("_total"), metric.help, metric.kind)
    if metric.scope is Scope.PROGRAM:
        for values, number in metric.samples(ProgramView()):
            family.add_sample(metric.name, dict(zip(metric.labels, values, strict=True)), number)
    for view in () if metric.scope is Scope.PROGRAM else views:
        labels = ("zego_app", *metric.labels)
        if metric.kind == "histogram":
            for histogram in metric.samples(view):
                _add_histogram(family, labels, view.settings.name, histogram)
            continue
        for values, number in _samples(metric, view, tasks, now):
            named = dict(zip(labels, (view.settings.name, *values), strict=True))
            family.add_sample(metric.name, named, number)
    return family


def _samples(metric: Metric, view: AppView, tasks: TaskSettings, now: float) -> Iterator[Sample]:
    if metric.scope is Scope.APP:
        yield from metric.samples(view)
        return
    if view.snapshot is None:
        return
    exposed = ExposedSnapshot(view.snapshot, tasks)
    if metric.scope is Scope.SNAPSHOT:
        yield from metric.samples(exposed)
    elif metric.scope is Scope.MOMENT:
        yield from metric.samples(exposed, now)
    else:
        for values, time in metric.samples(exposed):
            yield values, time - math.floor(now)


def _add_histogram(family: Family, names: tuple[str, ...], app: str, histogram: Histogram) -> None:
    values, buckets, total = histogram
    labels = dict(zip(names, (app, *values), strict=True))
    for bound, count in buckets:
        family.add_sample(f"{family.name}_bucket", {**labels, "le": floatToGoString(bound)}, count)
    family.add_sample(f"{family.name}_count", labels, buckets[-1][1])
    family.add_sample(f"{family.name}_sum", labels, total)
