"""What a row of the table of metrics is: its kinds, and the samples that many rows have alike.

A row says by its constructor what its values depend on:

- `of_snapshot`: on the current snapshot alone; absent while there is none, or it is stale.
- `of_moment`: on the current snapshot and the instant of the scrape; absent likewise.
- `of_countdown`: on the seconds from the scrape to instants of the current snapshot; likewise.
- `of_app`: on the app's collections and settings; always there unless its help says otherwise.
- `of_program`: on this program alone; no `zego_app` label.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.tasks import Snapshot, StatusSummary, TaskStatus, UploadTask, show_title
from exporter.urgency import select_tasks

Sample = tuple[tuple[str, ...], float]
"""Label values in the order of the row's `labels`, and the value."""

Histogram = tuple[tuple[str, ...], Sequence[tuple[float, float]], float]
"""Label values, cumulative counts by upper bound (the last is +Inf), and the sum of all values."""


class SnapshotLook:
    """A snapshot as the scrape settings expose it; everything in it is computed once."""

    def __init__(self, snapshot: Snapshot, settings: TaskSettings) -> None:
        self.snapshot = snapshot
        self.settings = settings

    @cached_property
    def _selection(self) -> tuple[Sequence[UploadTask], int]:
        return select_tasks(self.snapshot.tasks, self.settings.statuses, self.settings.limit)

    @property
    def exposed(self) -> Sequence[UploadTask]:
        """The tasks with series of their own."""
        return self._selection[0]

    @property
    def omitted(self) -> int:
        """The tasks that would have series of their own if `tasks.limit` were higher."""
        return self._selection[1]

    def title(self, task: UploadTask) -> str:
        """Return the label value for the task's title, as `tasks.title` asks for it."""
        return show_title(task.title, self.settings.title)


@dataclass(frozen=True, slots=True)
class ProgramView:
    """The program itself: whether its last reload succeeded, and when one last did (Unix seconds).

    Both are None in a program that does not reload. Its start is a successful reload.
    """

    reload_successful: bool | None = None
    reload_succeeded_at: float | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """One row: a metric family, and the function that gives its samples for one app.

    Exactly one of the functions is set; the constructors below say which. The samples of
    `countdown_from_snapshot` hold instants (Unix seconds), the exposition the seconds until then.
    """

    name: str
    kind: Literal["gauge", "counter", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    from_snapshot: Callable[[SnapshotLook], Iterable[Sample]] | None = None
    from_moment: Callable[[SnapshotLook, float], Iterable[Sample]] | None = None
    countdown_from_snapshot: Callable[[SnapshotLook], Iterable[Sample]] | None = None
    from_app: Callable[[AppView], Iterable[Sample]] | None = None
    histogram_from_app: Callable[[AppView], Iterable[Histogram]] | None = None
    from_program: Callable[[ProgramView], Iterable[Sample]] | None = None


def of_snapshot(
    name: str,
    help_text: str,
    samples: Callable[[SnapshotLook], Iterable[Sample]],
    *labels: str,
) -> Metric:
    """Return the row of a gauge that depends on the current snapshot alone."""
    return Metric(name, "gauge", help_text, labels, from_snapshot=samples)


def of_moment(
    name: str,
    help_text: str,
    samples: Callable[[SnapshotLook, float], Iterable[Sample]],
    *labels: str,
) -> Metric:
    """Return the row of a gauge that depends on the current snapshot and the time of the scrape."""
    return Metric(name, "gauge", help_text, labels, from_moment=samples)


def of_countdown(
    name: str,
    help_text: str,
    instants: Callable[[SnapshotLook], Iterable[Sample]],
    *labels: str,
) -> Metric:
    """Return the row of a gauge of the seconds until `instants` of the current snapshot."""
    return Metric(name, "gauge", help_text, labels, countdown_from_snapshot=instants)


def of_app(
    name: str, help_text: str, samples: Callable[[AppView], Iterable[Sample]], *labels: str
) -> Metric:
    """Return the row of a gauge, or of a counter if it is named `_total`, of an app's health."""
    kind: Literal["gauge", "counter"] = "counter" if name.endswith("_total") else "gauge"
    return Metric(name, kind, help_text, labels, from_app=samples)


def of_program(
    name: str,
    help_text: str,
    samples: Callable[[ProgramView], Iterable[Sample]],
    *labels: str,
) -> Metric:
    """Return the row of a gauge of the program itself."""
    return Metric(name, "gauge", help_text, labels, from_program=samples)


def one(value: float | None) -> Iterator[Sample]:
    """Yield the only sample of a metric without labels of its own, or none where it is None."""
    if value is not None:
        yield (), value


def counted(counts: Mapping[str, float]) -> Iterator[Sample]:
    """Yield one sample for each key of a metric with one label."""
    for key, count in counts.items():
        yield (key,), count


def by_status(
    value: Callable[[StatusSummary], float | None], statuses: Iterable[TaskStatus] = TaskStatus
) -> Callable[[SnapshotLook], Iterator[Sample]]:
    """Return the samples of a metric by status, those whose value is None left out."""
    shown = tuple(statuses)

    def samples(look: SnapshotLook) -> Iterator[Sample]:
        for status in shown:
            number = value(look.snapshot.summaries[status])
            if number is not None:
                yield (status.value,), number

    return samples


def by_task(
    value: Callable[[UploadTask], float | None],
) -> Callable[[SnapshotLook], Iterator[Sample]]:
    """Return the samples of a metric by exposed task, those whose value is None left out."""

    def samples(look: SnapshotLook) -> Iterator[Sample]:
        for task in look.exposed:
            number = value(task)
            if number is not None:
                yield (task.id,), number

    return samples
