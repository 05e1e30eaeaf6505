"""Passwords: what is right, what is kept, and that a flood holds nobody up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import bcrypt
import pytest

from exporter.web.security.passwords import MAX_KEPT, MAX_WAITING, PasswordChecker, TooManyChecks
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


def test_results_are_kept(checks: Checks) -> None:
    """Each pair of user and password is compared once, right or wrong."""
    asked = [(b"alice", b"right"), (b"alice", b"wrong"), (b"carol", b"right")] * 3
    assert ask(PasswordChecker(), *asked) == [True, False, False] * 3
    assert len(checks.compared) == 3


def test_a_changed_hash_is_compared_anew() -> None:
    """A result belongs to its hash: an old password does not live on."""
    checker = PasswordChecker()
    changed = {b"alice": hashed("new").encode()}
    assert ask(checker, (b"alice", b"right")) == [True]
    assert ask(checker, (b"alice", b"right"), (b"alice", b"new"), users=changed) == [False, True]


def test_no_password_is_kept(checks: Checks) -> None:
    """What is remembered does not hold the password, nor a digest without a key."""
    checker = PasswordChecker()
    ask(checker, (b"alice", b"a rather long password"))
    assert b"a rather long password" not in repr(vars(checker._wrong)).encode()
    assert checker._digest(b"a") != PasswordChecker()._digest(b"a")
    assert len(checks.compared) == 1


def test_an_unknown_user_costs_what_a_known_one_costs(checks: Checks) -> None:
    """One real hash is compared for a name that nobody has, always the same for the same name."""
    checker = PasswordChecker()
    ask(checker, *[(b"nobody", str(number).encode()) for number in range(5)])
    compared = {hashed for _, hashed in checks.compared}
    assert len(checks.compared) == 5
    assert len(compared) == 1
    assert compared <= set(USERS.values())


def test_unknown_users_are_spread_over_the_costs(checks: Checks) -> None:
    """With hashes of several costs, unknown names take each of them, as known names do."""
    ask(PasswordChecker(), *[(str(number).encode(), b"x") for number in range(40)])
    assert {hashed for _, hashed in checks.compared} == set(USERS.values())


def test_wrong_passwords_push_out_no_right_one(checks: Checks) -> None:
    """A flood of wrong ones fills its own room only, and that has a bound."""
    checker = PasswordChecker()
    users = {b"alice": USERS[b"alice"]}
    ask(checker, (b"alice", b"right"), users=users)
    for number in range(MAX_KEPT + 10):
        checker._wrong.add(checker._digest(b"alice", users[b"alice"], str(number).encode()))
    ask(checker, (b"alice", b"right"), users=users)
    assert len(checks.compared) == 1
    assert len(checker._wrong._digests) == MAX_KEPT


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
