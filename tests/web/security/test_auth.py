"""Passwords, headers and the bound on requests, over real sockets."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.web.security.auth import Guard, RequestBound, read_credentials
from exporter.web.security.loading import load_web_config
from exporter.web.security.reloading import LiveWebConfig
from exporter.web.security.schema import RateLimitSection
from tests.components import require
from tests.web.peers import fetch, serving
from tests.web.sample_site import SampleSite
from tests.web.security.webconfig_files import HandClock, guarding, hashed

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
    site: SampleSite, tmp_path: Path, method: str, headers: dict[str, str], status: int
) -> None:
    """Everything but a right user and password is 401 with the challenge."""
    path = tmp_path / "web.yml"
    path.write_text(USERS, "utf-8")
    with guarding(site, LiveWebConfig(path)) as server:
        answer = fetch(server, method=method, headers=headers)
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
    site: SampleSite, tmp_path: Path, path: str, status: int
) -> None:
    """Health is guarded as with the toolkit; ZEGO's callbacks are signed instead."""
    file = tmp_path / "web.yml"
    file.write_text(USERS, "utf-8")
    with guarding(site, LiveWebConfig(file)) as server:
        assert fetch(server, path).status == status


def test_headers_are_added_to_every_answer(site: SampleSite, tmp_path: Path) -> None:
    """Pages, errors and refusals carry the headers of the file; what is blank is not sent."""
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
    """With a password known to be right, no queue of wrong ones is in the way."""
    file = tmp_path / "web.yml"
    file.write_text(f"basic_auth_users: {{alice: {hashed('right', cost=10)}}}\n")
    curl = require("curl", package="curl")
    with guarding(site, LiveWebConfig(file)) as server:
        good = basic("alice", "right")
        assert fetch(server, headers=good).status == 200
        url = f"http://{server.addresses[0]}/"
        attack = [f"url={url}?{n}\nuser=alice:{n}\noutput=/dev/null\nnext" for n in range(200)]
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
    """`rate_limit` answers 429 to what is too much, from whomever."""
    file = tmp_path / "web.yml"
    file.write_text("rate_limit: {interval: 1h, burst: 2}\n" + USERS, "utf-8")
    clock = HandClock()
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
    """In no stretch of time more pass than the bucket holds and gets."""
    clock = HandClock()
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
    """A section without an interval bounds nothing, as with the toolkit."""
    bound = RequestBound(HandClock())
    assert all(bound.allows(RateLimitSection(burst=1)) for _ in range(10))


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([b"authorization", b"x"]), st.binary(max_size=40))))
def test_no_header_breaks_the_reader(headers: list[tuple[bytes, bytes]]) -> None:
    """Whatever a peer sends is credentials or none."""
    found = read_credentials(headers)
    assert found is None or b":" not in found[0]


@settings(deadline=None)
@given(st.binary(max_size=40).filter(lambda user: b":" not in user), st.binary(max_size=40))
def test_credentials_are_read_as_they_were_sent(user: bytes, password: bytes) -> None:
    """Any bytes can be a password; a user name ends at the first colon."""
    header = b"Basic " + base64.b64encode(user + b":" + password)
    assert read_credentials([(b"authorization", header)]) == (user, password)


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
