"""The routes `POST /callback/<app name>`, to which ZEGO pushes its events.

Rules that this file keeps:

- The peer learns from an answer whether to send again, and nothing else: each status has one text.
  The operator sees why in `zego_upload_callback_rejections_total`.
- An app without a callback secret is as unknown as one that is not configured.
- An event is checked in a thread: the secret may stand in a file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

from exporter.collection.callbacks import CallbackReceiver
from exporter.web.http import BodyHandler, Methods, Request, Response, Routes, text
from exporter.zego.callbacks import MAX_BODY_BYTES, CallbackRejected

PREFIX = "/callback/"

_ANSWERS = {
    200: "ok",
    400: "bad request",
    401: "unauthorized",
    413: "content too large",
}
_STATUSES = {"malformed": 400, "too_large": 413}  # all others: not authentic


class CallbackRoutes(Mapping[str, Methods]):
    """`routes`, and one more for every inbox that there is at the moment; `now`: Unix seconds."""

    def __init__(
        self,
        routes: Routes,
        inboxes: Callable[[], Mapping[str, CallbackReceiver]],
        now: Callable[[], float],
    ) -> None:
        self._routes = routes
        self._inboxes = inboxes
        self._now = now

    def __getitem__(self, path: str) -> Methods:
        if not path.startswith(PREFIX):
            return self._routes[path]
        inbox = self._inboxes()[path.removeprefix(PREFIX)]
        return {"POST": _CallbackHandler(inbox, self._now)}

    def __iter__(self) -> Iterator[str]:
        yield from self._routes
        yield from (PREFIX + name for name in self._inboxes())

    def __len__(self) -> int:
        return len(self._routes) + len(self._inboxes())


class _CallbackHandler(BodyHandler):
    max_body_bytes: ClassVar[int] = MAX_BODY_BYTES

    def __init__(self, inbox: CallbackReceiver, now: Callable[[], float]) -> None:
        self._inbox = inbox
        self._now = now

    async def __call__(self, request: Request) -> Response:
        return await asyncio.to_thread(self._receive, request.body)

    def refuse_body(self) -> Response:
        """Count a body that is too large."""
        self._inbox.reject("too_large")
        return _answer(413)

    def _receive(self, body: bytes) -> Response:
        try:
            self._inbox.receive(body, self._now())
        except CallbackRejected as rejected:
            return _answer(_STATUSES.get(rejected.reason, 401))
        return _answer(200)


def _answer(status: int) -> Response:
    return text(status, _ANSWERS[status])
