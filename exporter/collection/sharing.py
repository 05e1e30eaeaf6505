"""One object for a task that did not change, however often it is listed.

Nearly all tasks are listed by every walk as they were before. Each would be in memory twice, in
the old snapshot and in the walk that goes on, were the old object not taken for the new one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from exporter.tasks import UploadTask
from exporter.zego.decoding import Page


class TaskInterner:
    """The tasks that are known already, to be taken in place of equal new ones."""

    def __init__(self, known: Iterable[UploadTask] = ()) -> None:
        self._known = {task.id: task for task in known}

    def share(self, page: Page) -> Page:
        """Return the same page, of known tasks where they are equal to those on it."""
        return replace(page, tasks=tuple([self._shared(task) for task in page.tasks]))

    def _shared(self, task: UploadTask) -> UploadTask:
        known = self._known.get(task.id)
        return known if known is not None and known == task else task
