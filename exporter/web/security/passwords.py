"""Passwords against bcrypt hashes, for a server that is asked all the time, and by strangers.

Rules that this file keeps:

- An unknown user costs what a wrong password costs: a known user's hash is compared and the result
  dropped. Which one depends on the name alone, so that the name gives itself away by no change.
- Results are kept, under a digest with a key of this process; never a password. Right ones and
  wrong ones are kept apart: no number of wrong ones pushes out a right one.
- bcrypt runs in threads, `CHECKS` at once; one peer address has one check under way and few that
  wait, so that a flood from one address delays a password from another by a single check.
- Passwords count up to their 72nd byte, as in Go.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future

import bcrypt

CHECKS = 2
MAX_WAITING = 16
"""Checks of one address, the one under way and those that wait; more are refused."""

MAX_KEPT = 1024
"""Results that are kept, of right and of wrong passwords each."""

_BCRYPT_BYTES = 72


class TooManyChecks(Exception):
    """So many passwords from this address wait to be checked that no further one is taken."""


class PasswordChecker:
    """Checks passwords; for use in one event loop."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._right = _Kept()
        self._wrong = _Kept()
        self._checks = asyncio.Semaphore(CHECKS)
        self._turns: weakref.WeakValueDictionary[str, _Turn] = weakref.WeakValueDictionary()

    async def is_right(
        self, user: bytes, password: bytes, users: Mapping[bytes, bytes], peer: str
    ) -> bool:
        """Tell whether `password` is the one of `user`; `users` are the hashes, at least one.

        `peer` is the address that asks. Raises `TooManyChecks`.
        """
        hashed = users.get(user)
        digest = self._digest(user, hashed or b"", password)
        result = self._recall(digest)
        if result is not None:
            return result
        turn = self._turns.setdefault(peer, _Turn())
        if turn.waiting == MAX_WAITING:
            raise TooManyChecks
        async with turn:
            result = self._recall(digest)  # an equal request may have gone before
            if result is None:
                result = await self._check(hashed or self._other(user, users), password)
                result = result and hashed is not None
                (self._right if result else self._wrong).add(digest)
        return result

    def _recall(self, digest: bytes) -> bool | None:
        if digest in self._right:
            return True
        return False if digest in self._wrong else None

    async def _check(self, hashed: bytes, password: bytes) -> bool:
        async with self._checks:
            return await _in_thread(
                lambda: bcrypt.checkpw(password[:_BCRYPT_BYTES], hashed), name="password"
            )

    def _other(self, user: bytes, users: Mapping[bytes, bytes]) -> bytes:
        """Return the hash that is compared for an unknown user: always the same of them."""
        number = int.from_bytes(self._digest(user)[:8], "big")
        return sorted(users.values())[number % len(users)]

    def _digest(self, *parts: bytes) -> bytes:
        digest = hashlib.blake2b(key=self._key, digest_size=32)
        for part in parts:
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.digest()


class _Turn:
    """Lets one request at a time go on; `waiting` is how many have come and not ended."""

    def __init__(self) -> None:
        self.waiting = 0
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> None:
        self.waiting += 1
        try:
            await self._lock.acquire()
        except BaseException:
            self.waiting -= 1
            raise

    async def __aexit__(self, *_: object) -> None:
        self.waiting -= 1
        self._lock.release()


class _Kept:
    """A set that forgets what was not asked for longest."""

    def __init__(self) -> None:
        self._digests: OrderedDict[bytes, None] = OrderedDict()

    def __contains__(self, digest: bytes) -> bool:
        if digest not in self._digests:
            return False
        self._digests.move_to_end(digest)
        return True

    def add(self, digest: bytes) -> None:
        self._digests[digest] = None
        if len(self._digests) > MAX_KEPT:
            self._digests.popitem(last=False)


async def _in_thread(call: Callable[[], bool], *, name: str) -> bool:
    """Return what `call` returns in a thread that does not keep the program from ending.

    An executor's threads would: at a high cost one check takes many seconds.
    """
    answer: Future[bool] = Future()
    answer.set_running_or_notify_cancel()

    def run() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is awaited
            answer.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await asyncio.wrap_future(answer)
