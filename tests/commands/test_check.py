"""`check`: findings and their remedies."""

from __future__ import annotations

import errno
import json
import os
import re
import socket
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml

from exporter.commands import check as check_module
from exporter.commands.check import Finding, Probe, check, judge, probe
from exporter.commands.wording import translate_advice, translate_finding
from exporter.config import AppSettings, CollectionSettings, Settings, WebSettings
from exporter.config.schema import HistorySettings
from exporter.errors import ConfigError, RateLimitedError
from exporter.history.database import HistoryFile
from exporter.history.foreign import lock_file
from exporter.simulator.lifecycle import Lifecycle
from tests.builders import NOW, SECRET, make_settings
from tests.faults import FaultyApp, FaultyServer
from tests.faults.faults import Fault
from tests.history.updates import make_update


@pytest.fixture
def simulated() -> FaultyApp:
    """Return an app with 120 tasks that do not change."""
    life = Lifecycle(pace=0, start=NOW)
    life.add_tasks(120)
    return FaultyApp(1, SECRET, life)


@pytest.fixture
def app(simulated: FaultyApp) -> Iterator[AppSettings]:
    """Return the settings of the app, which is served."""
    with FaultyServer([simulated]) as server:
        yield make_settings("vod", app_id=1, server_secret=SECRET, endpoint=server.url)


def findings(app: AppSettings) -> dict[str, list[str]]:
    """Return the findings of a live check of `app` by level, each text with its remedy."""
    found: dict[str, list[str]] = {"ok": [], "warning": [], "error": []}
    for finding in judge(app, probe(app)):
        found[finding.level].append(f"{finding.text} | {finding.remedy}")
    return found


def test_a_good_app_has_no_warning(app: AppSettings) -> None:
    """The signature is accepted, clocks agree, and the duration of a walk is printed."""
    found = findings(app)
    assert not found["warning"]
    assert not found["error"]
    assert any("signature accepted" in text for text in found["ok"])
    assert any("120 tasks on 3 pages" in text for text in found["ok"])
    assert any("clocks agree" in text for text in found["ok"])


@pytest.mark.parametrize(
    ("fault", "parameter", "expected"),
    [
        (Fault.CODE, 100000005, r"refused the signature.*\| .*ServerSecret"),
        (Fault.CODE, 350006006, r"not enabled.*\| .*enable"),
        (Fault.CODE, 350006001, r"rate limit.*\| Another user of this AppId's rate limit"),
        (Fault.CODE, 350006003, r"refused a parameter.*\| .*is_test"),
        (Fault.HTTP_STATUS, 403, r"403.*\| .*[Pp]roxy"),
        (Fault.HTTP_STATUS, 503, r"503"),
        (Fault.HTML, 200, r"answer.*\| .*proxy"),
        (Fault.RESET, None, r"connection"),
    ],
)
def test_each_failure_is_named_with_its_remedy(
    app: AppSettings, simulated: FaultyApp, fault: Fault, parameter: Any, expected: str
) -> None:
    """One request, no retries, one error."""
    simulated.faults.switch_on(fault, parameter)
    (error,) = findings(app)["error"]
    assert re.search(expected, error)
    assert SECRET not in error
    assert simulated.arrivals.requests == 1


def test_a_wrong_secret_is_named(app: AppSettings) -> None:
    """The most common mistake of a first-time user."""
    wrong = app.model_copy(update={"server_secret": make_settings().server_secret})
    (error,) = findings(wrong)["error"]
    assert "refused the signature" in error


def test_an_unreachable_host_is_named(app: AppSettings) -> None:
    """The message says what to check."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        (error,) = findings(app.model_copy(update={"endpoint": endpoint}))["error"]
    assert "connection refused" in error
    assert "firewall" in error


def test_a_clock_that_is_off_is_measured(app: AppSettings, simulated: FaultyApp) -> None:
    """20 minutes are refused by the API, a minute is a warning; both messages give the offset."""
    simulated.faults.switch_on(Fault.CLOCK_OFFSET, 1200.0)
    found = findings(app)
    assert len(found["error"]) == 1
    assert re.search(r"clock is 1(200|199|201) s behind", found["warning"][0])
    simulated.faults.switch_on(Fault.CLOCK_OFFSET, -60.0)
    found = findings(app)
    assert not found["error"]
    assert re.search(r"clock is (59|60|61) s ahead of", found["warning"][0])


def verdicts(app: AppSettings, probe: Probe) -> list[Finding]:
    """Return the findings that are not ok."""
    return [finding for finding in judge(app, probe) if finding.level != "ok"]


def test_a_slow_answer_names_the_region() -> None:
    """An API far away makes walks long."""
    app = make_settings(region="fra")
    (finding,) = verdicts(app, Probe(elapsed=1.5, clock_skew=0.0, total=10))
    assert "1.5 s" in finding.text
    assert "region is fra" in finding.remedy


@pytest.mark.parametrize(
    ("collection", "expected"),
    [
        (CollectionSettings(interval=60), "collection.interval (now 1m)"),
        (
            CollectionSettings(interval=600, deadline=90, stale_after=3000),
            "collection.deadline (now 1m30s)",
        ),
        (
            CollectionSettings(interval=60, stale_after=120, strategy="incremental"),
            "collection.stale_after (now 2m)",
        ),
    ],
)
def test_a_walk_longer_than_its_time_is_a_warning(
    collection: CollectionSettings, expected: str
) -> None:
    """100,000 tasks at 10 requests a second take 200 seconds."""
    app = make_settings(collection=collection)
    (finding,) = verdicts(app, Probe(elapsed=0.05, clock_skew=0.0, total=100_000))
    assert "about 200.0 s" in finding.text
    assert expected in finding.remedy


def test_without_a_total_no_duration_is_printed() -> None:
    """The API need not give one."""
    assert not verdicts(make_settings(), Probe(elapsed=0.05, clock_skew=None, total=None))


def test_the_request_id_is_printed() -> None:
    """ZEGO's support asks for it."""
    error = RateLimitedError("no", code="350006001", request_id="abc")
    (finding,) = verdicts(make_settings(), Probe(0.1, None, error=error))
    assert "RequestId abc" in finding.text


