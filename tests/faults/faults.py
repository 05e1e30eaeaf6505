"""The faults that can be injected, and when each one happens.

`Fault` is the list: its value is the word for a fault, `description` one line for people,
`default` the parameter where none is given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from random import Random
from threading import Lock

Parameter = int | float | str | None


class Fault(Enum):
    """What can go wrong; each member is (word, default parameter, description)."""

    REFUSED = ("refused", None, "the port refuses connections")
    RESET = ("reset", None, "the connection is reset instead of an answer")
    SILENT = ("silent", None, "no answer at all, until the client leaves")
    SLOW_HEADER = ("slow_header", 1.0, "the answer comes at PARAMETER bytes a second")
    SLOW_BODY = ("slow_body", 1.0, "the body comes at PARAMETER bytes a second")
    TRUNCATED = ("truncated", None, "the connection closes after half of the declared length")
    DELAY = ("delay", 1.0, "the answer comes PARAMETER seconds late")
    HTML = ("html", 502, "a web page with HTTP status PARAMETER, as gateways send it")
    TOO_MANY_REQUESTS = ("too_many_requests", "1", "HTTP 429 with Retry-After PARAMETER")
    HTTP_STATUS = ("http_status", 500, "an empty answer with HTTP status PARAMETER")
    REDIRECT = ("redirect", "http://127.0.0.1:9/", "HTTP 302 to PARAMETER")
    CODE = ("code", 350010000, "return code PARAMETER, Data null")
    CODE_WITHOUT_DATA = ("code_without_data", 350010000, "return code PARAMETER, no Data")
    NOT_UTF8 = ("not_utf8", None, "bytes in the body that are not UTF-8")
    NAN = ("nan", None, "NaN as the total, which JSON does not know")
    DEEP_NESTING = ("deep_nesting", 100_000, "a body of PARAMETER lists in one another")
    HUGE_BODY = ("huge_body", 100, "a body of PARAMETER MiB")
    GZIP_BOMB = ("gzip_bomb", 128, "a small body that unpacks to PARAMETER MiB")
    WRONG_TYPE = ("wrong_type", "data_list", "a field of the page has the wrong type (PARAMETER)")
    BROKEN_ENTRIES = ("broken_entries", "all", "broken entries (PARAMETER) among the good ones")
    DUPLICATED_TASKS = ("duplicated_tasks", None, "each page begins with the last task of the last")
    ENDLESS_TOKENS = ("endless_tokens", None, "the last page names a fresh token, from the start")
    TOKEN_CYCLE = ("token_cycle", None, "the tokens go A, B, A, B and never end")
    EMPTY_PAGE = ("empty_page", None, "a page without tasks, and a token to go on with")
    LOST_TOKEN = ("lost_token", None, "a page in mid-walk without its token")
    LOST_LIST = (
        "lost_list",
        "absent",
        "a page whose list of tasks is PARAMETER (absent, null)",
    )
    CROWDED_PAGE = ("crowded_page", 15_000, "a page with PARAMETER more tasks, 3 MB by default")
    LOST_TASKS = ("lost_tasks", 30, "a page without PARAMETER of its tasks")
    UNREADABLE_PAGE = ("unreadable_page", "status_text", "a page whose entries are all broken")
    WRONG_TOTAL = ("wrong_total", 7, "the total is wrong by PARAMETER")
    CLOCK_OFFSET = ("clock_offset", 1200.0, "the server's clock is off by PARAMETER seconds")

    def __init__(self, word: str, default: Parameter, description: str) -> None:
        self._value_ = word
        self.default = default
        self.description = description


FAULTS = {fault.value: fault for fault in Fault}
"""Each fault by its word."""


@dataclass(slots=True)
class _Active:
    parameter: Parameter
    next_requests: int | None
    page: int | None
    chance: float


class Faults:
    """The faults that are switched on for one app; `seed` decides those with a probability."""

    def __init__(self, seed: int = 0) -> None:
        self._random = Random(seed)  # noqa: S311 - decides about faults, not about secrets
        self._active: dict[Fault, _Active] = {}
        self._lock = Lock()
        self._listeners: list[Callable[[], None]] = []

    def switch_on(
        self,
        fault: Fault,
        parameter: Parameter = None,
        *,
        next_requests: int | None = None,
        page: int | None = None,
        chance: float = 1.0,
    ) -> None:
        """Let `fault` happen, in place of its previous settings.

        `next_requests`: only that often, then never again. `page`: only at that page (from 1) of
        each walk. `chance`: with that probability. All that is given must be met. REFUSED
        concerns the port, so it lasts until it is switched off in any case. A parameter
        that is text where a number belongs is a TypeError.
        """
        parameter = fault.default if parameter is None else parameter
        if isinstance(fault.default, int | float) and not isinstance(parameter, int | float):
            raise TypeError(f"the parameter of {fault.value} is a number")
        with self._lock:
            self._active[fault] = _Active(parameter, next_requests, page, chance)
        self._tell()

    def switch_off(self, fault: Fault | None = None) -> None:
        """Let `fault` (None: every fault) not happen any more."""
        with self._lock:
            if fault is None:
                self._active.clear()
            else:
                self._active.pop(fault, None)
        self._tell()

    def is_on(self, fault: Fault) -> bool:
        """Return whether `fault` is switched on, for some requests or all."""
        with self._lock:
            return fault in self._active

    def draw(self, page: int) -> dict[Fault, Parameter]:
        """Return what goes wrong with this request, for page number `page` of a walk."""
        with self._lock:
            drawn = {
                fault: active.parameter
                for fault, active in self._active.items()
                if self._happens(active, page)
            }
            for fault in drawn:
                self._use_up(fault)
            return drawn

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever faults are switched on or off."""
        self._listeners.append(listener)

    def _happens(self, active: _Active, page: int) -> bool:
        if active.page not in (None, page):
            return False
        return active.chance >= 1.0 or self._random.random() < active.chance

    def _use_up(self, fault: Fault) -> None:
        active = self._active[fault]
        if active.next_requests is not None:
            active.next_requests -= 1
            if active.next_requests <= 0:
                del self._active[fault]

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
