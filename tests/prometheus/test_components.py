"""Tests that need a real program are skipped without it, and fail where it is required."""

from __future__ import annotations

import pytest

from tests.components import require


def test_the_first_program_that_is_installed_is_taken() -> None:
    """Distributions name some programs differently."""
    assert require("no-such-program", "sh", package="dash").endswith("/sh")


def test_a_missing_program_skips_the_test_and_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A developer without Prometheus can still run the other tests."""
    monkeypatch.delenv("REQUIRE_REAL_COMPONENTS", raising=False)

    with pytest.raises(pytest.skip.Exception, match="apt-get install prometheus"):
        require("no-such-program", package="prometheus")


def test_a_missing_program_fails_the_test_where_it_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """CI must not turn green by skipping."""
    monkeypatch.setenv("REQUIRE_REAL_COMPONENTS", "1")

    with pytest.raises(pytest.fail.Exception, match="no-such-program is not installed"):
        require("no-such-program", package="prometheus")
