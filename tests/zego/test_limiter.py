"""The rate limit as the server sees it, on a clock that only sleeping and sending move."""

from __future__ import annotations

import threading
from contextlib import ExitStack, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.errors import Stopped
from exporter.zego.limiter import RateLimiter


class Time:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def clock(self) -> float:
        """Return the present instant."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


def give_up(_: float) -> None:
    """Wait for nothing."""
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
    """Whenever between sending and answer a request arrives, the limit holds there."""
    time = Time()
    limiter = RateLimiter(rate, clock=time.clock)
    arrivals = []
    for duration, share, pause in journeys:
        with limiter.slot(time.sleep):
            arrivals.append(time.now + duration * share)
            time.now += duration
        time.now += pause
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
    """Several threads have requests in flight at once; each may arrive at any moment of its own."""
    time = Time()
    limiter = RateLimiter(rate, clock=time.clock)
    in_flight: list[tuple[ExitStack, float, float]] = []
    arrivals = [0.0]

    def answer() -> None:
        slot, sent, share = in_flight.pop(0)
        arrivals.append(sent + share * (time.now - sent))
        slot.close()

    for step, share, pause in steps:
        if step == "send":
            slot = ExitStack()
            with suppress(Stopped):
                slot.enter_context(limiter.slot(give_up))
                in_flight.append((slot, time.now, share))
        elif in_flight:
            answer()
        time.now += pause / 2
    while in_flight:
        answer()
    assert most_in_any_window(arrivals, 1.0) <= rate


@pytest.mark.parametrize(("rate", "per_second"), [(20, 20), (1, 1), (2.5, 2), (0.5, 0.5)])
def test_instant_answers_reach_the_rate_within_five_percent(rate: float, per_second: float) -> None:
    """The limiter costs little of what the API allows; a fraction above 1 is rounded down."""
    time = Time()
    limiter = RateLimiter(rate, clock=time.clock)
    started, requests = time.now, 400
    for _ in range(requests):
        with limiter.slot(time.sleep):
            time.now += 0.0005
    ideal = requests / per_second
    assert ideal * 0.95 <= time.now - started <= ideal * 1.05


def test_the_wait_is_told() -> None:
    """The first request waits for nothing, the second for the window after the first's answer."""
    time = Time()
    limiter = RateLimiter(1, clock=time.clock)
    with limiter.slot(time.sleep) as first:
        time.now += 0.25
    with limiter.slot(time.sleep) as second:
        pass
    assert first == 0
    assert second == pytest.approx(1, abs=0.01)


def test_a_failed_request_counts_too() -> None:
    """The server may have received it all the same."""
    time = Time()
    limiter = RateLimiter(1, clock=time.clock)
    with pytest.raises(OSError, match="broken"), limiter.slot(time.sleep):
        raise OSError("broken")
    with limiter.slot(time.sleep) as waited:
        assert waited > 0.9


def test_being_stopped_while_waiting_gives_the_place_back() -> None:
    """Whoever comes next does not wait for one who has left."""
    time = Time()
    limiter = RateLimiter(1, clock=time.clock)
    with limiter.slot(time.sleep):
        pass

    for _ in range(3):
        with pytest.raises(Stopped), limiter.slot(give_up):
            pass
    with limiter.slot(time.sleep) as waited:
        assert waited == pytest.approx(1, abs=0.01)


def test_first_come_first_served() -> None:
    """A second waiter is told to wait longer than the first, and no lock is held meanwhile."""
    time = Time()
    limiter = RateLimiter(1, clock=time.clock)
    delays: list[float] = []
    order: list[str] = []

    def second_sleep(seconds: float) -> None:
        delays.append(seconds)
        raise Stopped

    def first_sleep(seconds: float) -> None:
        with pytest.raises(Stopped), limiter.slot(second_sleep):
            order.append("second")
        delays.append(seconds)
        time.sleep(seconds)

    with limiter.slot(time.sleep):
        time.now += 0.5
    time.now += 0.5
    with limiter.slot(first_sleep):
        order.append("first")
    second, first = delays
    assert order == ["first"]
    assert first == pytest.approx(0.5, abs=0.01)
    assert second > first


def test_a_slot_in_flight_is_waited_for() -> None:
    """While the only slot is in use, nobody else gets one, however long that takes."""
    time = Time()
    limiter = RateLimiter(1, clock=time.clock)
    naps = 0
    with limiter.slot(time.sleep) as _:

        def sleep(seconds: float) -> None:
            nonlocal naps
            naps += 1
            time.sleep(seconds)
            if naps == 5:
                raise Stopped

        with pytest.raises(Stopped), limiter.slot(sleep):
            pass
    assert naps == 5


def test_threads_share_one_limit() -> None:
    """Many threads at once get no more slots than there are."""
    limiter = RateLimiter(3, clock=lambda: 0.0)
    taken: list[int] = []
    refused: list[int] = []
    all_tried = threading.Barrier(8)

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
    time = Time()
    limiter = RateLimiter(5, clock=time.clock)
    for _ in range(5):
        with limiter.slot(time.sleep):
            time.now += 0.1
    limiter.set_rate(1)
    with limiter.slot(time.sleep) as waited:
        assert waited == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("rate", [0, -1, float("inf"), float("nan")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    """A limiter that never or always lets pass would be a mistake of the caller."""
    with pytest.raises(ValueError, match="positive"):
        RateLimiter(rate)
