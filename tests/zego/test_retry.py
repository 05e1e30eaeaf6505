"""Which errors are retried, and after how long."""

from __future__ import annotations

import pytest

from exporter.errors import ApiError, AuthError, ClockSkewError, ServerError
from exporter.zego.retry import CAP_SECONDS, Retries

TRANSIENT = ServerError("busy", code="350010000", transient=True)
LASTING = AuthError("wrong", code="100000005")
SKEWED = ClockSkewError("expired", code="100000004")


def delays(retries: Retries, *errors: ApiError) -> list[float | None]:
    """Return the delay for each error, in this order."""
    return [retries.delay_after(error) for error in errors]


def test_backoff_doubles_up_to_its_cap() -> None:
    """The delays for the largest jitter."""
    assert delays(Retries(9, lambda: 1.0), *[TRANSIENT] * 9) == [
        0.5,
        1.0,
        2.0,
        4.0,
        8.0,
        16.0,
        CAP_SECONDS,
        CAP_SECONDS,
        CAP_SECONDS,
    ]


def test_jitter_is_full() -> None:
    """A delay is between 0 and the backoff."""
    numbers = iter([0.0, 0.5])
    assert delays(Retries(2, lambda: next(numbers)), TRANSIENT, TRANSIENT) == [0.0, 0.5]


def test_retries_are_limited() -> None:
    """There are at most `max_retries`, which can be 0."""
    assert delays(Retries(1, lambda: 1.0), TRANSIENT, TRANSIENT) == [0.5, None]
    assert delays(Retries(0, lambda: 1.0), TRANSIENT, SKEWED) == [None, None]


def test_a_lasting_error_is_not_retried() -> None:
    """A wrong signature stays wrong."""
    assert delays(Retries(3, lambda: 1.0), LASTING) == [None]


def test_an_expired_timestamp_is_retried_once() -> None:
    """A new timestamp may be accepted; a second refusal means that a clock is wrong."""
    assert delays(Retries(3, lambda: 1.0), SKEWED, SKEWED) == [0.5, None]


@pytest.mark.parametrize(("asked", "expected"), [(7.0, 7.0), (0.1, 0.5)])
def test_retry_after_is_a_lower_bound(asked: float, expected: float) -> None:
    """The backoff can be longer than the API's Retry-After, never shorter."""
    error = ServerError("busy", code="http_503", transient=True, retry_after=asked)
    assert delays(Retries(1, lambda: 1.0), error) == [expected]
