"""What a strategy may ask the API during one collection, and what its answers must be like.

Rules that this file keeps:

- Nothing about the API is assumed (API notes, Answers): an answer that shows that totals, filters
  or look-ups do not work as the incremental strategy needs them raises UnsuitableError.
- Several walks may run at the same time, each in a thread and with a client of its own; the
  clients share the limiter. One that fails ends the others.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence

from exporter.collection.sharing import TaskInterner
from exporter.collection.walk import Walk, WalkResult, walk
from exporter.errors import RejectedError, Stopped
from exporter.tasks import TaskStatus, UploadTask
from exporter.zego.client import Client, Page
from exporter.zego.decoding import STATUS_CODES

LANES = 4
"""Clients of an app that works incrementally, and so walks that run at the same time."""


class IncrementalUnsupported(Exception):
    """The API does not do what the incremental strategy needs; the argument says what it does."""


class ApiSession:
    """The requests of one collection.

    `deadline` is an instant of the clients' clock; `max_pages` the most that one walk may read.
    `known` are the tasks of the last snapshot: full walks share those that did not change.
    """

    def __init__(
        self,
        clients: Sequence[Client],
        *,
        page_size: int,
        deadline: float,
        max_pages: int,
        known: Iterable[UploadTask] = (),
    ) -> None:
        self.pages = 0
        self.page_size = page_size
        self._clients = clients
        self._deadline = deadline
        self._max_pages = max_pages
        self._known = known
        self._lock = threading.Lock()
        self._abandoned = threading.Event()

    def walk_all(self) -> WalkResult:
        """Walk over all tasks, page after page, assuming nothing. Raises as `walk` does."""
        share = self.share_known()
        return walk(lambda token: share(self._ask(token)), max_pages=self._max_pages)

    def share_known(self) -> Callable[[Page], Page]:
        """Return what puts known tasks in the place of equal ones on a page; costs O(known)."""
        return TaskInterner(self._known).share

    def begin(
        self,
        status: TaskStatus | None,
        *,
        lane: int = 0,
        share: Callable[[Page], Page] = lambda page: page,
    ) -> Walk:
        """Return a walk over the tasks of `status`, None for all; its steps check each answer."""

        def fetch(token: str) -> Page:
            code = None if status is None else STATUS_CODES[status]
            page = _checked(self._ask_narrowly(lane, page_token=token, status=code))
            if status is not None and any(task.status is not status for task in page.tasks):
                raise IncrementalUnsupported(
                    "the API lists tasks of a status that was not asked for"
                )
            return share(page)

        return Walk(fetch, max_pages=self._max_pages)

    def look_up(self, task_id: str) -> UploadTask | None:
        """Return the task as it is now, None where the API knows none with that id."""
        page = self._ask_narrowly(0, task_id=task_id)
        if page.malformed or any(task.id != task_id for task in page.tasks):
            raise IncrementalUnsupported(
                "the API answers the look-up of a task with something else"
            )
        return page.tasks[-1] if page.tasks else None

    def together(self, jobs: Sequence[Callable[[], object]]) -> None:
        """Run `jobs` at the same time, each with a lane of its own; raise the first error."""
        errors: list[BaseException] = []
        threads = [
            # A request that cannot be cut (a DNS look-up) must not keep the process alive.
            threading.Thread(target=self._run, args=(job, errors), daemon=True)
            for job in jobs
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._abandoned.clear()
        if errors:
            raise errors[0]

    def _run(self, job: Callable[[], object], errors: list[BaseException]) -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - raised again in the collector's thread
            errors.append(error)
            self._abandoned.set()

    def _ask_narrowly(
        self, lane: int, *, page_token: str = "", status: int | None = None, task_id: str = ""
    ) -> Page:
        try:
            return self._ask(page_token, lane=lane, status=status, task_id=task_id or None)
        except RejectedError as error:
            raise IncrementalUnsupported(
                f"the API refuses to be asked narrowly: {error}"
            ) from error

    def _ask(
        self,
        page_token: str,
        *,
        lane: int = 0,
        status: int | None = None,
        task_id: str | None = None,
    ) -> Page:
        if self._abandoned.is_set():
            raise Stopped  # seen by nobody: the first error is the one that is raised
        page = self._clients[lane].describe_upload_tasks(
            page_token=page_token,
            page_size=self.page_size,
            status=status,
            task_id=task_id,
            deadline=self._deadline,
        )
        with self._lock:
            self.pages += 1
        return page


def _checked(page: Page) -> Page:
    if page.malformed:
        raise IncrementalUnsupported("the API lists entries that cannot be read")
    if page.total is None:
        raise IncrementalUnsupported("the API gives no total")
    return page
