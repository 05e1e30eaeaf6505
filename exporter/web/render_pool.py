"""Rendering of pages in a few threads of their own.

A large page takes long to render; the event loop must meanwhile answer health checks and write to
other peers. Equal requests that wait share one rendering, which begins after the last of them came:
each sees a page no older than its request, and a crowd of scrapers costs no more than two of them.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor

from exporter.web.http import Response

WORKERS = 2  # rendering is bound by the interpreter lock: more would only take memory
Render = Callable[[], Response]


class RenderPool:
    """Renders in threads; `render` and `close` are called in the event loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="render")
        self._lock = threading.Lock()
        self._waiting: dict[Hashable, asyncio.Future[Response]] = {}
        self._unfinished: set[asyncio.Future[Response]] = set()

    async def render(self, key: Hashable, render: Render) -> Response:
        """Return what `render` returns; equal keys promise equal pages."""
        with self._lock:
            rendering = self._waiting.get(key)
            if rendering is None:
                rendering = self._waiting[key] = self._submit(key, render)
        return await asyncio.shield(rendering)  # others may share it

    def close(self) -> None:
        """Give up what is waiting or being rendered; the threads end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for rendering in list(self._unfinished):
            rendering.cancel()

    def _submit(self, key: Hashable, render: Render) -> asyncio.Future[Response]:
        loop = asyncio.get_running_loop()
        rendering = loop.run_in_executor(self._threads, self._run, key, render)
        self._unfinished.add(rendering)
        rendering.add_done_callback(self._unfinished.discard)
        return rendering

    def _run(self, key: Hashable, render: Render) -> Response:
        with self._lock:
            del self._waiting[key]
        return render()
