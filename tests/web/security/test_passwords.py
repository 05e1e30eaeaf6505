"""Passwords: what is right, what is kept, and that a flood holds nobody up."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import bcrypt
import pytest

from exporter.web.security.auth import MAX_CACHED, MAX_WAITING, PasswordChecker, TooManyChecks
from tests.web.peers import PATIENCE
from tests.web.security.webconfig_files import hashed

USERS = {
    b"alice": hashed("right").encode(),
    b"bob": hashed("his", cost=5).encode(),
}


class Checks:
    """Stands before `bcrypt.checkpw`: notes what is compared, and holds it while `gate` is shut."""

    def __init__(self) -> None:
        self.compared: list[tuple[bytes, bytes]] = []
        self.gate = threading.Event()
        self.gate.set()
        self._checkpw: Callable[[bytes, bytes], bool] = bcrypt.checkpw

    def __call__(self, password: bytes, hashed: bytes) -> bool:
        """Compare, once the gate is open."""
        self.compared.append((password, hashed))
        assert self.gate.wait(PATIENCE)
        return self._checkpw(password, hashed)


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Checks]:
    """Count the comparisons of a test, and let what waits go in the end."""
    checks = Checks()
    monkeypatch.setattr(bcrypt, "checkpw", checks)
    try:
        yield checks
    finally:
        checks.gate.set()


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Checks]:
    """Return the comparisons that a test makes."""
    with counted(monkeypatch) as counting:
        yield counting


def ask(
    checker: PasswordChecker, *asked: tuple[bytes, bytes], users: dict[bytes, bytes] | None = None
) -> list[bool]:
    """Return the results of several questions, one after the other."""

    async def run() -> list[bool]:
        return [
            await checker.is_right(user, password, users or USERS, "peer")
            for user, password in asked
        ]

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("user", "password", "right"),
    [
        (b"alice", b"right", True),
        (b"bob", b"his", True),
        (b"alice", b"wrong", False),
        (b"alice", b"his", False),
        (b"alice", b"", False),
        (b"carol", b"right", False),
        (b"carol", b"his", False),
        (b"", b"right", False),
        (b"alice", b"ri\0ght", False),
        (b"alice", b"right" * 100, False),
    ],
)
def test_only_the_own_password_is_right(user: bytes, password: bytes, right: bool) -> None:
    """A user gets in with the own password and no other, also when asked again."""
    assert ask(PasswordChecker(), (user, password), (user, password)) == [right, right]


@pytest.mark.parametrize("prefix", [b"$2a$", b"$2b$", b"$2x$", b"$2y$"])
def test_every_prefix_is_compared(prefix: bytes) -> None:
    """Hashes of htpasswd ($2y$) and of other tools are the same thing."""
    users = {b"alice": USERS[b"alice"].replace(b"$2b$", prefix)}
    assert ask(PasswordChecker(), (b"alice", b"right"), users=users) == [True]


def test_a_password_counts_up_to_its_72nd_byte() -> None:
    """As in Go, what follows has no part in it, whatever the library says."""
    users = {b"alice": hashed("x" * 72).encode()}
    asked = [(b"alice", b"x" * size) for size in (71, 72, 100)]
    assert ask(PasswordChecker(), *asked, users=users) == [False, True, True]


def test_accepted_passwords_are_compared_once(checks: Checks) -> None:
    """A right one is remembered; a wrong one is compared each time."""
    asked = [(b"alice", b"right"), (b"alice", b"wrong"), (b"carol", b"right")] * 3
    assert ask(PasswordChecker(), *asked) == [True, False, False] * 3
    assert [password for password, _ in checks.compared].count(b"wrong") == 3
    assert len(checks.compared) == 7


def test_a_changed_hash_is_compared_anew() -> None:
    """A result belongs to its hash: an old password does not live on."""
    checker = PasswordChecker()
    changed = {b"alice": hashed("new").encode()}
    assert ask(checker, (b"alice", b"right")) == [True]
    assert ask(checker, (b"alice", b"right"), (b"alice", b"new"), users=changed) == [False, True]


def test_no_password_is_kept() -> None:
    """The memory of the process holds no password after its check."""
    checker = PasswordChecker()
    users = {b"alice": hashed("a rather long password").encode()}
    assert ask(checker, (b"alice", b"a rather long password"), users=users) == [True]
    assert "a rather long password" not in repr(gc.get_referents(vars(checker)))


def test_an_unknown_user_costs_what_a_known_one_costs(checks: Checks) -> None:
    """One fixed hash is compared for names that nobody has, at the highest cost of the file."""
    ask(PasswordChecker(), *[(str(number).encode(), b"x") for number in range(5)])
    assert len(checks.compared) == 5
    (fake,) = {hashed for _, hashed in checks.compared}
    assert fake.startswith(b"$2b$05$")
    assert fake not in USERS.values()


def test_wrong_passwords_displace_no_accepted_one(checks: Checks) -> None:
    """However many wrong ones come, an accepted one is not compared again."""
    wrong = [(b"alice", str(number).encode()) for number in range(20)]
    assert ask(PasswordChecker(), (b"alice", b"right"), *wrong, (b"alice", b"right"))[-1]
    assert [password for password, _ in checks.compared].count(b"right") == 1


def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond `MAX_CACHED`, the accepted password that was used longest ago is compared again."""
    compared = []

    def compare(password: bytes, _: bytes) -> bool:
        compared.append(password)
        return True

    monkeypatch.setattr(bcrypt, "checkpw", compare)
    checker = PasswordChecker()
    asked = [(b"alice", str(number).encode()) for number in range(MAX_CACHED + 1)]
    assert all(ask(checker, *asked, asked[1], asked[0]))
    assert len(compared) == MAX_CACHED + 2
    assert compared[-1] == asked[0][1]


