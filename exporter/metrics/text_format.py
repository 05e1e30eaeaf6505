"""Lines of the exposition, byte for byte as `prometheus_client` writes them, many times faster.

The library renders some sixty thousand samples a second, which is too few for pages of as many. So
it writes what is small (the heads of families, and its own `process_*`), and this file the
samples, which look the same in text 0.0.4 and OpenMetrics 1.0. Tests compare whole pages.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest as render_text
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.openmetrics.exposition import generate_latest as render_openmetrics
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from exporter.metrics.metric import Histogram, Metric, Sample, Scope

APP_LABEL = "zego_app"
OPENMETRICS_END = b"# EOF\n"

_FIRST_WITH_EXPONENT = 1e6  # Go writes numbers from here on with one, Python does not


class Series:
    """Writes the samples called `name`, with labels sorted by their names as the library does."""

    def __init__(self, name: str, labels: tuple[str, ...]) -> None:
        pairs = sorted((label, place) for place, label in enumerate(labels))
        inside = ",".join(f'{label}="{{{place}}}"' for label, place in pairs)
        self._start = (f"{name}{{{{{inside}}}}} " if inside else f"{name} ").format
        self._count = len(labels)

    def start(self, values: tuple[str, ...]) -> str:
        """Return a line up to its value; ValueError for more or fewer `values` than labels."""
        if len(values) != self._count:
            raise ValueError(f"{len(values)} values for {self._count} labels")
        return self._start(*map(escape, values))

    def line(self, values: tuple[str, ...], number: float) -> str:
        """Return a whole line."""
        return f"{self.start(values)}{write_number(number)}\n"


class Countdown:
    """Lines whose values are the seconds until a time; all but the values is kept ready.

    The API's times are whole seconds, so the current time counts in whole seconds too: a
    fraction would say nothing, and make the page much slower to write and to compress.
    """

    def __init__(self, starts: list[str], times: list[float]) -> None:
        self._times = times
        # Between two values are the end of a line and the start of the next one.
        self._texts = [text for start in starts for text in (f"\n{start}", "")] + ["\n"]
        self._texts[0] = self._texts[0].removeprefix("\n")

    def write(self, now: float) -> str:
        """Return the lines as of `now`, in Unix seconds."""
        if not self._times:
            return ""
        texts = self._texts.copy()  # two scrapes may run at the same time
        second = math.floor(now)
        values = (time - second for time in self._times)
        # As `write_number`, in a third of its time: these are finite floats.
        texts[1::2] = [
            repr(value) if value < _FIRST_WITH_EXPONENT else floatToGoString(value)
            for value in values
        ]
        return "".join(texts)


class FamilyWriter:
    """Writes the samples of one row of the table."""

    def __init__(self, metric: Metric) -> None:
        labels = metric.labels if metric.scope is Scope.PROGRAM else (APP_LABEL, *metric.labels)
        self._series = Series(metric.name, labels)
        self._bucket = Series(f"{metric.name}_bucket", (*labels, "le"))
        self._count = Series(f"{metric.name}_count", labels)
        self._sum = Series(f"{metric.name}_sum", labels)

    def samples(self, app: tuple[str, ...], samples: Iterable[Sample]) -> str:
        """Return the lines of an app's samples; `app` is its name, or nothing for the program's."""
        line = self._series.line
        return "".join([line((*app, *values), number) for values, number in samples])

    def countdown(self, app: tuple[str, ...], samples: Iterable[Sample]) -> Countdown:
        """Return the lines that count down to the samples' times."""
        ready = [(self._series.start((*app, *values)), time) for values, time in samples]
        return Countdown([start for start, _ in ready], [time for _, time in ready])

    def histogram(self, app: tuple[str, ...], histogram: Histogram) -> str:
        """Return the lines of a histogram."""
        values, buckets, total = histogram
        labels = (*app, *values)
        lines = [
            self._bucket.line((*labels, floatToGoString(bound)), count) for bound, count in buckets
        ]
        count = self._count.line(labels, buckets[-1][1])
        return "".join([*lines, count, self._sum.line(labels, total)])


def escape(value: str) -> str:
    """Return a label value as it is written between quotes."""
    if '"' in value or "\\" in value or "\n" in value:
        return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
    return value


def write_number(number: float) -> str:
    """Return a value as Go writes it."""
    if -math.inf < number < _FIRST_WITH_EXPONENT:
        return repr(float(number))
    text: str = floatToGoString(number)
    return text


def render_head(metric: Metric, *, openmetrics: bool) -> bytes:
    """Return the HELP and TYPE lines of a family."""
    # The library appends `_total` to a counter's name itself.
    family = Family(metric.name.removesuffix("_total"), metric.help, metric.kind)
    registry = CollectorRegistry()
    registry.register(_Ready(family))
    return render_registry(registry, openmetrics=openmetrics).removesuffix(OPENMETRICS_END)


def render_registry(registry: CollectorRegistry, *, openmetrics: bool) -> bytes:
    """Return the library's page of `registry`; OpenMetrics with its end mark."""
    render = render_openmetrics if openmetrics else render_text
    page: bytes = render(registry)
    return page


class _Ready(Collector):
    """Passes a family to the library."""

    def __init__(self, family: Family) -> None:
        self._family = family

    def collect(self) -> list[Family]:
        return [self._family]
