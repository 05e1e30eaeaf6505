"""Passwords, headers and the bound on requests, over real sockets."""

from __future__ import annotations

import asyncio
import base64
import gc
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import bcrypt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.web.security.auth import (
    MAX_CACHED,
    MAX_WAITING,
    Guard,
    PasswordChecker,
    RequestBound,
    TooManyChecks,
    read_credentials,
)
from exporter.web.security.loading import load_web_config
from exporter.web.security.reloading import LiveWebConfig
from exporter.web.security.schema import RateLimitSection
from exporter.web.server import WebServer
from tests.clock import FakeClock
from tests.components import require
from tests.web.peers import PATIENCE, fetch, serving
from tests.web.sample_site import SampleSite
from tests.web.security.webconfig_files import guarding, hashed

USERS = f"basic_auth_users:\n  alice: {hashed('right')}\n  bøb: {hashed('pass:wörd')}\n"
HEADERS = """\
http_server_config:
  headers:
    X-Frame-Options: deny
    X-Content-Type-Options: nosniff
    X-XSS-Protection: 0
    Strict-Transport-Security: max-age=63072000
    Content-Security-Policy: ""
"""


def basic(user: str, password: str, scheme: str = "Basic") -> dict[str, str]:
    """Return the header of basic authentication."""
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"{scheme} {encoded}"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """Serve a sample site to USERS only."""
    file = tmp_path_factory.mktemp("guarded") / "web.yml"
    file.write_text(USERS, "utf-8")
    with guarding(SampleSite(), LiveWebConfig(file)) as server:
        yield server


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        (basic("alice", "right"), 200),
        (basic("alice", "right", "basic"), 200),
        (basic("bøb", "pass:wörd"), 200),
        (basic("alice", "wrong"), 401),
        (basic("carol", "right"), 401),
        ({"Authorization": "Basic"}, 401),
        ({"Authorization": "Basic not base64!"}, 401),
        ({"Authorization": "Basic " + base64.b64encode(b"no colon").decode()}, 401),
        ({"Authorization": "Bearer right"}, 401),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_only_right_passwords_pass(
    guarded: WebServer, method: str, headers: dict[str, str], status: int
) -> None:
    """Everything but a right user and password is 401 with the challenge."""
    answer = fetch(guarded, method=method, headers=headers)
    challenge = 'Basic realm="metrics"' if status == 401 else None
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (status, challenge)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert (answer.body == b"") is (method == "HEAD")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/-/healthy", 401),
        ("/-/ready", 401),
        ("/metrics", 401),
        ("/nowhere", 401),
        ("/callback", 401),
        ("/callback/app", 404),
    ],
)
def test_every_path_but_callbacks_asks_for_the_password(
    guarded: WebServer, path: str, status: int
) -> None:
    """Health is guarded as with the toolkit; ZEGO's callbacks are signed instead."""
    assert fetch(guarded, path).status == status


def test_headers_are_added_to_every_answer(site: SampleSite, tmp_path: Path) -> None:
    """Pages, errors and refusals carry the headers of the file; blank ones are not sent."""
    file = tmp_path / "web.yml"
    file.write_text(HEADERS + USERS, "utf-8")
    right = basic("alice", "right")
    with guarding(site, LiveWebConfig(file)) as server:
        answers = [fetch(server), fetch(server, headers=right), fetch(server, "/x", headers=right)]
    assert [answer.status for answer in answers] == [401, 200, 404]
    for answer in answers:
        assert answer.headers["X-Frame-Options"] == "deny"
        assert answer.headers["X-XSS-Protection"] == "0"
        assert answer.headers["Strict-Transport-Security"] == "max-age=63072000"
        assert answer.headers["Content-Security-Policy"] is None
        assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]


def test_a_flood_of_wrong_passwords_lets_a_good_scrape_pass(
    site: SampleSite, tmp_path: Path
) -> None:
    """An accepted password does not wait in the queue of wrong ones."""
    file = tmp_path / "web.yml"
    file.write_text(f"basic_auth_users: {{alice: {hashed('right', cost=10)}}}\n")
    curl = require("curl", package="curl")
    with guarding(site, LiveWebConfig(file)) as server:
        good = basic("alice", "right")
        assert fetch(server, headers=good).status == 200
        url = f"http://{server.addresses[0]}/"
        attack = [f"url={url}?{n}\nuser=alice:{n}\noutput=/dev/null\nnext" for n in range(120)]
        flood = subprocess.Popen(
            [curl, "-s", "--parallel", "--parallel-max", "100", "--config", "-"],
            stdin=subprocess.PIPE,
            text=True,
        )
        assert flood.stdin is not None
        flood.stdin.write("\n".join(attack))
        flood.stdin.close()
        statuses = [fetch(server, headers=good).status for _ in range(20)]
        flood.wait()
    assert statuses == [200] * 20


