"""The rows of the table of metrics, and the samples that many rows have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from typing import Any, Literal

from exporter.config import TaskSettings
from exporter.tasks import Snapshot, StatusSummary, TaskStatus, UploadTask, show_title
from exporter.text import label_value
from exporter.urgency import select_tasks

Sample = tuple[tuple[str, ...], float]
"""Label values in the order of the row's `labels`, and the value."""

Histogram = tuple[tuple[str, ...], Sequence[tuple[float, float]], float]
"""Label values, cumulative counts by upper bound (the last is +Inf), and the sum of all values."""


class Scope(Enum):
    """The state that a metric is computed from, and so the arguments of its `samples`.

    The first three have no samples without a snapshot, and while it is stale.
    """

    SNAPSHOT = auto()
    """The current snapshot: `samples(ExposedSnapshot)`."""

    MOMENT = auto()
    """The current snapshot and the time of the scrape: `samples(ExposedSnapshot, Unix seconds)`."""

    COUNTDOWN = auto()
    """A time in the current snapshot: `samples(ExposedSnapshot)` in Unix seconds.

    The exposed value is the number of seconds until then."""

    APP = auto()
    """The collections, counters and settings of an app: `samples(AppView)`."""

    PROGRAM = auto()
    """The program, without the label `zego_app`: `samples(ProgramView)`."""


class Metric:
    """One row: a metric family, and the function that gives its samples for one app.

    Attributes:
        scope: The state that the values are computed from.
        name: Name of the family; a counter's ends with `_total`.
        help: Text of the HELP line.
        samples: Gives Sample, or Histogram for a histogram.
        labels: Names of the labels besides `zego_app`.
        kind: The type of the family.
    """

    def __init__(
        self,
        scope: Scope,
        name: str,
        help: str,  # noqa: A002 - the word of the exposition format
        samples: Callable[..., Iterable[Any]],
        *labels: str,
        histogram: bool = False,
    ) -> None:
        self.scope = scope
        self.name = name
        self.help = help
        self.samples = samples
        self.labels = labels
        self.kind: Literal["gauge", "counter", "histogram"] = "gauge"
        if histogram:
            self.kind = "histogram"
        elif name.endswith("_total"):
            self.kind = "counter"


class ExposedSnapshot:
    """A snapshot as the settings of tasks expose it; everything in it is computed once."""

    def __init__(self, snapshot: Snapshot, settings: TaskSettings) -> None:
        self.snapshot = snapshot
        self.settings = settings

    @cached_property
    def _selection(self) -> tuple[Mapping[str, UploadTask], int]:
        settings = self.settings
        chosen, omitted = select_tasks(self.snapshot.tasks, settings.statuses, settings.limit)
        tasks: dict[str, UploadTask] = {}
        for task in chosen:
            # Ids that are the same once they are cut would be the same series, and Prometheus
            # refuses a page with one twice.
            tasks.setdefault(label_value(task.id), task)
        return tasks, omitted + len(chosen) - len(tasks)

    @property
    def tasks(self) -> Mapping[str, UploadTask]:
        """The tasks with series of their own, by their label `upload_task_id`."""
        return self._selection[0]

    @property
    def omitted(self) -> int:
        """The tasks in `tasks.statuses` without series of their own."""
        return self._selection[1]

    def failure_reason(self, task: UploadTask) -> str:
        """Return why the task failed, as a callback reported it; empty if none did."""
        return self.snapshot.failure_reasons.get(task.id, "")

    def title(self, task: UploadTask) -> str:
        """Return the label value for the task's title, as `tasks.title` asks for it."""
        return label_value(show_title(task.title, self.settings.title))


@dataclass(frozen=True, slots=True)
class ProgramView:
    """The reloads of this program; both are None in one that does not reload.

    Attributes:
        reload_successful: Whether the last one succeeded. The start is a successful reload.
        reload_succeeded_at: When one last succeeded, in Unix seconds.
    """

    reload_successful: bool | None = None
    reload_succeeded_at: float | None = None


def single(value: float | None) -> Iterator[Sample]:
    """Yield the only sample of a metric without labels of its own, or none where it is None."""
    if value is not None:
        yield (), value


def by_key(counts: Mapping[str, float]) -> Iterator[Sample]:
    """Yield one sample for each key of a metric with one label."""
    for key, count in counts.items():
        yield (key,), count


def histograms(
    by_status: Mapping[TaskStatus, tuple[Sequence[tuple[float, float]], float]],
) -> Iterator[Histogram]:
    """Yield the histogram of each status: its cumulative buckets and the sum of its values."""
    for status, (buckets, total) in by_status.items():
        yield (status.value,), buckets, total


def by_status(
    value: Callable[[StatusSummary], float | None], statuses: Iterable[TaskStatus] = TaskStatus
) -> Callable[[ExposedSnapshot], Iterator[Sample]]:
    """Return the samples of a metric by status, those whose value is None left out."""
    shown = tuple(statuses)

    def samples(exposed: ExposedSnapshot) -> Iterator[Sample]:
        for status in shown:
            number = value(exposed.snapshot.summaries[status])
            if number is not None:
                yield (status.value,), number

    return samples


def by_task(
    value: Callable[[UploadTask], float | None],
) -> Callable[[ExposedSnapshot], Iterator[Sample]]:
    """Return the samples of a metric by exposed task, those whose value is None left out."""

    def samples(exposed: ExposedSnapshot) -> Iterator[Sample]:
        for label, task in exposed.tasks.items():
            number = value(task)
            if number is not None:
                yield (label,), number

    return samples
