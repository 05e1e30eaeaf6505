"""The exposition: the table of metrics, filled from a look at each app, as text.

`prometheus_client` renders; this module builds its families anew for each scrape, so that nothing
of a vanished task or app stays behind.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.exposition import generate_latest as render_text
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.openmetrics.exposition import generate_latest as render_openmetrics
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.metrics.table import METRICS, Histogram, Metric, Sample, SnapshotLook

CONTENT_TYPE_TEXT = "text/plain; version=0.0.4; charset=utf-8"
CONTENT_TYPE_OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

APP_LABEL = "zego_app"


class Exposition:
    """Renders everything that is exposed, as of the instant of the call.

    `views` gives one look at each app; `now` is Unix seconds.
    """

    def __init__(
        self,
        views: Callable[[], Sequence[AppView]],
        tasks: TaskSettings,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._views = views
        self._tasks = tasks
        self._now = now
        self._looks: dict[str, SnapshotLook] = {}
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)
        PlatformCollector(registry=self._process)

    def render(self, *, apps: frozenset[str] | None = None, accept: str = "") -> tuple[bytes, str]:
        """Return the exposition and its content type, of all apps or of those named in `apps`.

        `accept` is the value of the Accept header; anything unreadable in it means text 0.0.4.
        """
        registry = CollectorRegistry()
        registry.register(_Families(list(self.families(apps))))
        if prefers_openmetrics(accept):
            return render_openmetrics(registry), CONTENT_TYPE_OPENMETRICS
        return render_text(registry), CONTENT_TYPE_TEXT

    def families(self, apps: frozenset[str] | None = None) -> Iterator[Family]:
        """Yield every metric family with its samples, in the order of the table."""
        views = [v for v in self._views() if apps is None or v.settings.name in apps]
        looks = [_AppLook(view, self._look(view)) for view in views]
        now = self._now()
        for metric in METRICS:
            yield _family(metric, looks, now)
        yield from self._process.collect()

    def _look(self, view: AppView) -> SnapshotLook | None:
        """Return the look at the view's snapshot: the one of the last scrape if it is the same."""
        if view.snapshot is None:
            return None
        look = self._looks.get(view.settings.name)
        if look is None or look.snapshot is not view.snapshot:
            look = SnapshotLook(view.snapshot, self._tasks)
            self._looks[view.settings.name] = look
        return look


class _Families(Collector):
    """Hands ready families to a renderer of the library."""

    def __init__(self, families: Sequence[Family]) -> None:
        self._families = families

    def collect(self) -> Sequence[Family]:
        return self._families


@dataclass(frozen=True, slots=True)
class _AppLook:
    """One app at one scrape: its view, and its snapshot as it is exposed, if it has one."""

    view: AppView
    snapshot: SnapshotLook | None


def _family(metric: Metric, looks: Sequence[_AppLook], now: float) -> Family:
    # The library appends `_total` to a counter's name itself.
    family = Family(metric.name.removesuffix("_total"), metric.help, metric.kind)
    if metric.from_program:
        for values, number in metric.from_program():
            family.add_sample(metric.name, _labels(metric.labels, values), number)
        return family
    labels = (APP_LABEL, *metric.labels)
    for look in looks:
        app = look.view.settings.name
        for values, number in _samples(metric, look, now):
            family.add_sample(metric.name, _labels(labels, (app, *values)), number)
        if metric.histogram_from_app:
            for histogram in metric.histogram_from_app(look.view):
                _add_histogram(family, labels, app, histogram)
    return family


def _samples(metric: Metric, look: _AppLook, now: float) -> Iterator[Sample]:
    if metric.from_app:
        yield from metric.from_app(look.view)
    elif look.snapshot is None:
        return
    elif metric.from_snapshot:
        yield from metric.from_snapshot(look.snapshot)
    elif metric.from_moment:
        yield from metric.from_moment(look.snapshot, now)


def _add_histogram(family: Family, names: tuple[str, ...], app: str, histogram: Histogram) -> None:
    values, buckets, total = histogram
    labels = _labels(names, (app, *values))
    for bound, count in buckets:
        family.add_sample(f"{family.name}_bucket", {**labels, "le": floatToGoString(bound)}, count)
    family.add_sample(f"{family.name}_count", labels, buckets[-1][1])
    family.add_sample(f"{family.name}_sum", labels, total)


def _labels(names: tuple[str, ...], values: tuple[str, ...]) -> dict[str, str]:
    """Pair names with values; the library drops a missing or extra one silently, this raises."""
    return dict(zip(names, values, strict=True))


_MEDIA_RANGE = re.compile(r"\s*([^\s;,]+)\s*((?:;[^,]*)?)")


def prefers_openmetrics(accept: str) -> bool:
    """Whether an Accept header prefers OpenMetrics 1.0 to the text format (RFC 9110, 12.5.1).

    The library's own negotiation fails on versions that are not numbers, so it is not used.
    """
    best = {"openmetrics": 0.0, "text": 0.0}
    for media_type, parameters in _MEDIA_RANGE.findall(accept.lower()):
        values = dict(re.findall(r";\s*([^\s=;]+)\s*=\s*\"?([^\s;\"]*)", parameters))
        quality = _quality(values.get("q", "1"))
        if media_type == "application/openmetrics-text":
            if values.get("version", "1.0.0") in {"1.0.0", "0.0.1"}:
                best["openmetrics"] = max(best["openmetrics"], quality)
        elif media_type == "text/plain":
            best["text"] = max(best["text"], quality)
    return best["openmetrics"] > 0 and best["openmetrics"] >= best["text"]


def _quality(text: str) -> float:
    return float(text) if re.fullmatch(r"[01](\.\d{0,3})?", text) else 0.0
