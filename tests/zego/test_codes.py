"""Return codes and HTTP statuses, and the error and remedy for each."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.errors import (
    ApiError,
    AuthError,
    ClockSkewError,
    NotEnabledError,
    ProtocolError,
    RateLimitedError,
    RejectedError,
    ServerError,
)
from exporter.text import printable
from exporter.zego.codes import error_for_code, error_for_status
from exporter.zego.decoding import Answer


@pytest.mark.parametrize(
    ("code", "expected", "transient"),
    [
        (100000004, ClockSkewError, False),
        (100000005, AuthError, False),
        (350006001, RateLimitedError, True),
        (350006002, RejectedError, False),
        (350006003, RejectedError, False),
        (350006006, NotEnabledError, False),
        (350010000, ServerError, True),
        (350006010, RejectedError, False),
        (-1, RejectedError, False),
    ],
)
def test_return_codes(code: int, expected: type[ApiError], transient: bool) -> None:
    """`docs/zego-api.md`, Return codes; each error has a remedy."""
    error = error_for_code(Answer(code, "", "abcd123", None))
    assert (type(error), error.code, error.transient) == (expected, str(code), transient)
    assert f"(code {code})" in str(error)
    assert error.request_id == "abcd123"
    assert error.remedy


def test_the_apis_message_is_passed_on_in_one_short_line() -> None:
    """It often names the parameter that is wrong."""
    error = error_for_code(Answer(350006003, "PageSize\nis " + "x" * 900, "r" * 900, None))
    assert "(code 350006003): PageSize is xxx" in str(error)
    assert len(str(error)) < 300
    assert error.request_id == "r" * 64


def test_a_message_that_quotes_the_secret_is_not_passed_on() -> None:
    """Nor is a request id."""
    answer = Answer(100000005, "expected md5 of 1S3CRET2", "s3cret", None)
    error = error_for_code(answer, secrets=("s3cret", "signature"))
    assert str(error) == "the API refused the signature (code 100000005)"
    assert error.request_id == ""


@pytest.mark.parametrize(
    ("skew", "expected"),
    [(1200.4, "its clock is 1200 s ahead"), (-700.0, "its clock is 700 s behind")],
)
def test_an_expired_timestamp_has_the_difference_of_the_clocks(skew: float, expected: str) -> None:
    """The operator sees which clock is wrong, and by how much."""
    error = error_for_code(Answer(100000004, "", "", None), clock_skew=skew)
    assert str(error).endswith(expected)


@pytest.mark.parametrize(
    ("status", "expected", "transient"),
    [
        (101, ProtocolError, False),
        (301, ProtocolError, False),
        (307, ProtocolError, False),
        (400, RejectedError, False),
        (401, RejectedError, False),
        (403, RejectedError, False),
        (407, RejectedError, False),
        (429, RateLimitedError, True),
        (500, ServerError, True),
        (502, ServerError, True),
        (599, ServerError, True),
        (999, ProtocolError, False),
    ],
)
def test_http_statuses(status: int, expected: type[ApiError], transient: bool) -> None:
    """Only an overload and faults of the server are transient."""
    error = error_for_status(status, retry_after=7.0)
    assert error is not None
    assert (type(error), error.code, error.transient) == (expected, f"http_{status}", transient)
    assert error.retry_after == (7.0 if transient else None)
    assert str(error).startswith(f"HTTP {status}")
    assert error.remedy


def test_success_is_no_error() -> None:
    """All of 2xx."""
    assert error_for_status(200, retry_after=None) is None
    assert error_for_status(204, retry_after=None) is None


@settings(deadline=None, max_examples=60)
@given(st.integers(), st.text(st.characters()), st.text(st.characters()))
def test_any_failed_answer_gives_a_printable_error(code: int, message: str, request: str) -> None:
    """Any text of a peer can be logged."""
    error = error_for_code(Answer(code, message, request, None), secrets=("secret",))
    line = str(error) + error.request_id
    assert printable(line) == line
