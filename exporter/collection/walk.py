"""Follows page tokens from the first page to the last: the result is all tasks, or an error.

Rules that this file keeps (docs/guarantees.md, section 1; docs/zego-api.md, Answers):

- An empty token ends the walk. Nothing else is concluded from a token.
- A walk that does not end fails: a token came before, there are more pages than can be read before
  the deadline, or many pages in a row list no new task.
- Nothing is assumed about order, totals or consistency between pages. `TotalsCheck` learns from
  complete walks whether totals count the tasks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from exporter.errors import API_FAULT_REMEDY, PaginationError, ProtocolError
from exporter.tasks import UploadTask
from exporter.zego.client import Page

MAX_PAGES_WITHOUT_PROGRESS = 100
"""Pages in a row without a new task, after which a walk fails.

Filters and deletions can leave a few empty pages. Without a limit, an endless series of new tokens
would use up the rate limit of the AppId until the deadline, in every interval.
"""

MAX_UNDECIDED_COLLECTIONS = 3
"""Collections in a row whose two walks were short by different numbers, after which totals count as
meaningless. Without a limit, such an app would never get a snapshot.
"""


@dataclass(frozen=True, slots=True)
class WalkResult:
    """All tasks of one walk, each id once.

    Attributes:
        tasks: The tasks; of a task that was listed twice, the later listing.
        pages: Pages that were read.
        reported_total: The API's total in the last page that gave one, None if no page did.
        malformed: Entries that could not be read and were left out, by reason.
        shortfall: The total minus the listed entries, minus all movement of the total during the
            walk. At most 0 for a walk that listed everything.
    """

    tasks: tuple[UploadTask, ...]
    pages: int
    reported_total: int | None
    malformed: Mapping[str, int]
    shortfall: int = 0

    @property
    def agrees(self) -> bool:
        """Whether the API's total equals the number of listed entries."""
        return self.reported_total == len(self.tasks) + sum(self.malformed.values())


class Walk:
    """A walk in progress; `step` reads one more page.

    Attributes:
        tasks: The tasks so far by id; of a task that was listed twice, the later listing.
        malformed: Entries that could not be read, by reason.
        totals: The API's total of every page that gave one.
        pages: Pages that were read.
        ended: Whether the last page has been read.
    """

    def __init__(self, fetch: Callable[[str], Page], *, max_pages: int) -> None:
        self.tasks: dict[str, UploadTask] = {}
        self.malformed: Counter[str] = Counter()
        self.totals: list[int] = []
        self.pages = 0
        self.ended = False
        self._fetch = fetch
        self._max_pages = max_pages
        self._token = ""
        self._tokens = {""}
        self._idle_pages = 0

    @property
    def total(self) -> int | None:
        """The API's total in the latest page that gave one."""
        return self.totals[-1] if self.totals else None

    def step(self) -> Page:
        """Read the next page. Raises PaginationError, and whatever `fetch` raises."""
        if self.pages == self._max_pages:
            raise PaginationError(
                f"no end after {self.pages} pages, the most that can be fetched before the "
                "deadline",
                remedy="Raise collection.deadline or collection.requests_per_second if there "
                "really are that many upload tasks.",
            )
        page = self._fetch(self._token)
        self.pages += 1
        known = len(self.tasks)
        self.tasks.update((task.id, task) for task in page.tasks)
        self.malformed.update(page.malformed)
        if page.total is not None:
            self.totals.append(page.total)
        self._idle_pages = self._idle_pages + 1 if len(self.tasks) == known else 0
        self._token = page.next_token
        self.ended = not page.next_token
        if self.ended:
            return page
        if self._token in self._tokens:
            raise PaginationError(
                "a page token came a second time: the pages loop", remedy=API_FAULT_REMEDY
            )
        if self._idle_pages >= MAX_PAGES_WITHOUT_PROGRESS:
            raise PaginationError(
                f"{self._idle_pages} pages in a row without a task not seen before",
                remedy=API_FAULT_REMEDY,
            )
        self._tokens.add(self._token)
        return page


def walk(fetch: Callable[[str], Page], *, max_pages: int) -> WalkResult:
    """Fetch page after page to the last one, and return all tasks.

    `fetch` takes a page token, "" for the first page. Raises PaginationError if the pages do not
    end, ProtocolError if the API reports tasks and lists none, and the errors of `fetch`.
    """
    whole = Walk(fetch, max_pages=max_pages)
    while not whole.ended:
        whole.step()
    if whole.total and not whole.tasks and not whole.malformed:
        # Published, an empty listing would mean that all tasks are gone.
        raise ProtocolError(
            f"the API reports {whole.total} upload tasks and lists none",
            code="invalid_response",
            remedy=API_FAULT_REMEDY,
        )
    listed = len(whole.tasks) + whole.malformed.total()
    movement = sum(abs(later - earlier) for earlier, later in pairwise(whole.totals))
    return WalkResult(
        tasks=tuple(whole.tasks.values()),
        pages=whole.pages,
        reported_total=whole.total,
        malformed=dict(whole.malformed),
        shortfall=0 if whole.total is None else whole.total - listed - movement,
    )


class TotalsCheck:
    """Learns whether an app's totals count the listed tasks, and repeats walks that are too short.

    The meaning of the total is not documented (docs/zego-api.md, Not documented), so nothing is
    concluded from it until it has agreed with a listing (docs/guarantees.md, section 1).
    """

    def __init__(self) -> None:
        self._credible: bool | None = None  # None until a first walk has decided it
        self._undecided = 0

    @property
    def credible(self) -> bool:
        """Whether a total has agreed with a listing."""
        return self._credible is True

    def complete(self, make_walk: Callable[[], WalkResult]) -> WalkResult:
        """Make a walk, and a second one if the first is short; return the one that is complete.

        Raises PaginationError if neither is, and the errors of the walks.
        """
        first = make_walk()
        if first.shortfall <= 0 or self._credible is False:
            return self.learn(first)
        second = make_walk()
        if second.shortfall <= 0:
            return self.learn(second)
        if self._credible is None:
            self._undecided += 1
            same = second.shortfall == first.shortfall
            if same or self._undecided >= MAX_UNDECIDED_COLLECTIONS:
                self._credible = False
                return second
        raise PaginationError(
            f"the API reports {second.reported_total} upload tasks and lists "
            f"{len(second.tasks)}, in two walks in a row",
            remedy=API_FAULT_REMEDY,
        )

    def learn(self, result: WalkResult) -> WalkResult:
        """Note whether the total of `result` agrees with its listing; return `result`."""
        self._undecided = 0
        if result.agrees:
            self._credible = True
        return result
