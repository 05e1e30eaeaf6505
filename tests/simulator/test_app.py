from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.simulator.app import Arrivals, GatewayError, Nonces
from tests.simulator.calls import NOW, SECRET, frozen_app

INSTANTS = st.lists(st.integers(0, 40), max_size=60).map(sorted)


def most_in_a_window(instants: list[float]) -> int:
    """Return the most instants in any window of one second, open at its beginning."""
    return max((sum(end - 1 < at <= end for at in instants) for end in instants), default=0)


@settings(deadline=None)
@given(INSTANTS)
def test_the_maximum_of_any_sliding_second(tenths: list[int]) -> None:
    """The arrivals tell the most requests of any sliding second, as counting by hand does."""
    instants = [tenth / 8 for tenth in tenths]
    arrivals = Arrivals(None)
    assert all(arrivals.record(at) for at in instants)
    assert arrivals.max_in_a_second == most_in_a_window(instants)
    assert arrivals.requests == len(instants)


@settings(deadline=None)
@given(INSTANTS, st.integers(1, 5))
def test_accepted_requests_never_exceed_the_limit(tenths: list[int], limit: int) -> None:
    """Of all requests so many are accepted that no window holds more; none more is refused."""
    arrivals = Arrivals(limit)
    accepted: list[float] = []
    for at in (tenth / 8 for tenth in tenths):
        room = sum(at - 1 < other <= at for other in accepted) < limit
        assert arrivals.record(at) == room
        accepted += [at] if room else []
    assert most_in_a_window(accepted) <= limit


def test_refused_requests_count_when_asked() -> None:
    """With `count_refused` a client that does not slow down is never let in again."""
    strict, lenient = Arrivals(2, count_refused=True), Arrivals(2)
    instants = [tenth / 8 for tenth in range(24)]
    assert [strict.record(at) for at in instants].count(True) == 2
    assert [lenient.record(at) for at in instants].count(True) == 6


def test_nonces_are_refused_until_they_are_old() -> None:
    """A nonce is good once; after 20 minutes no timestamp allows a replay, so it is forgotten."""
    nonces = Nonces()
    assert nonces.use("a", NOW)
    assert not nonces.use("a", NOW + 1200)
    assert nonces.use("b", NOW + 1201)
    assert nonces.use("a", NOW + 1201)


def test_the_secret_is_not_in_the_repr() -> None:
    """An app can be printed."""
    assert SECRET not in repr(frozen_app())
    assert frozen_app(app_id=7).name == "7"


def test_gateway_errors_are_decided_by_their_chance() -> None:
    """About as often as it says; none without one."""
    app = frozen_app(gateway_error_chance=0.25)
    errors = sum(isinstance(app.alteration(1), GatewayError) for _ in range(1000))
    assert 200 < errors < 300
    assert not isinstance(frozen_app().alteration(1), GatewayError)
