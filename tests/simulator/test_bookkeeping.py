from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.simulator.bookkeeping import TOKENS_KEPT, Arrivals, Cursor, Nonces, TokenTable
from tests.simulator.calls import NOW

TIMES = st.lists(st.integers(0, 40), max_size=60).map(sorted)


def most_in_a_window(instants: list[float]) -> int:
    """Return the most instants in any window of one second, open at its beginning."""
    return max((sum(end - 1 < at <= end for at in instants) for end in instants), default=0)


@settings(deadline=None)
@given(TIMES)
def test_the_maximum_of_any_sliding_second(tenths: list[int]) -> None:
    """The arrivals tell the most requests of any sliding second, as counting by hand does."""
    instants = [tenth / 8 for tenth in tenths]
    arrivals = Arrivals(None)
    assert all(arrivals.record(at) for at in instants)
    assert arrivals.max_in_a_second == most_in_a_window(instants)
    assert arrivals.requests == len(instants)


@settings(deadline=None)
@given(TIMES, st.integers(1, 5))
def test_accepted_requests_never_exceed_the_limit(tenths: list[int], limit: int) -> None:
    """Of all requests so many are accepted that no window holds more; none more is refused."""
    arrivals = Arrivals(limit)
    accepted: list[float] = []
    for at in (tenth / 8 for tenth in tenths):
        room = sum(at - 1 < other <= at for other in accepted) < limit
        assert arrivals.record(at) == room
        accepted += [at] if room else []
    assert most_in_a_window(accepted) <= limit


def test_nonces_are_refused_until_they_are_old() -> None:
    """A nonce is good once; after 20 minutes no timestamp allows a replay, so it is forgotten."""
    nonces = Nonces()
    assert nonces.use("a", NOW)
    assert not nonces.use("a", NOW + 1200)
    assert nonces.use("b", NOW + 1201)
    assert nonces.use("a", NOW + 1201)


def test_tokens_are_fresh_and_lead_back() -> None:
    """Two tokens for one place differ; each leads to its place; others are not known."""
    table = TokenTable()
    first, second = table.issue(Cursor(50)), table.issue(Cursor(50))
    assert first != second
    assert len(first) >= 32
    assert table.find(first) == table.find(second) == Cursor(50)
    assert TokenTable().find(first) is None


def test_old_tokens_are_forgotten() -> None:
    """However many walks there are, the table is bounded and the newest tokens are good."""
    table = TokenTable()
    tokens = [table.issue(Cursor(page)) for page in range(TOKENS_KEPT + 10)]
    assert table.find(tokens[9]) is None
    assert table.find(tokens[10]) == Cursor(10)
