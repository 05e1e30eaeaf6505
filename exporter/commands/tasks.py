"""`tasks`: the listed tasks as a table, JSON or CSV.

The most useful tasks come first, in the order in which they get series of their own (contract,
section 2). Titles are shown whole: whoever runs this has the secret that lists them.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from exporter.collection.state import AppView
from exporter.commands.collecting import collected
from exporter.commands.output import printing
from exporter.config import Settings
from exporter.tasks import TaskStatus, UploadTask
from exporter.urgency import select_tasks

_COLOURS = {
    TaskStatus.FAILED: "red",
    TaskStatus.WAITING_RETRY: "yellow",
    TaskStatus.UPLOADING: "blue",
    TaskStatus.SUCCEEDED: "green",
    TaskStatus.EXPIRED: "magenta",
}
_WIDTH_WITHOUT_TERMINAL = 250


@dataclass(frozen=True, slots=True)
class Row:
    """One task as it is printed; instants are Unix seconds, None where the API gave none."""

    app: str
    upload_task_id: str
    title: str
    status: str
    retry_count: int
    created_at: float | None
    expires_at: float | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tasks to print: of any status if `statuses` is empty; `expiring_within` is seconds."""

    statuses: Collection[TaskStatus] = ()
    expiring_within: float | None = None

    def includes(self, task: UploadTask, now: float) -> bool:
        """Whether `task` is to be printed at `now` (Unix seconds)."""
        if self.statuses and task.status not in self.statuses:
            return False
        if self.expiring_within is None:
            return True
        return (
            task.status is TaskStatus.SUCCEEDED
            and task.expires_at is not None
            and now < task.expires_at <= now + self.expiring_within
        )


def list_tasks(settings: Settings, wanted: Wanted, form: str) -> bool:
    """Collect every app once and print its tasks; return whether all collections succeeded.

    `form` is a key of FORMS.
    """
    with collected(settings) as views:
        with printing():
            FORMS[form](list(rows(views, wanted, time.time())))
        return all(view.up for view in views)


def rows(views: Sequence[AppView], wanted: Wanted, now: float) -> Iterator[Row]:
    """Yield the wanted tasks of each app, the most useful first."""
    for view in views:
        tasks = view.snapshot.tasks if view.snapshot else ()
        ordered, _ = select_tasks(tasks, tuple(TaskStatus), len(tasks))
        for task in ordered:
            if wanted.includes(task, now):
                yield Row(
                    view.settings.name,
                    task.id,
                    task.title,
                    task.status.value,
                    task.retry_count,
                    task.created_at,
                    task.expires_at,
                )


def _print_table(printed: Iterable[Row]) -> None:
    console = Console(width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("APP", "STATUS", "RETRIES", "CREATED (UTC)", "EXPIRES (UTC)", "ID"):
        table.add_column(heading, no_wrap=True, justify="right" if heading == "RETRIES" else "left")
    table.add_column("TITLE", overflow="fold")
    for row in printed:
        table.add_row(
            row.app,
            Text(row.status, style=_COLOURS.get(TaskStatus(row.status), "")),
            str(row.retry_count),
            _instant(row.created_at),
            _instant(row.expires_at),
            Text(_shown(row.upload_task_id)),
            Text(_shown(row.title)),
        )
    console.print(table)


def _shown(text: str) -> str:
    """Return text of the API's without what a terminal would act on."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _instant(at: float | None) -> str:
    if at is None:
        return "-"
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _print_json(printed: Iterable[Row]) -> None:
    json.dump([asdict(row) for row in printed], sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def _print_csv(printed: Iterable[Row]) -> None:
    writer = csv.DictWriter(sys.stdout, [field.name for field in fields(Row)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in printed)


FORMS: dict[str, Callable[[Iterable[Row]], None]] = {
    "table": _print_table,
    "json": _print_json,
    "csv": _print_csv,
}
