"""A simulated app whose faults can be switched on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from exporter.simulator.app import (
    INVALID_PARAMETER,
    Fields,
    Page,
    Query,
    Refusal,
    SimulatedApp,
)
from exporter.simulator.reply import Reply
from tests.faults.broken import alter_payload
from tests.faults.encoding import Encoding
from tests.faults.faults import Fault, Faults
from tests.faults.paging import (
    FaultyCursor,
    FaultyTokens,
    Paging,
    following_cursor,
    numbered_page,
)
from tests.faults.replies import alter_reply

NOT_ENABLED = 350006006


@dataclass(eq=False)
class FaultyApp(SimulatedApp):
    """A simulated app whose `faults` can be switched on, with switches for how its API behaves.

    Attributes:
        enabled: If False, correct requests are refused: the service is not enabled.
        needs_is_test: If True, a request must give IsTest.
        totals: Tasks that the total counts: all matching, those of the page, wrong, or not given.
        filters_work: If False, the Status of a request is ignored.
        lookups_work: If False, an UploadTaskId is refused.
    """

    enabled: bool = True
    needs_is_test: bool = False
    paging: Paging = "live"
    totals: Literal["all", "page", "wrong", "absent"] = "all"
    filters_work: bool = True
    lookups_work: bool = True
    encoding: Encoding = Encoding()  # noqa: RUF009 - immutable
    faults: Faults = field(default_factory=Faults)
    tokens: FaultyTokens = field(init=False, default_factory=FaultyTokens, repr=False)

    def answer(
        self, query: Mapping[str, str], fields: Fields | None, now: float, arrived: float
    ) -> Reply:
        """Return the reply to a request, with the faults that happen to it."""
        token = str(fields.get("PageToken")) if fields else ""
        self._drawn = self.faults.draw(FaultyCursor.of(self.tokens.find(token)).page)
        now += float(self._drawn.get(Fault.CLOCK_OFFSET) or 0)
        return alter_reply(super().answer(query, fields, now, arrived), self._drawn)

    def check_caller(self, query: Mapping[str, str], now: float, arrived: float) -> None:
        """Refuse a request without IsTest, or any, where the app does."""
        super().check_caller(query, now, arrived)
        if self.needs_is_test and "IsTest" not in query:
            raise Refusal(INVALID_PARAMETER, "IsTest must be true or false")
        if not self.enabled:
            raise Refusal(NOT_ENABLED, "service not enabled")

    def read_query(self, fields: Fields | None) -> Query:
        """Ignore the filter, or refuse a look-up, where the app does."""
        if fields and not self.filters_work:
            fields = {name: value for name, value in fields.items() if name != "Status"}
        query = super().read_query(fields)
        if query.task_id and not self.lookups_work:
            raise Refusal(INVALID_PARAMETER, "UploadTaskId is not supported")
        return query

    def find_page(self, query: Query) -> Page:
        """Return the page by the app's way of paging, and where its token leads."""
        cursor = FaultyCursor.of(query.cursor)
        if query.task_id or (self.paging == "live" and cursor.snapshot is None):
            page = super().find_page(query)
        else:
            status = cursor.status
            listing = self.life.listing if status is None else self.life.by_status[status]
            page = numbered_page(query, list(listing), self.paging)
        if not query.task_id:
            page.following = following_cursor(query, page, self._drawn)
        return page

    def list_tasks(self, query: Query) -> Any:
        """Return a successful answer in the app's encoding, with its faults."""
        payload = super().list_tasks(query)
        data = payload["Data"]
        total, listed = data.pop(self.total_name), len(data[self.tasks_name])
        if self.totals != "absent":
            counts = {"all": total, "page": listed, "wrong": 2 * total + 3}
            data[self.total_name] = self.encoding.number(counts[self.totals])
        self.encoding.entries(data, self.tasks_name)
        previous = FaultyCursor.of(query.cursor).previous
        if previous is not None:
            previous = self.encoding.entry(previous)
        return alter_payload(payload, self, previous, self._drawn)


def with_faults(app: SimulatedApp) -> FaultyApp:
    """Return an app with the tasks and the behaviour of `app`, whose faults can be switched on."""
    values = {part.name: getattr(app, part.name) for part in fields(app) if part.init}
    return FaultyApp(**values, rate_limit=app.arrivals.limit)
