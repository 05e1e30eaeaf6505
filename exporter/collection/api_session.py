"""The API requests of one collection.

Rules that this file keeps:

- Nothing about the API is assumed (docs/zego-api.md, Not documented). If an answer shows that
  totals, filters or look-ups do not work as the incremental strategy needs them, the request raises
  IncrementalUnsupported.
- Several walks can run in parallel, each with its own thread and client. The clients share the
  limiter. The first walk that fails ends the others.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from exporter.collection.walk import TotalsCheck, Walk, WalkResult, walk
from exporter.errors import RejectedError, Stopped
from exporter.tasks import TaskStatus, UploadTask
from exporter.zego.client import Client, Page
from exporter.zego.decoding import STATUS_CODES, ContradictoryPage

INCREMENTAL_CLIENTS = 4
"""Clients of an app with the incremental strategy: the number of walks that can run in parallel."""


class IncrementalUnsupported(Exception):
    """The API does not support the incremental strategy; the message gives the reason.

    `transient` is set if the cause can be a single bad answer.
    """

    def __init__(self, message: str, *, transient: bool = False) -> None:
        super().__init__(message)
        self.transient = transient


class ApiSession:
    """The requests of one collection.

    Args:
        clients: One for each walk that can run in parallel.
        secret: The ServerSecret that signs the requests.
        page_size: Maximum number of tasks on a page.
        deadline: Time of the clients' clock by which the collection must have ended.
        max_pages: Maximum number of pages of one walk.
        totals: Whether the app's totals can be trusted.
        known: Tasks of the last snapshot, whose objects are reused.
        note: Called with each page, by one thread at a time.

    Attributes:
        pages: Pages that were read.
        page_size: Maximum number of tasks on a page.
        totals: Whether the app's totals can be trusted.
    """

    def __init__(
        self,
        clients: Sequence[Client],
        *,
        secret: str,
        page_size: int,
        deadline: float,
        max_pages: int,
        totals: TotalsCheck,
        known: Iterable[UploadTask] = (),
        note: Callable[[Page], None] = lambda _page: None,
    ) -> None:
        self.pages = 0
        self.page_size = page_size
        self.totals = totals
        self._clients = clients
        self._secret = secret
        self._deadline = deadline
        self._max_pages = max_pages
        self._known = known
        self._note = note
        self._lock = threading.Lock()
        self._abandoned = threading.Event()

    def walk_all(self) -> WalkResult:
        """Walk over all tasks, page after page; `pages` of the result is that of the session.

        Raises as `walk` does, and PaginationError for a listing that is shorter than its total.
        """
        intern = self.new_interner()
        result = self.totals.complete(
            lambda: walk(lambda token: intern(self._request(token)), max_pages=self._max_pages)
        )
        return replace(result, pages=self.pages)

    def new_interner(self) -> Callable[[Page], Page]:
        """Return a function that replaces the tasks of a page by equal ones of the last snapshot.

        Reusing the previous object for unchanged tasks halves peak memory. The call takes time
        linear in the number of tasks.
        """
        known = {task.id: task for task in self._known}
        return lambda page: replace(
            page, tasks=tuple([k if (k := known.get(t.id)) == t else t for t in page.tasks])
        )

    def start_walk(
        self,
        status: TaskStatus | None,
        *,
        client: int = 0,
        intern: Callable[[Page], Page] = lambda page: page,
    ) -> Walk:
        """Return a walk over the tasks of `status`, None for all.

        `client` is the index of the client that it uses. Its steps raise IncrementalUnsupported for
        an answer that the incremental strategy cannot use.
        """

        def fetch(token: str) -> Page:
            code = None if status is None else STATUS_CODES[status]
            page = self._narrow_request(client, page_token=token, status=code)
            if page.malformed:
                raise IncrementalUnsupported("the API lists entries that cannot be read")
            if page.total is None:
                raise IncrementalUnsupported("the API gives no total")
            if status is not None and any(task.status is not status for task in page.tasks):
                raise IncrementalUnsupported(
                    "the API lists tasks of a status that was not asked for"
                )
            return intern(page)

        return Walk(fetch, max_pages=self._max_pages)

    def look_up(self, task_id: str) -> UploadTask | None:
        """Return the current task, None if the API lists no task with that id."""
        page = self._narrow_request(0, task_id=task_id)
        if page.malformed or any(task.id != task_id for task in page.tasks):
            raise IncrementalUnsupported(
                "the API answers the look-up of a task with something else"
            )
        return page.tasks[-1] if page.tasks else None

    def in_parallel(self, jobs: Sequence[Callable[[], object]]) -> None:
        """Run `jobs` in parallel, each in a thread; raise the first error after all have ended.

        Each job must use another client.
        """
        errors: list[BaseException] = []

        def run(job: Callable[[], object]) -> None:
            try:
                job()
            except BaseException as error:  # noqa: BLE001 - raised again in the collector's thread
                errors.append(error)
                self._abandoned.set()

        threads = [
            # A name lookup cannot be interrupted, and must not keep the process alive.
            threading.Thread(target=run, args=(job,), daemon=True)
            for job in jobs
        ]
        started = []
        try:
            for thread in threads:
                thread.start()
                started.append(thread)
        except RuntimeError as error:  # no more threads: the started ones must end first
            errors.append(error)
            self._abandoned.set()
        for thread in started:
            thread.join()
        self._abandoned.clear()
        try:
            if errors:
                raise errors[0]
        finally:
            errors.clear()  # else this frame and the error would keep each other, and the tasks

    def _narrow_request(
        self, client: int, *, page_token: str = "", status: int | None = None, task_id: str = ""
    ) -> Page:
        """Request a part of the tasks; raises IncrementalUnsupported if the API refuses that."""
        try:
            return self._request(page_token, client=client, status=status, task_id=task_id or None)
        except ContradictoryPage as error:
            raise IncrementalUnsupported(str(error)) from error
        except RejectedError as error:
            raise IncrementalUnsupported(
                f"the API refuses requests for a part of the tasks: {error}", transient=True
            ) from error

    def _request(
        self,
        page_token: str,
        *,
        client: int = 0,
        status: int | None = None,
        task_id: str | None = None,
    ) -> Page:
        if self._abandoned.is_set():
            raise Stopped  # ends this job; `in_parallel` raises the first error of any job
        page = self._clients[client].describe_upload_tasks(
            secret=self._secret,
            page_token=page_token,
            page_size=self.page_size,
            status=status,
            task_id=task_id,
            deadline=self._deadline,
        )
        with self._lock:
            self.pages += 1
            self._note(page)
        return page
