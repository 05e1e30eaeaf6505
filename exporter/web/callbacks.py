"""POST /callback/<app>: the events that ZEGO sends (`docs/zego-api.md`, Callbacks).

Rules that this file keeps:

- The answer tells ZEGO whether to send the event again, and nothing else: each status has one text.
- An app without a callback secret is 404 like an app that is not configured, so that nobody can
  find out which apps exist.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from exporter.collection.callbacks import CallbackReceiver
from exporter.web.responses import text
from exporter.zego.callbacks import MAX_BODY_BYTES, CallbackRejected

_ANSWERS = {200: "ok", 400: "bad request", 401: "unauthorized", 413: "content too large"}
_STATUSES = {"malformed": 400, "too_large": 413}  # all other reasons: the signature is wrong


class CallbackRoute(Route):
    """The route of the apps that accept callbacks at the moment.

    `receivers` returns theirs by name of the app, `now` Unix time in seconds. Both are called for
    every request, because a reload changes the apps.
    """

    def __init__(
        self, receivers: Callable[[], Mapping[str, CallbackReceiver]], now: Callable[[], float]
    ) -> None:
        super().__init__("/callback/{app:path}", self._receive, methods=["POST"])
        self._receivers = receivers
        self._now = now

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match only paths of apps that accept callbacks; Starlette answers 404 to others."""
        match, child_scope = super().matches(scope)
        if match is not Match.NONE and child_scope["path_params"]["app"] not in self._receivers():
            return Match.NONE, {}
        return match, child_scope

    async def _receive(self, request: Request) -> Response:
        receiver = self._receivers().get(request.path_params["app"])
        if receiver is None:  # a reload has removed the app since `matches`
            raise HTTPException(404)
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_BODY_BYTES:
                receiver.reject("too_large")
                # The rest of the body is not read, so the connection cannot be used again.
                return text(413, _ANSWERS[413], {"Connection": "close"})
        try:
            # In a thread, because the secret may be in a file.
            await asyncio.to_thread(receiver.receive, bytes(body), self._now())
        except CallbackRejected as rejected:
            status = _STATUSES.get(rejected.reason, 401)
            return text(status, _ANSWERS[status])
        return text(200, _ANSWERS[200])
