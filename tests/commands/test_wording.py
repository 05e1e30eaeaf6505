"""The output of `check` and `tasks` in Chinese."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import exporter.commands.check
import exporter.config.warnings
from exporter.commands.check import Probe, _scrape_configuration, judge
from exporter.commands.wording import (
    COLUMNS,
    FINDINGS,
    REMEDIES,
    language_of,
    translate_advice,
    translate_finding,
)
from exporter.config import Settings, WebSettings
from exporter.errors import AuthError
from tests.builders import make_settings


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en"),
        ({"LANG": "de_DE", "LC_ALL": "zh_TW"}, "zh"),
        ({"LANG": "C", "LC_ALL": ""}, "en"),
    ],
)
def test_the_locale_decides(environment: dict[str, str], language: str) -> None:
    """LC_ALL before LC_MESSAGES before LANG; an empty one counts as unset."""
    assert language_of(environment) == language


@pytest.mark.parametrize("table", [FINDINGS, REMEDIES])
def test_every_placeholder_survives(table: dict[str, str]) -> None:
    """No figure is lost in translation."""
    for english, chinese in table.items():
        assert english.count("{}") == chinese.count("{}")
    assert len(COLUMNS["zh"]) == len(COLUMNS["en"])


COMPOSED = {"{}, longer than the {}", "this machine's clock is {} s {} the API's"}
"""Sentences with translated parts; the probes below cover them."""


def text_of(node: ast.AST) -> str:
    """Return the text of a string in the source, with {} for what varies in an f-string."""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
        )
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def sentences() -> Iterator[str]:
    """Yield every sentence of `check`, an f-string with {} for what varies."""
    tree = ast.parse(Path(str(exporter.commands.check.__file__)).read_text("utf-8"))
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Finding":
            yield from filter(None, map(text_of, call.args[2:]))


def test_every_sentence_of_check_has_its_translation() -> None:
    """A new one that was forgotten fails here."""
    plain = [text for text in sentences() if not re.fullmatch(r"[{}\W]*", text)]
    assert len(plain) > 5
    for text in plain:
        written = re.sub(r"\{\}", "7", text)
        chinese = translate_finding(written, "zh"), translate_advice(written, "zh")
        known = [answer for answer in chinese if answer != written]
        assert known or text in COMPOSED, text


def test_every_warning_about_a_setting_has_its_translation() -> None:
    """`check` shows them; each ends with what to do, in brackets."""
    tree = ast.parse(Path(str(exporter.config.warnings.__file__)).read_text("utf-8"))
    plain = [text for text in map(text_of, ast.walk(tree)) if re.fullmatch(r"\S.*\(.*\)", text)]
    assert len(plain) == 6
    for text in plain:
        written = "apps[0].key: " + re.sub(r"\{\}", "7", text)
        assert translate_finding(written, "zh").startswith("apps[0].key："), text


def test_a_probe_is_judged_in_chinese() -> None:
    """With the message and the remedy of the error, and the request id."""
    app = make_settings()
    error = AuthError(
        "the API refused the signature (code 100000005)",
        code="100000005",
        request_id="42",
        remedy="Check that server_secret belongs to app_id: ZEGO console, project, ServerSecret.",
    )
    failed, skewed = judge(app, Probe(0.2, 700.0, error=error))
    assert (
        translate_finding(failed.text, "zh") == "API 拒绝了签名（返回码 100000005）（RequestId 42）"
    )
    assert translate_advice(failed.remedy, "zh").startswith("请确认 server_secret")
    assert translate_finding(skewed.text, "zh") == "本机时钟比 API 慢 700 秒"
    texts = [finding.text for finding in judge(app, Probe(0.2, 0.0, total=120))]
    assert all(translate_finding(text, "zh") != text for text in texts)


IDENTIFIERS = {
    *("API", "AppId", "NTP", "RequestId", "ZEGO", "collection.interval", "collection.deadline"),
    *("interval", "deadline", "stale_after", "requests_per_second", "region", "global"),
    *("m", "s"),  # in durations as the configuration has them: 1m30s
}


@pytest.mark.parametrize("probe", [
    Probe(0.2, 0.0, total=1), Probe(0.2, 0.0, total=120), Probe(0.2, 0.0, total=10**6),
    Probe(1.5, -700.0), Probe(0.2, 700.0, total=0),
])  # fmt: skip
def test_no_english_word_is_left(probe: Probe) -> None:
    """Neither in findings nor in remedies; identifiers stay."""
    for finding in judge(make_settings(), probe):
        chinese = translate_finding(finding.text, "zh") + translate_advice(finding.remedy, "zh")
        words = re.findall(r"[A-Za-z][A-Za-z_.]*[A-Za-z]|[A-Za-z]", chinese)
        assert set(words) <= IDENTIFIERS, chinese


def test_the_scrape_configuration_is_introduced_in_chinese(tmp_path: Path) -> None:
    """Its comments are for people."""
    (tmp_path / "web.yml").write_text("{}", "utf-8")
    web = WebSettings(config_file=tmp_path / "web.yml")
    text = _scrape_configuration(Settings(apps=(make_settings(),), web=web), "zh")
    comments = re.findall("# .*", text)
    assert len(comments) == 2
    assert all(re.search("[\u4e00-\u9fff]", comment) for comment in comments)
    assert yaml.safe_load(text)["scrape_configs"]
