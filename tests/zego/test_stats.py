"""The counters of one app's requests."""

from __future__ import annotations

import math

from exporter.zego.stats import BUCKETS, MAX_CODES, ApiStats


def test_a_new_counter_is_0() -> None:
    """All counters are 0, and the clock skew is unknown."""
    view = ApiStats().view()
    assert (view.requests, dict(view.errors), view.rate_limit_wait_seconds) == (0, {}, 0.0)
    assert view.clock_skew_seconds is None
    assert view.duration_buckets == tuple((bound, 0) for bound in BUCKETS)


def test_durations_fall_into_cumulative_buckets() -> None:
    """A bucket counts the durations up to its bound, the last one all of them."""
    stats = ApiStats()
    for seconds in (0.001, 0.01, 0.3, 99.0):
        stats.record_request(seconds)
    view = stats.view()
    buckets = dict(view.duration_buckets)
    assert (buckets[0.01], buckets[0.25], buckets[0.5], buckets[10.0]) == (2, 2, 3, 3)
    assert buckets[math.inf] == view.requests == 4
    assert view.duration_sum == 0.001 + 0.01 + 0.3 + 99.0


def test_errors_waits_and_skew() -> None:
    """Errors are counted by code, waits add up, the latest skew is kept."""
    stats = ApiStats()
    for code in ("timeout", "350006001", "timeout"):
        stats.record_error(code)
    stats.record_wait(0.5)
    stats.record_wait(0.25)
    stats.record_clock_skew(3.0)
    stats.record_clock_skew(-1.0)
    view = stats.view()
    assert dict(view.errors) == {"timeout": 2, "350006001": 1}
    assert (view.rate_limit_wait_seconds, view.clock_skew_seconds) == (0.75, -1.0)


def test_the_number_of_codes_is_bounded() -> None:
    """Later codes are counted together; earlier ones are still counted separately."""
    stats = ApiStats()
    for code in range(1000):
        stats.record_error(str(code))
    stats.record_error("0")
    errors = stats.view().errors
    assert len(errors) == MAX_CODES + 1
    assert (errors["0"], errors["other"]) == (2, 1000 - MAX_CODES)


def test_a_view_does_not_change() -> None:
    """A scrape shows the counters of one moment."""
    stats = ApiStats()
    view = stats.view()
    stats.record_request(1.0)
    stats.record_error("timeout")
    assert (view.requests, dict(view.errors), view.duration_sum) == (0, {}, 0.0)
