"""The fault matrix: what can go wrong with the API, and the result, one row each.

`test_matrix.py` makes each row happen; `docs/reliability.md` is generated from the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Literal

from tests.faults.faults import Fault, Parameter


class Outside(Enum):
    """What goes wrong outside of the simulated API."""

    UNKNOWN_ISSUER = auto()
    WRONG_HOST = auto()
    EXPIRED_CERTIFICATE = auto()
    NAME_LOOKUP = auto()


@dataclass(frozen=True, slots=True)
class Row:
    """One fault.

    Attributes:
        parameter: The fault's parameter, None for its default.
        reason: Reason of the failed collection, empty where it succeeds all the same.
        code: Code of the failed requests, empty where none fails.
        retry: Whether the request is sent again before the collection fails.
        numbers: What is exposed: the numbers of the last complete collection, new and correct
            ones, or none.
        samples: What is exposed besides.
        page: The page of the walk that it happens to, None for all.
        settings: Settings of the collection, times in seconds.
        from_the_start: Whether it happens to the first collection.
        times: How often it happens, None for always.
    """

    name: str
    fault: Fault | Outside
    parameter: Parameter = None
    reason: str = ""
    code: str = ""
    retry: Literal["", "yes", "once", "after Retry-After"] = ""
    numbers: Literal["last", "new", "none"] = "last"
    samples: Mapping[str, float] = field(default_factory=dict)
    page: int | None = 2
    settings: Mapping[str, float] = field(default_factory=dict)
    from_the_start: bool = False
    times: int | None = None


SHORT_TIMEOUT = {"timeout": 1.5}  # seconds; a good answer comes within it on a busy machine too

CONNECTION = (
    Row(
        "connections are refused",
        Fault.REFUSED,
        reason="network",
        code="connection",
        retry="yes",
    ),
    Row(
        "connections are refused when the exporter starts",
        Fault.REFUSED,
        reason="network",
        code="connection",
        retry="yes",
        numbers="none",
        from_the_start=True,
    ),
    Row(
        "the connection is reset",
        Fault.RESET,
        reason="network",
        code="connection",
        retry="yes",
    ),
    Row(
        "the answer is truncated",
        Fault.TRUNCATED,
        reason="network",
        code="connection",
        retry="yes",
    ),
    Row(
        "the host's name cannot be looked up",
        Outside.NAME_LOOKUP,
        reason="network",
        code="connection",
        retry="yes",
    ),
    Row(
        "the certificate is from an unknown issuer",
        Outside.UNKNOWN_ISSUER,
        reason="network",
        code="tls",
    ),
    Row(
        "the certificate belongs to another host",
        Outside.WRONG_HOST,
        reason="network",
        code="tls",
    ),
    Row(
        "the certificate has expired",
        Outside.EXPIRED_CERTIFICATE,
        reason="network",
        code="tls",
    ),
)

TIME = (
    Row(
        "no answer at all",
        Fault.SILENT,
        reason="timeout",
        code="timeout",
        retry="yes",
        settings=SHORT_TIMEOUT,
    ),
    Row(
        "an answer at one byte a second, from its header on",
        Fault.SLOW_HEADER,
        reason="timeout",
        code="timeout",
        retry="yes",
        settings=SHORT_TIMEOUT,
    ),
    Row(
        "an answer whose body comes at one byte a second",
        Fault.SLOW_BODY,
        reason="timeout",
        code="timeout",
        retry="yes",
        settings=SHORT_TIMEOUT,
    ),
    Row(
        "answers after `collection.timeout` when the exporter starts",
        Fault.DELAY,
        5.0,
        reason="timeout",
        code="timeout",
        retry="yes",
        numbers="none",
        page=None,
        settings=SHORT_TIMEOUT,
        from_the_start=True,
    ),
    Row(
        "slow answers within the time-out",
        Fault.DELAY,
        0.1,
        numbers="new",
    ),
    Row(
        "slow answers that together exceed `collection.deadline`",
        Fault.DELAY,
        5.0,
        reason="deadline",
        code="timeout",
        settings={"deadline": 1.5},
    ),
    Row(
        "the API's clock is 20 minutes ahead of ours",
        Fault.CLOCK_OFFSET,
        1200.0,
        reason="clock_skew",
        code="100000004",
        retry="once",
        samples={"zego_upload_api_clock_skew_seconds": 1200},
    ),
    Row(
        "the API's clock is 20 minutes behind ours",
        Fault.CLOCK_OFFSET,
        -1200.0,
        reason="clock_skew",
        code="100000004",
        retry="once",
        samples={"zego_upload_api_clock_skew_seconds": -1200},
    ),
)

STATUS = (
    Row(
        "HTTP 502 with a web page",
        Fault.HTML,
        502,
        reason="server",
        code="http_502",
        retry="yes",
    ),
    Row(
        "HTTP 200 with a web page",
        Fault.HTML,
        200,
        reason="protocol",
        code="invalid_response",
    ),
    Row(
        "HTTP 503 without a body",
        Fault.HTTP_STATUS,
        503,
        reason="server",
        code="http_503",
        retry="yes",
    ),
    Row(
        "HTTP 403",
        Fault.HTTP_STATUS,
        403,
        reason="rejected",
        code="http_403",
    ),
    Row(
        "HTTP 429 with Retry-After",
        Fault.TOO_MANY_REQUESTS,
        "7",
        reason="rate_limited",
        code="http_429",
        retry="after Retry-After",
    ),
    Row(
        "a redirect (not followed, because it would receive the signature)",
        Fault.REDIRECT,
        reason="protocol",
        code="http_302",
    ),
)


def _return_code(
    code: int, meaning: str, reason: str, retry: Literal["", "yes", "once"] = ""
) -> Row:
    name = f"return code {code}: {meaning}"
    return Row(name, Fault.CODE, code, reason=reason, code=str(code), retry=retry)


RETURN_CODES = (
    _return_code(100000004, "signature expired", "clock_skew", "once"),
    _return_code(100000005, "signature wrong", "auth"),
    _return_code(350006001, "rate over limit", "rate_limited", "yes"),
    _return_code(350006002, "gateway check failed", "rejected"),
    _return_code(350006003, "invalid parameter", "rejected"),
    _return_code(350006006, "service not enabled", "not_enabled"),
    _return_code(350010000, "system error", "server", "yes"),
    _return_code(350006010, "too many upload tasks (of a sibling action)", "rejected"),
    _return_code(350006011, "already cancelled (of a sibling action)", "rejected"),
    _return_code(123456789, "unknown", "rejected"),
    Row(
        "return code 350010000 and no `Data`",
        Fault.CODE_WITHOUT_DATA,
        350010000,
        reason="server",
        code="350010000",
        retry="yes",
    ),
)


def _no_answer(name: str, fault: Fault, parameter: Parameter = None) -> Row:
    return Row(name, fault, parameter, reason="protocol", code="invalid_response")


CONTENT = (
    _no_answer("a body that is not UTF-8", Fault.NOT_UTF8),
    _no_answer("NaN, which is not JSON", Fault.NAN),
    _no_answer("100,000 nested lists", Fault.DEEP_NESTING),
    _no_answer("a body of 100 MiB (reading ends at 2)", Fault.HUGE_BODY, 100),
    _no_answer("a gzip bomb of 128 MiB (unpacking ends at 2)", Fault.GZIP_BOMB, 128),
    _no_answer("a page of 3 MB, with 15,000 more tasks", Fault.CROWDED_PAGE, 15_000),
    _no_answer("an answer that is a list", Fault.WRONG_TYPE, "answer_list"),
    _no_answer("a return code that is not a number", Fault.WRONG_TYPE, "code_text"),
    _no_answer("no return code", Fault.WRONG_TYPE, "code_absent"),
    _no_answer("success and `Data` null", Fault.WRONG_TYPE, "data_null"),
    _no_answer("`Data` that is a list", Fault.WRONG_TYPE, "data_list"),
    _no_answer("a text in place of the list of tasks", Fault.WRONG_TYPE, "tasks_text"),
    _no_answer("a page token that is a number", Fault.WRONG_TYPE, "token_number"),
    Row(
        "entries with wrong types among good ones",
        Fault.BROKEN_ENTRIES,
        numbers="new",
        samples={
            'zego_upload_malformed_entries_total{reason="not_an_object"}': 4,
            'zego_upload_malformed_entries_total{reason="id"}': 5,
            'zego_upload_malformed_entries_total{reason="title"}': 1,
            'zego_upload_malformed_entries_total{reason="status"}': 6,
            'zego_upload_malformed_entries_total{reason="retry_count"}': 3,
            'zego_upload_malformed_entries_total{reason="expires_at"}': 3,
            'zego_upload_malformed_entries_total{reason="create_time"}': 2,
        },
    ),
    Row(
        "tasks listed on two pages",
        Fault.DUPLICATED_TASKS,
        numbers="new",
        page=None,
    ),
)

PAGES = (
    Row(
        "a new token on the last page that leads to the first page",
        Fault.ENDLESS_TOKENS,
        reason="pagination",
        page=None,
    ),
    Row(
        "tokens in a circle",
        Fault.TOKEN_CYCLE,
        reason="pagination",
        page=None,
    ),
    Row(
        "one empty page with a token",
        Fault.EMPTY_PAGE,
        numbers="new",
    ),
    Row(
        "empty pages with tokens, without end",
        Fault.EMPTY_PAGE,
        reason="pagination",
        page=None,
    ),
    Row(
        "a page in mid-walk without its token",
        Fault.LOST_TOKEN,
        reason="pagination",
    ),
    Row(
        "a page in mid-walk without its token, once (the walk is repeated)",
        Fault.LOST_TOKEN,
        numbers="new",
        times=1,
    ),
    Row(
        "a page without 30 of its tasks",
        Fault.LOST_TASKS,
        30,
        reason="pagination",
    ),
    Row(
        "a page without 30 of its tasks, once (the walk is repeated)",
        Fault.LOST_TASKS,
        30,
        numbers="new",
        times=1,
    ),
    Row(
        "a page without 30 of its tasks, in the first walk ever (a second walk follows)",
        Fault.LOST_TASKS,
        30,
        numbers="new",
        from_the_start=True,
        times=1,
    ),
    Row(
        "a page in mid-walk without its list of tasks",
        Fault.LOST_LIST,
        "absent",
        reason="protocol",
        code="invalid_response",
    ),
    Row(
        "a page in mid-walk whose list of tasks is null",
        Fault.LOST_LIST,
        "null",
        reason="protocol",
        code="invalid_response",
    ),
    Row(
        "a page whose entries are all unreadable",
        Fault.UNREADABLE_PAGE,
        reason="protocol",
        code="invalid_response",
    ),
    Row(
        "a total above what is listed, where totals agreed before",
        Fault.WRONG_TOTAL,
        7,
        reason="pagination",
        samples={"zego_upload_tasks_reported": 120},
        page=None,
    ),
    Row(
        "a total below what is listed",
        Fault.WRONG_TOTAL,
        -7,
        numbers="new",
        samples={"zego_upload_tasks_reported": 143},
        page=None,
    ),
    Row(
        "a total that was always wrong",
        Fault.WRONG_TOTAL,
        7,
        numbers="new",
        samples={"zego_upload_tasks_reported": 157},
        page=None,
        from_the_start=True,
    ),
    Row(
        "a total that is not a number",
        Fault.WRONG_TYPE,
        "total_text",
        numbers="new",
        page=None,
    ),
)

MATRIX: Mapping[str, tuple[Row, ...]] = {
    "The connection": CONNECTION,
    "Time": TIME,
    "HTTP statuses": STATUS,
    "Return codes of the API": RETURN_CODES,
    "What the answer holds": CONTENT,
    "The pages of a walk": PAGES,
}
"""All rows, by their heading."""

ROWS = tuple(row for rows in MATRIX.values() for row in rows)
