from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.simulator.bookkeeping import TOKENS_KEPT, Arrivals, Cursor, Nonces, TokenTable
from tests.simulator.calls import NOW

TIMES = st.lists(st.integers(0, 40), max_size=60).map(sorted)


def most_in_a_window(times: list[float]) -> int:
    """Return the most times in any window of one second, open at its beginning."""
    return max((sum(end - 1 < at <= end for at in times) for end in times), default=0)


@settings(deadline=None)
@given(TIMES)
def test_the_maximum_of_any_sliding_second(tenths: list[int]) -> None:
    """The maximum of any sliding second is the one that counting by hand finds."""
    times = [tenth / 8 for tenth in tenths]
    arrivals = Arrivals(None)
    assert all(arrivals.record(at) for at in times)
    assert arrivals.max_in_a_second == most_in_a_window(times)
    assert arrivals.requests == len(times)


@settings(deadline=None)
@given(TIMES, st.integers(1, 5))
def test_accepted_requests_never_exceed_the_limit(tenths: list[int], limit: int) -> None:
    """A request is accepted exactly if the second before it has fewer than the limit."""
    arrivals = Arrivals(limit)
    accepted: list[float] = []
    for at in (tenth / 8 for tenth in tenths):
        within = sum(at - 1 < other <= at for other in accepted) < limit
        assert arrivals.record(at) == within
        accepted += [at] if within else []
    assert most_in_a_window(accepted) <= limit


def test_nonces_are_refused_until_they_are_old() -> None:
    """After 20 minutes no timestamp allows a replay, so the nonce is forgotten."""
    nonces = Nonces()
    assert nonces.use("a", NOW)
    assert not nonces.use("a", NOW + 1200)
    assert nonces.use("b", NOW + 1201)
    assert nonces.use("a", NOW + 1201)


def test_tokens_are_new_and_known() -> None:
    """Two tokens for one place differ; each means its place; other tables do not know them."""
    table = TokenTable()
    first, second = table.issue(Cursor(50)), table.issue(Cursor(50))
    assert first != second
    assert len(first) >= 32
    assert table.find(first) == table.find(second) == Cursor(50)
    assert TokenTable().find(first) is None


def test_old_tokens_are_forgotten() -> None:
    """The table is bounded, and keeps the newest tokens."""
    table = TokenTable()
    tokens = [table.issue(Cursor(page)) for page in range(TOKENS_KEPT + 10)]
    assert table.find(tokens[9]) is None
    assert table.find(tokens[10]) == Cursor(10)
