"""One simulated app: its life, its credentials, and the switches for how its API behaves."""

from __future__ import annotations

from collections import deque
from dataclasses import InitVar, dataclass, field
from random import Random
from typing import Any, Literal

from exporter.simulator.lifecycle import Lifecycle
from exporter.simulator.reply import Reply, become_gateway_error
from exporter.simulator.tokens import Cursor, TokenTable

RATE_LIMIT = 20
"""Requests a second for this Action and AppId (`docs/zego-api.md`, Requests)."""

TIMESTAMP_TOLERANCE = 600.0
"""Seconds that a request's timestamp may be off (`docs/zego-api.md`, Requests)."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """How answers are encoded, where ZEGO's documentation contradicts itself or is silent.

    `no_expiry` is how ExpiresAt is written where there is none.
    """

    total: Literal["TotalSize", "TotoalSize"] = "TotalSize"
    tasks: Literal["UploadTask", "UploadTasks"] = "UploadTask"
    empty_list: Literal["list", "null", "absent"] = "list"
    no_expiry: Literal["zero", "null", "absent"] = "zero"
    numbers: Literal["integer", "string", "float"] = "integer"
    milliseconds: bool = False
    unknown_fields: bool = False


class Arrivals:
    """When requests came in: the rate limit, and the proof of how fast a client really was.

    `limit` requests may come in any `window` seconds (None: no limit). With `count_refused` a
    request over the limit counts against the next ones too.
    """

    def __init__(
        self, limit: int | None, *, window: float = 1.0, count_refused: bool = False
    ) -> None:
        self.limit = limit
        self.window = window
        self.count_refused = count_refused
        self.requests = 0
        self.max_in_a_second = 0
        self._last_second: deque[float] = deque()
        self._counted: deque[float] = deque()

    def record(self, at: float) -> bool:
        """Note a request at a time and return whether it is within the limit."""
        at = max(at, self._last_second[-1]) if self._last_second else at
        self.requests += 1
        _forget(self._last_second, at - 1.0)
        self._last_second.append(at)
        self.max_in_a_second = max(self.max_in_a_second, len(self._last_second))
        _forget(self._counted, at - self.window)
        within = self.limit is None or len(self._counted) < self.limit
        if within or self.count_refused:
            self._counted.append(at)
        return within


def _forget(times: deque[float], until: float) -> None:
    while times and times[0] <= until:
        times.popleft()


class Nonces:
    """The nonces of the requests that may still be repeated within their timestamp's tolerance."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}

    def use(self, nonce: str, now: float) -> bool:
        """Return whether `nonce` is new, and remember it."""
        while self._seen:
            oldest = next(iter(self._seen))
            if self._seen[oldest] >= now - 2 * TIMESTAMP_TOLERANCE:
                break
            del self._seen[oldest]
        if nonce in self._seen:
            return False
        self._seen[nonce] = now
        return True


class Alteration:
    """The difference from a correct answer to one request: none.

    Fault injection (`tests/faults`) extends it. The methods are called in the order of this class.
    """

    clock_offset: float = 0.0
    """Seconds that the server's clock is ahead."""

    def next_page(
        self, cursor: Cursor, token: str, following: Cursor | None
    ) -> tuple[Cursor | None, str]:
        """Return the place that the page's token means (None: the end) and its text, if fixed.

        `cursor` and `token` are the request's, `following` is the correct place.
        """
        del cursor, token
        return following, ""

    def page(self, payload: Any, spelling: Spelling, cursor: Cursor) -> Any:
        """Return the payload of a successful answer."""
        del spelling, cursor
        return payload

    def answer(self, payload: Any) -> Any:
        """Return the payload of any answer."""
        return payload

    def reply(self, reply: Reply) -> None:
        """Change the response."""


class GatewayError(Alteration):
    """A gateway in front of the API answers with HTTP 502, as real ones do now and then."""

    def reply(self, reply: Reply) -> None:
        """Replace the answer by the gateway's web page."""
        become_gateway_error(reply)


_CORRECT = Alteration()
_GATEWAY_ERROR = GatewayError()


@dataclass(eq=False)
class SimulatedApp:
    """An AppId of the simulated API, and how the API behaves towards it.

    Attributes:
        paging: "live" continues behind the last listed task, in the list as it then is; "offset"
            continues at the number of tasks listed, so that a deletion shifts the rest; "snapshot"
            pages through the list as it was at the first page.
        totals: Tasks that the total counts: all matching, those of the page, wrong, or not given.
        filters_work: If False, the Status of a request is ignored.
        lookups_work: If False, an UploadTaskId is refused.
        callback_secret: With one, the app sends callbacks once the server knows where to.
        gateway_error_chance: Probability of an answer HTTP 502.
        arrivals: The requests so far; the rate limit can be changed there.
    """

    app_id: int
    server_secret: str = field(repr=False)
    life: Lifecycle
    name: str = ""
    enabled: bool = True
    needs_is_test: bool = False
    rate_limit: InitVar[int | None] = RATE_LIMIT
    paging: Literal["live", "offset", "snapshot"] = "live"
    totals: Literal["all", "page", "wrong", "absent"] = "all"
    filters_work: bool = True
    lookups_work: bool = True
    spelling: Spelling = Spelling()
    callback_secret: str = field(default="", repr=False)
    gateway_error_chance: float = 0.0
    tokens: TokenTable = field(default_factory=TokenTable, repr=False)
    nonces: Nonces = field(default_factory=Nonces, repr=False)
    arrivals: Arrivals = field(init=False, repr=False)

    def __post_init__(self, rate_limit: int | None) -> None:
        self.name = self.name or str(self.app_id)
        self.arrivals = Arrivals(rate_limit)
        self._random = Random(self.app_id)  # noqa: S311 - a model, not a secret

    def alteration(self, page: int) -> Alteration:
        """Return the difference from the correct answer for page `page` (from 1) of a walk."""
        del page
        if self.gateway_error_chance and self._random.random() < self.gateway_error_chance:
            return _GATEWAY_ERROR
        return _CORRECT