def test_requests_are_bounded_before_passwords(site: SampleSite, tmp_path: Path) -> None:
    """Requests above `rate_limit` get 429, from any client."""
    file = tmp_path / "web.yml"
    file.write_text("rate_limit: {interval: 1h, burst: 2}\n" + USERS, "utf-8")
    clock = FakeClock()
    config = load_web_config(file)
    with serving(Guard(site, lambda: config, clock=clock)) as server:
        assert [fetch(server).status for _ in range(4)] == [401, 401, 429, 429]
        clock.now = 3600
        right = basic("alice", "right")
        assert [fetch(server, headers=right).status for _ in range(2)] == [200, 429]


@settings(deadline=None)
@given(
    st.lists(st.floats(0, 5), max_size=30),
    st.floats(0.1, 3),
    st.integers(1, 5),
)
def test_no_more_than_burst_and_one_per_interval(
    pauses: list[float], interval: float, burst: int
) -> None:
    """In no period do more requests pass than the bucket holds and receives."""
    clock = FakeClock()
    bound = RequestBound(clock)
    limit = RateLimitSection.model_validate({"interval": f"{interval:.3f}s", "burst": burst})
    passed = []
    for pause in pauses:
        clock.now += pause
        if bound.allows(limit):
            passed.append(clock.now)
    for first, start in enumerate(passed):
        for last, end in enumerate(passed[first:], first):
            assert last - first + 1 <= burst + (end - start) / limit.interval + 1e-6


def test_without_an_interval_everything_passes() -> None:
    """A section without an interval sets no limit, as with the toolkit."""
    bound = RequestBound(FakeClock())
    assert all(bound.allows(RateLimitSection(burst=1)) for _ in range(10))


@settings(deadline=None)
@given(st.sampled_from(["", "Basic ", "basic  "]), st.binary(max_size=40))
def test_no_header_breaks_the_reader(scheme: str, value: bytes) -> None:
    """Any header gives credentials or None."""
    found = read_credentials(scheme + value.decode("latin-1"))
    assert found is None or b":" not in found[0]


@settings(deadline=None)
@given(st.binary(max_size=40).filter(lambda user: b":" not in user), st.binary(max_size=40))
def test_credentials_are_read_as_they_were_sent(user: bytes, password: bytes) -> None:
    """Any bytes can be a password; a user name ends at the first colon."""
    header = b"Basic " + base64.b64encode(user + b":" + password)
    assert read_credentials(header.decode()) == (user, password)


def test_curl_logs_in_with_the_right_password_only(site: SampleSite, tmp_path: Path) -> None:
    """The command that the documentation shows works."""
    curl = require("curl", package="curl")
    file = tmp_path / "web.yml"
    file.write_text(USERS, "utf-8")
    with guarding(site, LiveWebConfig(file)) as server:
        url = f"http://{server.addresses[0]}/"
        statuses = [
            subprocess.run(
                [curl, "-s", "-o", "/dev/null", "-w", "%{http_code}", *user, url],
                capture_output=True,
                check=True,
                text=True,
            ).stdout
            for user in (["-u", "alice:right"], ["-u", "alice:wrong"], [])
        ]
    assert statuses == ["200", "401", "401"]


HASHES = {
    b"alice": hashed("right").encode(),
    b"bob": hashed("his", cost=5).encode(),
}


class Checks:
    """Wraps `bcrypt.checkpw`: records each comparison, and delays it while `gate` is closed."""

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
    """Count the comparisons of a test, and open the gate at the end."""
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
            await checker.is_right(user, password, users or HASHES, "peer")
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
def test_only_the_users_own_password_is_accepted(user: bytes, password: bytes, right: bool) -> None:
    """No other password is accepted, also when asked again."""
    assert ask(PasswordChecker(), (user, password), (user, password)) == [right, right]


@pytest.mark.parametrize("prefix", [b"$2a$", b"$2b$", b"$2x$", b"$2y$"])
def test_every_prefix_is_compared(prefix: bytes) -> None:
    """Hashes of htpasswd ($2y$) and of other tools are the same thing."""
    users = {b"alice": HASHES[b"alice"].replace(b"$2b$", prefix)}
    assert ask(PasswordChecker(), (b"alice", b"right"), users=users) == [True]


def test_a_password_counts_up_to_its_72nd_byte() -> None:
    """As in Go, later bytes are ignored, also with versions of bcrypt that refuse them."""
    users = {b"alice": hashed("x" * 72).encode()}
    asked = [(b"alice", b"x" * size) for size in (71, 72, 100)]
    assert ask(PasswordChecker(), *asked, users=users) == [False, True, True]


