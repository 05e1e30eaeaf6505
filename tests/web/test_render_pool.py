"""The threads that render pages: shared renderings and their order."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial

import pytest

from exporter.web.render_pool import WORKERS, RenderPool
from exporter.web.responses import PiecewiseResponse, text


async def _occupy(pool: RenderPool, gate: threading.Event) -> list[asyncio.Task[PiecewiseResponse]]:
    """Keep every thread of the pool busy until the gate opens."""
    begun = threading.Semaphore(0)

    def wait() -> PiecewiseResponse:
        begun.release()
        gate.wait()
        return text(200, "busy")

    tasks = [asyncio.create_task(pool.render(("busy", n), wait)) for n in range(WORKERS)]
    for _ in tasks:
        await asyncio.to_thread(begun.acquire)
    return tasks


def _counting(calls: list[int]) -> Callable[[], PiecewiseResponse]:
    def render() -> PiecewiseResponse:
        calls.append(1)
        return text(200, str(len(calls)))

    return render


def test_equal_requests_that_wait_share_one_rendering() -> None:
    """Requests with one key that wait together get one page; a later one gets a new page."""
    calls: list[int] = []

    async def scenario() -> list[PiecewiseResponse]:
        pool, gate = RenderPool(), threading.Event()
        busy = await _occupy(pool, gate)
        crowd = [asyncio.create_task(pool.render("page", _counting(calls))) for _ in range(50)]
        await asyncio.sleep(0)
        gate.set()
        shared = await asyncio.gather(*crowd)
        await asyncio.gather(*busy)
        later = await pool.render("page", _counting(calls))
        pool.close()
        return [*shared, later]

    *shared, later = asyncio.run(scenario())
    assert {response.body for response in shared} == {b"1\n"}
    assert later.body == b"2\n"


def test_requests_that_arrive_together_share_one_rendering() -> None:
    """An idle pool renders once for all requests that the loop has read."""
    calls: list[int] = []

    async def scenario() -> list[PiecewiseResponse]:
        pool = RenderPool()
        answers = await asyncio.gather(*(pool.render("page", _counting(calls)) for _ in range(50)))
        pool.close()
        return answers

    assert {response.body for response in asyncio.run(scenario())} == {b"1\n"}


def test_equal_renderings_run_one_after_the_other() -> None:
    """Requests that come during a rendering share the next one; other pages need not wait."""
    gate, begun = threading.Event(), threading.Event()
    calls: list[int] = []
    count = _counting(calls)

    def wait() -> PiecewiseResponse:
        page = count()
        begun.set()
        gate.wait()
        return page

    async def scenario() -> list[PiecewiseResponse]:
        pool = RenderPool()
        first = asyncio.create_task(pool.render("page", wait))
        await asyncio.to_thread(begun.wait)
        crowd = [asyncio.create_task(pool.render("page", count)) for _ in range(50)]
        other = await pool.render("other", lambda: text(200, "other"))
        assert len(calls) == 1
        gate.set()
        pages = await asyncio.gather(first, *crowd)
        pool.close()
        return [other, *pages]

    assert [page.body for page in asyncio.run(scenario())] == [b"other\n", b"1\n", *[b"2\n"] * 50]


def test_different_keys_are_rendered_apart() -> None:
    """Requests with different keys never get one another's page."""

    async def scenario() -> list[PiecewiseResponse]:
        pool = RenderPool()
        pages = [pool.render(name, partial(text, 200, name)) for name in "abc"]
        answers = await asyncio.gather(*pages)
        pool.close()
        return answers

    assert [answer.body for answer in asyncio.run(scenario())] == [b"a\n", b"b\n", b"c\n"]


def test_a_client_that_leaves_does_not_cancel_the_rendering_for_others() -> None:
    """Cancelling one of the waiting requests does not cancel the shared rendering."""

    async def scenario() -> PiecewiseResponse:
        pool, gate = RenderPool(), threading.Event()
        busy = await _occupy(pool, gate)
        leaving, staying = (
            asyncio.create_task(pool.render("page", lambda: text(200, "page"))) for _ in range(2)
        )
        await asyncio.sleep(0)
        leaving.cancel()
        gate.set()
        answer = await staying
        await asyncio.gather(*busy)
        pool.close()
        assert leaving.cancelled()
        return answer

    assert asyncio.run(scenario()).body == b"page\n"


def test_an_error_reaches_the_request_and_the_next_one_is_rendered_again() -> None:
    """A rendering that fails is not kept."""

    def fail() -> PiecewiseResponse:
        raise RuntimeError("a defect")

    async def scenario() -> PiecewiseResponse:
        pool = RenderPool()
        with pytest.raises(RuntimeError, match="a defect"):
            await pool.render("page", fail)
        answer = await pool.render("page", lambda: text(200, "page"))
        pool.close()
        return answer

    assert asyncio.run(scenario()).body == b"page\n"


def test_closing_cancels_all_renderings(caplog: pytest.LogCaptureFixture) -> None:
    """Close cancels renderings that wait or run; one that ends after the loop disturbs nothing."""
    gate = threading.Event()
    before = set(threading.enumerate())

    async def scenario() -> list[asyncio.Task[PiecewiseResponse]]:
        pool = RenderPool()
        tasks = await _occupy(pool, gate)
        tasks.append(asyncio.create_task(pool.render("waits", lambda: text(200, "never"))))
        await asyncio.sleep(0)
        pool.close()
        await asyncio.wait(tasks)
        return tasks

    tasks = asyncio.run(scenario())
    assert all(task.cancelled() for task in tasks)
    gate.set()
    for thread in set(threading.enumerate()) - before:
        thread.join()
    assert caplog.text == ""


def test_a_rendering_without_waiting_clients_is_dropped() -> None:
    """When its last client leaves, a rendering leaves the queue; others of the queue stay."""
    calls: list[int] = []

    async def scenario() -> PiecewiseResponse:
        pool, gate = RenderPool(), threading.Event()
        busy = await _occupy(pool, gate)
        leaving = [
            asyncio.create_task(pool.render(("left", n), _counting(calls))) for n in range(50)
        ]
        staying = asyncio.create_task(pool.render("page", _counting(calls)))
        await asyncio.sleep(0)
        for task in leaving:
            task.cancel()
        await asyncio.wait(leaving)
        gate.set()
        answer = await staying
        await asyncio.gather(*busy)
        pool.close()
        return answer

    assert asyncio.run(scenario()).body == b"1\n"
    assert len(calls) == 1


def test_clients_that_may_have_left_come_last() -> None:
    """A rendering for half-closed clients alone waits for all others, and is then made."""

    async def scenario() -> list[str]:
        pool, gate = RenderPool(), threading.Event()
        busy = await _occupy(pool, gate)
        order: list[str] = []
        # Renderings begin in pairs: else one thread could make two before the other makes one.
        pair = threading.Barrier(WORKERS)

        def rendering(name: str) -> Callable[[], PiecewiseResponse]:
            def render() -> PiecewiseResponse:
                order.append(name)
                pair.wait()
                return text(200, name)

            return render

        asked = [
            asyncio.create_task(pool.render(name, rendering(name), partial(bool, left)))
            for name, left in [("a", 1), ("b", 1), ("c", 0), ("d", 0)]
        ]
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*asked, *busy)
        pool.close()
        return order

    order = asyncio.run(scenario())
    assert (set(order[:2]), set(order[2:])) == ({"c", "d"}, {"a", "b"})