def test_the_text_ends_with_a_scrape_configuration(
    app: AppSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ready to paste: it is YAML, with the port that is listened on."""
    assert check(Settings(apps=(app,)), live=False, form="text")
    printed = capsys.readouterr().out
    scrape = yaml.safe_load(printed[printed.index("# for prometheus.yml") :])
    (target,) = scrape["scrape_configs"][0]["static_configs"][0]["targets"]
    assert target.endswith(":10317")


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        ((":20400",), f"{os.uname().nodename}:20400"),
        (("0.0.0.0:20400",), f"{os.uname().nodename}:20400"),
        (("[::]:20400",), f"{os.uname().nodename}:20400"),
        (("127.0.0.1:20400",), "127.0.0.1:20400"),
        (("[::1]:20400", ":1"), "[::1]:20400"),
        (("exporter.example:20400",), "exporter.example:20400"),
    ],
)
def test_the_target_has_the_host_that_is_listened_on(
    app: AppSettings,
    capsys: pytest.CaptureFixture[str],
    addresses: tuple[str, ...],
    expected: str,
) -> None:
    """The node's name leads nowhere where only one address answers."""
    web = WebSettings(listen_address=addresses)
    assert check(Settings(apps=(app,), web=web), live=False, form="text")
    printed = capsys.readouterr().out
    scrape = yaml.safe_load(printed[printed.index("# for prometheus.yml") :])
    assert scrape["scrape_configs"][0]["static_configs"] == [{"targets": [expected]}]


def test_a_failing_check_shows_no_scrape_configuration(
    app: AppSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is nothing to scrape yet, and the error is to be the last output."""
    wrong = app.model_copy(update={"server_secret": make_settings().server_secret})
    assert not check(Settings(apps=(wrong,)), live=True, form="text")
    assert "scrape_configs" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("variable", "proxy", "expected"),
    [
        ("https_proxy", "http://user:word@proxy.test:3128", "the proxy proxy.test:3128 of"),
        ("all_proxy", "proxy.test:3128", "the proxy proxy.test:3128 of"),
        (
            "ALL_PROXY",
            "socks5h://user:word@proxy.test:1080",
            "the proxy proxy.test:1080 (socks5h) of",
        ),
    ],
)
def test_the_proxy_is_named_without_its_credentials(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    proxy: str,
    expected: str,
) -> None:
    """From any variable; people forget that they have set one."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv(variable, proxy)
    monkeypatch.setattr(check_module, "probe", lambda _app: Probe(0.1, None, total=1))
    app = make_settings("vod", endpoint="https://cloud-player-api.zego.im")
    assert check(Settings(apps=(app,)), live=True, form="text")
    printed = capsys.readouterr().out
    assert expected in printed
    assert "word" not in printed


@pytest.mark.parametrize(
    ("endpoint", "proxy"),
    [
        ("http://127.0.0.1:9", "http://proxy.test:3128"),  # loopback uses no proxy
        ("https://cloud-player-api.zego.im", "http://user:pa[ss@proxy.test:3128"),
    ],
)
def test_a_proxy_that_is_not_used_is_not_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], endpoint: str, proxy: str
) -> None:
    """The request's own error explains one that is not a URL."""
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, proxy)
    monkeypatch.setattr(check_module, "probe", lambda _app: Probe(0.1, None, total=1))
    assert check(Settings(apps=(make_settings("vod", endpoint=endpoint),)), live=True, form="text")
    assert "proxy" not in capsys.readouterr().out