def test_accepted_passwords_are_compared_once(checks: Checks) -> None:
    """A right one is remembered; a wrong one is compared each time."""
    asked = [(b"alice", b"right"), (b"alice", b"wrong"), (b"carol", b"right")] * 3
    assert ask(PasswordChecker(), *asked) == [True, False, False] * 3
    assert [password for password, _ in checks.compared].count(b"wrong") == 3
    assert len(checks.compared) == 7


def test_a_changed_hash_is_compared_again() -> None:
    """A result belongs to its hash: the old password is refused."""
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


def test_an_unknown_user_costs_as_much_as_a_known_one(checks: Checks) -> None:
    """For unknown names one fixed hash is compared, at the highest cost of the file."""
    ask(PasswordChecker(), *[(str(number).encode(), b"x") for number in range(5)])
    assert len(checks.compared) == 5
    (fake,) = {hashed for _, hashed in checks.compared}
    assert fake.startswith(b"$2b$05$")
    assert fake not in HASHES.values()


def test_wrong_passwords_evict_no_accepted_one(checks: Checks) -> None:
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


def test_a_flood_delays_neither_accepted_passwords_nor_other_addresses(checks: Checks) -> None:
    """While all checks of one address wait, an accepted password passes; another peer is next."""

    async def run() -> None:
        checker = PasswordChecker()
        assert await checker.is_right(b"alice", b"right", HASHES, "good")
        checks.gate.clear()
        flood = [
            asyncio.ensure_future(checker.is_right(b"alice", str(n).encode(), HASHES, "bad"))
            for n in range(MAX_WAITING)
        ]
        await asyncio.sleep(0)
        with pytest.raises(TooManyChecks):
            await checker.is_right(b"alice", b"one too many", HASHES, "bad")
        assert await checker.is_right(b"alice", b"right", HASHES, "bad")
        other = asyncio.ensure_future(checker.is_right(b"bob", b"his", HASHES, "good"))
        await asyncio.sleep(0)
        checks.gate.set()
        assert await other
        assert not any(await asyncio.gather(*flood))

    asyncio.run(run())
    # The accepted one before, the flood's check in progress, then the other peer's.
    assert [password for password, _ in checks.compared].index(b"his") == 2


def test_equal_passwords_at_the_same_time_are_compared_once(checks: Checks) -> None:
    """Scrapes that arrive together with the same password cost one check."""

    async def run() -> list[bool]:
        checker = PasswordChecker()
        return await asyncio.gather(
            *[checker.is_right(b"alice", b"right", HASHES, "good") for _ in range(5)]
        )

    assert asyncio.run(run()) == [True] * 5
    assert len(checks.compared) == 1


def test_a_request_that_ends_while_it_waits_leaves_its_place(checks: Checks) -> None:
    """Cancelled requests do not count as waiting."""

    async def run() -> bool:
        checker = PasswordChecker()
        checks.gate.clear()
        for round_ in range(2):
            waiting = [
                asyncio.ensure_future(checker.is_right(b"alice", b"%d" % n, HASHES, "peer"))
                for n in range(round_, MAX_WAITING)
            ]
            await asyncio.sleep(0)
            for question in waiting:
                question.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        checks.gate.set()
        return await checker.is_right(b"alice", b"right", HASHES, "peer")

    assert asyncio.run(run())


def test_a_failing_check_ends_its_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect in the library fails one request; no other waits for it."""

    def fail(_: bytes, __: bytes) -> bool:
        raise ValueError("a defect")

    checker = PasswordChecker()
    monkeypatch.setattr(bcrypt, "checkpw", fail)
    with pytest.raises(ValueError, match="a defect"):
        ask(checker, (b"alice", b"right"))
    monkeypatch.undo()
    assert ask(checker, (b"alice", b"right")) == [True]


def test_a_check_that_outlives_the_loop_is_dropped(checks: Checks) -> None:
    """A slow check does not keep the program from ending."""
    before = set(threading.enumerate())  # a comparison may have outlived its test

    async def run() -> None:
        checks.gate.clear()
        asyncio.ensure_future(  # noqa: RUF006 - cancelled with the loop
            PasswordChecker().is_right(b"alice", b"slow", HASHES, "peer")
        )
        while not checks.compared:
            await asyncio.sleep(0.001)

    asyncio.run(run())
    under_way = [thread for thread in threading.enumerate() if thread.name == "password"]
    under_way = [thread for thread in under_way if thread not in before]
    assert [thread.daemon for thread in under_way] == [True]
    checks.gate.set()
    under_way[0].join(PATIENCE)
    assert not under_way[0].is_alive()
