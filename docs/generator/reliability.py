"""`docs/reliability.md`, from the rows that the tests of the fault matrix make happen."""

from __future__ import annotations

from tests.reliability.matrix import MATRIX, Row

_INTRODUCTION = """\
# What happens when something goes wrong

Generated from the data of `tests/reliability/test_matrix.py` by `make docs`. Each row is a test:
the real collector meets the fault over a real socket, usually in the middle of a walk of three
pages. The test checks the counters, the exposed metrics, and the recovery.

For all faults:

- A failed collection publishes nothing. `zego_upload_up` is 0, and
  `zego_upload_collection_failures_total` counts it by `reason`. The numbers of the last complete
  collection stay until they are older than `collection.stale_after`. Then they are absent, so that
  alerts see no outdated numbers.
- `zego_upload_api_errors_total` counts every failed request by `code`, whether the collection
  failed or not.
- The next collection starts at its usual time. The first successful one restores everything. No
  fault needs a restart.
- A request that can succeed later is repeated within the collection, up to `collection.max_retries`
  times, with increasing random delays, through the rate limiter.
- A fault of one app does not affect other apps.

The log has one line when a fault begins, with the reason and the remedy, and one when it ends.
"""

_NUMBERS = {
    "last": "the last numbers stay",
    "new": "complete new numbers",
    "none": "no numbers of tasks yet",
}
_RETRIES = {
    "": "next collection",
    "yes": "sent again; next collection",
    "once": "sent again once, with a new timestamp; next collection",
    "after Retry-After": "sent again after the time it names; next collection",
}


def reliability_page() -> str:
    """Return the page."""
    tables = [_table(heading, rows) for heading, rows in MATRIX.items()]
    return "\n".join([_INTRODUCTION, *tables])


def _table(heading: str, rows: tuple[Row, ...]) -> str:
    head = [
        "| fault | `reason` | `code` | what the metrics show | how it recovers |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([f"## {heading}", "", *head, *(_line(row) for row in rows), ""])


def _line(row: Row) -> str:
    reason, code = (f"`{word}`" if word else "none" for word in (row.reason, row.code))
    recovery = _RETRIES[row.retry] if row.reason else "nothing to recover from"
    return f"| {row.name} | {reason} | {code} | {_shown(row)} | {recovery} |"


def _shown(row: Row) -> str:
    samples = [f"`{key}` {value:g}" for key, value in row.samples.items()]
    return "; ".join([f"up {int(not row.reason)}", _NUMBERS[row.numbers], *samples])
