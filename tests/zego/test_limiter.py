"""The rate limit as the server sees it, with a fake clock."""

from __future__ import annotations

import threading
from contextlib import ExitStack, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.errors import Stopped
from exporter.zego.limiter import RateLimiter
from tests.clock import FakeClock


def give_up(_: float) -> None:
    """Refuse to wait."""
    raise Stopped


def most_in_any_window(arrivals: list[float], window: float) -> int:
    """Return the highest number of arrivals in any half-open window."""
    arrivals = sorted(arrivals)
    return max(
        sum(1 for other in arrivals[i:] if other - first < window)
        for i, first in enumerate(arrivals)
    )


@settings(deadline=None, max_examples=40)
@given(
    rate=st.one_of(st.integers(1, 25), st.floats(0.1, 25)),
    journeys=st.lists(
        st.tuples(st.floats(0, 3), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=80
    ),
)
def test_the_server_never_sees_more_than_the_rate(
    rate: float, journeys: list[tuple[float, float, float]]
) -> None:
    """The limit holds whenever a request arrives between its sending and its answer."""
    clock = FakeClock(1000.0)
    limiter = RateLimiter(rate, clock=clock)
    arrivals = []
    for duration, share, pause in journeys:
        with limiter.slot(clock.sleep):
            arrivals.append(clock.now + duration * share)
            clock.now += duration
        clock.now += pause
    assert most_in_any_window(arrivals, max(1.0, 1 / rate)) <= max(1, int(rate))


@settings(deadline=None, max_examples=40)
@given(
    rate=st.integers(1, 4),
    steps=st.lists(
        st.tuples(st.sampled_from(["send", "send", "answer"]), st.floats(0, 1), st.floats(0, 1)),
        max_size=120,
    ),
)
def test_requests_that_overlap_are_limited_too(
    rate: int, steps: list[tuple[str, float, float]]
) -> None:
    """Several threads have requests in flight, each of which can arrive at any time."""
    clock = FakeClock(1000.0)
    limiter = RateLimiter(rate, clock=clock)
    in_flight: list[tuple[ExitStack, float, float]] = []
    arrivals = [0.0]

    def answer() -> None:
        slot, sent, share = in_flight.pop(0)
        arrivals.append(sent + share * (clock.now - sent))
        slot.close()

    for step, share, pause in steps:
        if step == "send":
            slot = ExitStack()
            with suppress(Stopped):
                slot.enter_context(limiter.slot(give_up))
                in_flight.append((slot, clock.now, share))
        elif in_flight:
            answer()
        clock.now += pause / 2
    while in_flight:
        answer()
    assert most_in_any_window(arrivals, 1.0) <= rate


@pytest.mark.parametrize(("rate", "per_second"), [(20, 20), (1, 1), (2.5, 2), (0.5, 0.5)])
def test_fast_answers_reach_the_rate_within_five_percent(rate: float, per_second: float) -> None:
    """The limiter wastes little of the rate; a fraction above 1 is rounded down."""
    clock = FakeClock(1000.0)
    limiter = RateLimiter(rate, clock=clock)
    started, requests = clock.now, 400
    for _ in range(requests):
        with limiter.slot(clock.sleep):
            clock.now += 0.0005
    ideal = requests / per_second
    assert ideal * 0.95 <= clock.now - started <= ideal * 1.05


def test_the_wait_is_reported() -> None:
    """The first request does not wait, the second waits one window after the first answer."""
    clock = FakeClock(1000.0)
    limiter = RateLimiter(1, clock=clock)
    with limiter.slot(clock.sleep) as first:
        clock.now += 0.25
    with limiter.slot(clock.sleep) as second:
        pass
    assert first == 0
    assert second == pytest.approx(1, abs=0.01)


def test_a_failed_request_counts_too() -> None:
    """The server may have received it."""
    clock = FakeClock(1000.0)
    limiter = RateLimiter(1, clock=clock)
    with pytest.raises(OSError, match="broken"), limiter.slot(clock.sleep):
        raise OSError("broken")
    with limiter.slot(clock.sleep) as waited:
        assert waited > 0.9


def test_a_thread_that_is_stopped_while_waiting_leaves_the_queue() -> None:
    """The next one does not wait for it."""
    clock = FakeClock(1000.0)
    limiter = RateLimiter(1, clock=clock)
    with limiter.slot(clock.sleep):
        pass

    for _ in range(3):
        with pytest.raises(Stopped), limiter.slot(give_up):
            pass
    with limiter.slot(clock.sleep) as waited:
        assert waited == pytest.approx(1, abs=0.01)


def test_first_come_first_served() -> None:
    """A second thread waits longer than the first, and no lock is held while one waits."""
    clock = FakeClock(1000.0)
    limiter = RateLimiter(1, clock=clock)
    delays: list[float] = []
    order: list[str] = []

    def second_sleep(seconds: float) -> None:
        delays.append(seconds)
        raise Stopped

    def first_sleep(seconds: float) -> None:
        with pytest.raises(Stopped), limiter.slot(second_sleep):
            order.append("second")
        delays.append(seconds)
        clock.sleep(seconds)

    with limiter.slot(clock.sleep):
        clock.now += 0.5
    clock.now += 0.5
    with limiter.slot(first_sleep):
        order.append("first")
    second, first = delays
    assert order == ["first"]
    assert first == pytest.approx(0.5, abs=0.01)
    assert second > first


def test_a_slot_in_flight_is_waited_for() -> None:
    """While the only slot is in use, no other request gets one, however long that takes."""
    clock = FakeClock(1000.0)
    limiter = RateLimiter(1, clock=clock)
    sleeps = 0
    with limiter.slot(clock.sleep) as _:

        def sleep(seconds: float) -> None:
            nonlocal sleeps
            sleeps += 1
            clock.sleep(seconds)
            if sleeps == 5:
                raise Stopped

        with pytest.raises(Stopped), limiter.slot(sleep):
            pass
    assert sleeps == 5


def test_threads_share_one_limit() -> None:
    """Eight threads get no more slots than there are."""
    limiter = RateLimiter(3, clock=lambda: 0.0)
    taken: list[int] = []
    refused: list[int] = []
    all_tried = threading.Barrier(8, timeout=30)

    def run(number: int) -> None:
        try:
            with limiter.slot(give_up):
                taken.append(number)
        except Stopped:
            refused.append(number)
        all_tried.wait()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(taken), len(refused)) == (3, 5)


def test_a_changed_rate_counts_what_was_sent() -> None:
    """After a reload to a lower rate, the requests of the last second are still counted."""
    clock = FakeClock(1000.0)
    limiter = RateLimiter(5, clock=clock)
    for _ in range(5):
        with limiter.slot(clock.sleep):
            clock.now += 0.1
    limiter.set_rate(1)
    with limiter.slot(clock.sleep) as waited:
        assert waited == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("rate", [0, -1, float("inf"), float("nan")])
def test_an_impossible_rate_is_refused(rate: float) -> None:
    """It is a mistake of the caller."""
    with pytest.raises(ValueError, match="positive"):
        RateLimiter(rate)
