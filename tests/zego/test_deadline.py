"""Waiting that keeps to the deadline."""

from __future__ import annotations

import pytest

from exporter.errors import DeadlineError, ServerError
from exporter.zego.deadline import Deadline


def test_a_wait_that_ends_in_time_is_slept() -> None:
    """The sleep is the caller's."""
    naps: list[float] = []
    deadline = Deadline(10.0, lambda: 4.0, naps.append)
    deadline.wait(5.0)
    assert naps == [5.0]
    assert deadline.remaining() == 6.0


def test_a_wait_that_would_end_too_late_fails_at_once() -> None:
    """Nothing is gained by sleeping first; the message names what was being retried."""
    naps: list[float] = []
    deadline = Deadline(10.0, lambda: 4.0, naps.append)
    deadline.last_error = ServerError("HTTP 503", code="http_503")
    with pytest.raises(DeadlineError, match="the last error was: HTTP 503"):
        deadline.wait(6.0)
    assert naps == []
