"""An ASGI application around another: the request bound, passwords and headers of the file."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from exporter.web.app import Message, Receive, Send
from exporter.web.http import PLAIN_TEXT
from exporter.web.security.loading import WebConfig
from exporter.web.security.passwords import PasswordChecker, TooManyChecks
from exporter.web.security.rate import RequestBound
from exporter.web.server import AsgiApplication

_CHALLENGE = (b"www-authenticate", b'Basic realm="metrics"')
_SIGNED_PATHS = "/callback/"  # ZEGO knows no password of ours; it signs what it sends
_RETRY_SOON = (b"retry-after", b"1")

Headers = list[tuple[bytes, bytes]]


class Guard:
    """Lets through to `app` whom the configuration of the moment, `current`, lets in.

    Every path asks for the password, `/-/healthy` too, as with the toolkit; only callbacks do not.
    """

    def __init__(
        self,
        app: AsgiApplication,
        current: Callable[[], WebConfig],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._current = current
        self._passwords = PasswordChecker()
        self._bound = RequestBound(clock)

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request (ASGI, scope type `http`)."""
        config = self._current()
        sending = _with_headers(send, config.headers)
        if not self._bound.allows(config.rate_limit):
            await _refuse(scope, sending, 429, "too many requests", _RETRY_SOON)
            return
        try:
            allowed = await self._is_allowed(scope, config.users)
        except TooManyChecks:
            await _refuse(scope, sending, 429, "too many passwords", _RETRY_SOON)
            return
        if allowed:
            await self._app(scope, receive, sending)
        else:
            await _refuse(scope, sending, 401, "unauthorized", _CHALLENGE)

    async def _is_allowed(self, scope: Mapping[str, Any], users: Mapping[bytes, bytes]) -> bool:
        if not users or scope["path"].startswith(_SIGNED_PATHS):
            return True
        credentials = _credentials(scope["headers"])
        if credentials is None:
            return False
        peer = scope["client"][0] if scope["client"] else ""
        return await self._passwords.is_right(*credentials, users, peer)

    def close(self) -> None:
        """Close what is guarded; called in the event loop when it ends."""
        self._app.close()


def _credentials(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes, bytes] | None:
    """Return user and password of basic authentication (RFC 7617), None where there are none."""
    given = next((value for name, value in headers if name == b"authorization"), b"")
    scheme, _, encoded = given.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).partition(b":")
    except binascii.Error:
        return None
    return (user, password) if colon else None


def _with_headers(send: Send, headers: Mapping[str, str]) -> Send:
    """Return `send` that adds `headers` to an answer that has not got them; its own ones win."""
    added = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            own: Headers = list(message["headers"])
            names = {name for name, _ in own}
            message = {**message, "headers": own + [h for h in added if h[0] not in names]}
        await send(message)

    return send_with_headers


async def _refuse(
    scope: Mapping[str, Any], send: Send, status: int, reason: str, header: tuple[bytes, bytes]
) -> None:
    body = f"{reason}\n".encode()
    headers = [
        (b"content-type", PLAIN_TEXT.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        header,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    sent = b"" if scope["method"] == "HEAD" else body
    await send({"type": "http.response.body", "body": sent, "more_body": False})
