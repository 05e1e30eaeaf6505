"""Log lines of a test as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


def lines(caplog: pytest.LogCaptureFixture) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield level, message and fields of each line that was logged through structlog."""
    for record in caplog.records:
        if isinstance(record.msg, dict):
            fields = dict(record.msg)
            yield record.levelname, fields.pop("event"), fields