def test_a_flood_holds_up_neither_known_passwords_nor_other_addresses(checks: Checks) -> None:
    """While every check of one address waits, a kept password passes and another peer's is next."""

    async def run() -> None:
        checker = PasswordChecker()
        assert await checker.is_right(b"alice", b"right", USERS, "good")
        checks.gate.clear()
        flood = [
            asyncio.ensure_future(checker.is_right(b"alice", str(n).encode(), USERS, "bad"))
            for n in range(MAX_WAITING)
        ]
        await asyncio.sleep(0)
        with pytest.raises(TooManyChecks):
            await checker.is_right(b"alice", b"one too many", USERS, "bad")
        assert await checker.is_right(b"alice", b"right", USERS, "bad")
        other = asyncio.ensure_future(checker.is_right(b"bob", b"his", USERS, "good"))
        await asyncio.sleep(0)
        checks.gate.set()
        assert await other
        assert not any(await asyncio.gather(*flood))

    asyncio.run(run())
    # The right one before, one of the flood that was under way, then the other peer's.
    assert [password for password, _ in checks.compared].index(b"his") == 2


def test_equal_questions_at_once_are_one_comparison(checks: Checks) -> None:
    """Scrapes that come together with the same password cost one check."""

    async def run() -> list[bool]:
        checker = PasswordChecker()
        return await asyncio.gather(
            *[checker.is_right(b"alice", b"right", USERS, "good") for _ in range(5)]
        )

    assert asyncio.run(run()) == [True] * 5
    assert len(checks.compared) == 1


def test_a_request_that_ends_while_it_waits_leaves_its_place(checks: Checks) -> None:
    """Cancelled questions do not count among those that wait."""

    async def run() -> bool:
        checker = PasswordChecker()
        checks.gate.clear()
        for round_ in range(2):
            waiting = [
                asyncio.ensure_future(checker.is_right(b"alice", b"%d" % n, USERS, "peer"))
                for n in range(round_, MAX_WAITING)
            ]
            await asyncio.sleep(0)
            for question in waiting:
                question.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        checks.gate.set()
        return await checker.is_right(b"alice", b"right", USERS, "peer")

    assert asyncio.run(run())


def test_a_check_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect in the library ends its request, and no other waits for it."""

    def fail(_: bytes, __: bytes) -> bool:
        raise ValueError("a defect")

    checker = PasswordChecker()
    monkeypatch.setattr(bcrypt, "checkpw", fail)
    with pytest.raises(ValueError, match="a defect"):
        ask(checker, (b"alice", b"right"))
    monkeypatch.undo()
    assert ask(checker, (b"alice", b"right")) == [True]


def test_a_check_that_outlives_the_loop_is_dropped(checks: Checks) -> None:
    """A costly check under way keeps no program from ending."""

    async def run() -> None:
        checks.gate.clear()
        asyncio.ensure_future(  # noqa: RUF006 - cancelled with the loop
            PasswordChecker().is_right(b"alice", b"slow", USERS, "peer")
        )
        while not checks.compared:
            await asyncio.sleep(0.001)

    asyncio.run(run())
    under_way = [thread for thread in threading.enumerate() if thread.name == "password"]
    assert [thread.daemon for thread in under_way] == [True]
    checks.gate.set()
    under_way[0].join(PATIENCE)
    assert not under_way[0].is_alive()