@pytest.mark.parametrize("character", "@#/?%[]:")
@pytest.mark.parametrize(
    "password",
    [
        "{}MARK",
        "MARK{}",
        "MARK{}MARK",
        "12{}MARK",
        "{0}MARK{0}",
        "a@MARK{}x",
        "{}MARK@x",
        "[MARK{}]",
    ],
)
def test_no_part_of_a_proxy_s_password_is_shown(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    password: str,
    character: str,
) -> None:
    """A character that should be percent-encoded can make a part of it look like the host."""

    def look_up(host: str, *_: object, **__: object) -> NoReturn:
        if host == "127.0.0.1":
            raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
        raise socket.gaierror(socket.EAI_NONAME, f"{host}: Name or service not known")

    for name in ("https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{password.format(character)}@127.0.0.1:9")
    caplog.set_level("DEBUG")
    app = make_settings("vod", endpoint="https://api.example")
    for form in ("text", "json"):
        assert not check(Settings(apps=(app,)), live=True, form=form)
    printed = capsys.readouterr().out
    assert "mark" not in (printed + caplog.text).lower()
    assert ("Percent-encode" in printed) != ("the proxy 127.0.0.1:9 " in printed)
    assert "proxy user" not in printed


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (0, "0 tasks on 1 page:"),
        (1, "1 task on 1 page:"),
        (50, "50 tasks on 1 page:"),
        (51, "51 tasks on 2 pages:"),
    ],
)
def test_numbers_agree_with_their_nouns(total: int, expected: str) -> None:
    """One is singular, and an empty listing is one page."""
    texts = [finding.text for finding in judge(make_settings(), Probe(0.1, None, total=total))]
    assert any(text.startswith(expected) for text in texts), texts


def test_json_is_for_scripts(app: AppSettings, capsys: pytest.CaptureFixture[str]) -> None:
    """A list of findings, and the verdict as the result."""
    wrong = app.model_copy(update={"server_secret": make_settings().server_secret})
    assert not check(Settings(apps=(app, wrong)), live=True, form="json")
    found = json.loads(capsys.readouterr().out)
    assert {finding["level"] for finding in found} == {"ok", "error"}
    assert all(finding["app"] == "vod" for finding in found)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("missing/history.sqlite", "No such file or directory"),
        ("", "is a folder"),
        ("/dev/null/x", "Not a directory"),
        ("x" * 300 + "/x", "File name too long"),
    ],
)
def test_a_history_that_serve_would_refuse_is_an_error(
    app: AppSettings, tmp_path: Path, place: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check does not lock the file, which a running exporter may use."""
    history = HistorySettings(path=tmp_path / place)
    assert not check(Settings(apps=(app,), history=history), live=False, form="json")
    (error,) = [f for f in json.loads(capsys.readouterr().out) if f["level"] == "error"]
    assert error["text"].startswith("history.path: ")
    assert expected in error["text"]
    assert error["remedy"]


def foreign_sqlite(path: Path, statement: str) -> None:
    """Create an SQLite file at `path` with `statement`."""
    with closing(sqlite3.connect(path)) as other:
        other.execute(statement)


@pytest.mark.parametrize(
    ("create", "expected"),
    [
        (lambda path: path.write_text("apps: []\n"), "is not a history file"),
        (lambda path: foreign_sqlite(path, "CREATE TABLE t (x)"), "the SQLite file of another"),
        (lambda path: foreign_sqlite(path, "PRAGMA user_version = 99"), "by a newer version"),
        (
            lambda path: (path.touch(), lock_file(path).write_text("notes")),
            "file.lock beside it is not of this program",
        ),
    ],
)
def test_a_history_that_is_another_file_is_an_error(
    app: AppSettings,
    tmp_path: Path,
    create: Callable[[Path], object],
    expected: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As serving does, which refuses it; the file and its folder stay as they are."""
    path = tmp_path / "file"
    create(path)
    before = path.read_bytes()
    history = HistorySettings(path=path)
    assert not check(Settings(apps=(app,), history=history), live=False, form="json")
    (error,) = [f for f in json.loads(capsys.readouterr().out) if f["level"] == "error"]
    assert error["text"].startswith(f"history.path: {path} ")
    assert expected in error["text"]
    assert error["remedy"]
    for text in (error["text"], error["remedy"]):
        assert re.search("[一-龥]", translate_finding(text, "zh") + translate_advice(text, "zh"))
    with pytest.raises(ConfigError, match=expected):
        HistoryFile(path)
    assert path.read_bytes() == before


def test_the_history_of_a_running_exporter_is_no_finding(
    app: AppSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check reads its file without a lock."""
    path = tmp_path / "history.sqlite"
    with closing(HistoryFile(path)) as running:
        running.write("vod", 1, make_update())
        history = HistorySettings(path=path)
        assert check(Settings(apps=(app,), history=history), live=False, form="json")
        running.write("vod", 1, make_update())
    assert "history" not in capsys.readouterr().out


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_is_full_or_read_only_is_a_warning(
    app: AppSettings,
    tmp_path: Path,
    code: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`serve` logs a warning too, and starts."""

    def refuse(**_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuse)
    history = HistorySettings(path=tmp_path / "history.sqlite")
    assert check(Settings(apps=(app,), history=history), live=False, form="json")
    (finding,) = [f for f in json.loads(capsys.readouterr().out) if "history" in f["text"]]
    assert finding["level"] == "warning"


def test_a_good_history_is_no_finding(
    app: AppSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file need not exist yet."""
    history = HistorySettings(path=tmp_path / "history.sqlite")
    assert check(Settings(apps=(app,), history=history), live=False, form="json")
    assert "history" not in capsys.readouterr().out
