"""Rendering of pages in a few threads.

Rules that this file keeps:

- A large page takes long to render. The event loop meanwhile answers health checks and writes to
  other clients, so rendering happens in threads.
- Equal requests that wait share one rendering, which begins after the last of them arrived: each
  client sees a page no older than its request.
- Of equal renderings one runs at a time; requests that arrive meanwhile share the next one. Two at
  a time would be no faster under the interpreter lock, and would leave fewer requests to share.
- A rendering that nobody waits for any more is dropped from the queue. One whose clients have all
  closed their sending side comes after all others: they may have left, or may still read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from exporter.web.responses import PiecewiseResponse

WORKERS = 2  # rendering is bound by the interpreter lock: more threads only take memory

Render = Callable[[], PiecewiseResponse]
MayHaveLeft = Callable[[], bool]
"""Tells whether a client may have left; called in the event loop."""


@dataclass(eq=False, slots=True)
class _Rendering:
    """A rendering in the queue, and the clients that wait for it."""

    key: Hashable
    render: Render
    # A defect in it can quote what it was about.
    result: asyncio.Future[PiecewiseResponse] = field(repr=False)
    clients: list[MayHaveLeft] = field(default_factory=list)


class RenderPool:
    """Renders in threads; for use in one event loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="render")
        self._queue: dict[Hashable, _Rendering] = {}
        self._running: dict[Hashable, _Rendering] = {}

    async def render(
        self, key: Hashable, render: Render, may_have_left: MayHaveLeft = lambda: False
    ) -> PiecewiseResponse:
        """Return the result of `render`; equal keys promise equal pages."""
        loop = asyncio.get_running_loop()
        rendering = self._queue.get(key)
        if rendering is None:
            rendering = self._queue[key] = _Rendering(key, render, loop.create_future())
            # Not now: other requests that the loop has already read join the queue first.
            loop.call_soon(self._start_next)
        rendering.clients.append(may_have_left)
        try:
            return await asyncio.shield(rendering.result)  # other clients may share it
        finally:
            rendering.clients.remove(may_have_left)
            if not rendering.clients and self._queue.get(key) is rendering:
                del self._queue[key]

    def close(self) -> None:
        """Cancel all renderings; the threads end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for rendering in (*self._queue.values(), *self._running.values()):
            rendering.result.cancel()
        self._queue.clear()

    def _start_next(self) -> None:
        while len(self._running) < WORKERS:
            waiting = [key for key in self._queue if key not in self._running]
            if not waiting:
                return
            # The oldest rendering that a present client waits for, else the oldest of all.
            wanted = (
                key
                for key in waiting
                if not all(may_have_left() for may_have_left in self._queue[key].clients)
            )
            rendering = self._queue.pop(next(wanted, waiting[0]))
            self._running[rendering.key] = rendering
            running = asyncio.get_running_loop().run_in_executor(self._threads, rendering.render)
            running.add_done_callback(partial(self._end, rendering))

    def _end(self, rendering: _Rendering, done: asyncio.Future[PiecewiseResponse]) -> None:
        del self._running[rendering.key]
        if done.cancelled() or rendering.result.cancelled():
            return
        if error := done.exception():
            rendering.result.set_exception(error)
            rendering.result.exception()  # marks it as retrieved: all its clients may have left
        else:
            rendering.result.set_result(done.result())
        self._start_next()
