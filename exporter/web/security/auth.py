"""Basic authentication, the limit on requests, and the headers that are added to answers.

Rules that this file keeps (the exporter-toolkit's own design, web/handler.go):

- One lock: at most one bcrypt comparison runs at a time, so guesses cost one core at most.
- One bounded cache of accepted passwords, under a digest with a key of this process; never a
  password itself. Refused ones are not cached, so no number of them displaces an accepted one.
- An unknown user costs as much as a wrong password: one fixed fake hash is compared.
- Wrong passwords never delay a password that has already been accepted. A first login from another
  address waits for at most one check of each address that sends wrong ones: addresses take turns.
- Passwords count up to their 72nd byte, as in Go.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future

import bcrypt
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from exporter.web.responses import text
from exporter.web.security.loading import WebConfig
from exporter.web.security.schema import RateLimitSection
from exporter.web.server import AsgiApplication

MAX_WAITING = 16
"""Checks of one address, the running one and those that wait; more are refused."""

MAX_CACHED = 1024
"""Accepted passwords that are remembered."""

_BCRYPT_BYTES = 72
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="metrics"'}
_RETRY_SOON = {"Retry-After": "1"}
_SIGNED_PATHS = "/callback/"


class TooManyChecks(Exception):
    """Too many passwords of one address are waiting to be checked."""


class Guard:
    """An ASGI application around `app` that applies the current web configuration.

    Every path needs the password, `/-/healthy` too, as with the exporter-toolkit. The exception
    are callbacks: ZEGO has no password of ours, and signs its requests.
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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI, scope type `http`)."""
        config = self._current()
        sending = _with_headers(send, config.headers)
        if not self._bound.allows(config.rate_limit):
            await text(429, "too many requests", _RETRY_SOON)(scope, receive, sending)
            return
        if config.users and not scope["path"].startswith(_SIGNED_PATHS):
            credentials = read_credentials(Headers(scope=scope).get("authorization", ""))
            peer = scope["client"][0] if scope.get("client") else ""
            try:
                right = credentials is not None and await self._passwords.is_right(
                    *credentials, config.users, peer
                )
            except TooManyChecks:
                await text(429, "too many passwords", _RETRY_SOON)(scope, receive, sending)
                return
            if not right:
                await text(401, "unauthorized", _CHALLENGE)(scope, receive, sending)
                return
        await self._app(scope, receive, sending)

    def close(self) -> None:
        """Close the application inside; called in the event loop when it ends."""
        self._app.close()


class PasswordChecker:
    """Compares passwords with bcrypt hashes; for use in one event loop."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._accepted: OrderedDict[bytes, None] = OrderedDict()  # digests, last used at the end
        self._lock = asyncio.Lock()
        self._turns: weakref.WeakValueDictionary[str, _Turn] = weakref.WeakValueDictionary()

    async def is_right(
        self, user: bytes, password: bytes, users: Mapping[bytes, bytes], peer: str
    ) -> bool:
        """Tell whether `password` is that of `user`; `users` are the hashes, at least one.

        `peer` is the address that asks. Raises `TooManyChecks`.
        """
        hashed = users.get(user)
        keyed = hashlib.blake2b(key=self._key, digest_size=32)
        for part in (user, hashed or b"", password):
            keyed.update(len(part).to_bytes(8, "big") + part)  # so that "ab", "c" is not "a", "bc"
        digest = keyed.digest()
        if self._is_accepted(digest):
            return True
        turn = self._turns.setdefault(peer, _Turn())
        if turn.waiting == MAX_WAITING:
            raise TooManyChecks
        turn.waiting += 1
        try:
            async with turn.lock, self._lock:
                if self._is_accepted(digest):  # an equal request was checked meanwhile
                    return True
                # For an unknown user: the hash of no password, at the highest cost of the file.
                cost = max(known.split(b"$")[2] for known in users.values())
                fake = b"$2b$%b$%b" % (cost, b"." * 53)
                right = await _check(password, hashed or fake)
        finally:
            turn.waiting -= 1
        if not right or hashed is None:
            return False
        self._accepted[digest] = None
        if len(self._accepted) > MAX_CACHED:
            self._accepted.popitem(last=False)
        return True

    def _is_accepted(self, digest: bytes) -> bool:
        if digest not in self._accepted:
            return False
        self._accepted.move_to_end(digest)
        return True


class _Turn:
    """Orders the checks of one address; `waiting` counts the running one too."""

    def __init__(self) -> None:
        self.waiting = 0
        self.lock = asyncio.Lock()


async def _check(password: bytes, hashed: bytes) -> bool:
    """Compare in a daemon thread: an executor's thread would keep the program from ending.

    At a high cost one comparison takes many seconds.
    """
    answer: Future[bool] = Future()
    answer.set_running_or_notify_cancel()

    def run() -> None:
        try:
            answer.set_result(bcrypt.checkpw(password[:_BCRYPT_BYTES], hashed))
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is awaited
            answer.set_exception(error)

    threading.Thread(target=run, name="password", daemon=True).start()
    return await asyncio.wrap_future(answer)


class RequestBound:
    """Allows `burst` requests at a time and one more every `interval` seconds of `clock`.

    A bucket of tokens, one for each request, as in Go's `rate.Limiter`.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._limit = RateLimitSection()
        self._tokens = 0.0
        self._filled_at = clock()

    def allows(self, limit: RateLimitSection) -> bool:
        """Tell whether a request may be answered under `limit`, and count it."""
        now = self._clock()
        if limit != self._limit:
            self._limit, self._tokens, self._filled_at = limit, limit.burst, now
        if not limit.interval:
            return True
        fresh = (now - self._filled_at) / limit.interval
        self._tokens, self._filled_at = min(limit.burst, self._tokens + fresh), now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def read_credentials(authorization: str) -> tuple[bytes, bytes] | None:
    """Return user and password of basic authentication (RFC 7617), None where there are none."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).partition(b":")
    except ValueError:  # binascii.Error is one; text beyond ASCII is another
        return None
    return (user, password) if colon else None


def _with_headers(send: Send, headers: Mapping[str, str]) -> Send:
    """Return `send` that adds `headers` to an answer that does not have them."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = MutableHeaders(scope=message)  # a copy of the list, which other answers share
            for name, value in headers.items():
                own.setdefault(name, value)
        await send(message)

    return send_with_headers
