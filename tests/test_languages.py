"""Texts in both languages: complete, with every placeholder, and found for every error message."""

from __future__ import annotations

import ast
import errno
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

import exporter
from exporter.errors import FAILURE_REASONS, CollectionError, ProtocolError
from exporter.languages import (
    FAILURES,
    MESSAGES,
    REASONS,
    REMEDIES,
    STATUSES,
    failure_name,
    reason_name,
    status_name,
    translate_message,
    translate_remedy,
)
from exporter.tasks import TaskStatus
from exporter.zego.callbacks import FAILURE_WORDS
from exporter.zego.client import Deadline
from exporter.zego.codes import error_for_code, error_for_status
from exporter.zego.decoding import Answer, decode_page
from exporter.zego.network_errors import translate_error
from tests.linear import assert_linear
from tests.translation import lost_facts

PACKAGE = Path(exporter.__file__).parent


def test_every_word_has_its_translation() -> None:
    """Statuses, failure reasons and reasons of collections, neither more nor less."""
    assert set(STATUSES) == {status.value for status in TaskStatus}
    assert set(FAILURES) == set(FAILURE_WORDS)
    assert set(REASONS) == set(FAILURE_REASONS)


def remedies() -> Iterator[tuple[str, str]]:
    """Yield every remedy in the package, its varying parts as `{}`, and where it is."""
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        named = {
            target.id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            for value in _given(node):
                if isinstance(value, ast.Name):
                    value = named.get(value.id, value)  # noqa: PLW2901
                if (text := _text(value)) is not None:
                    yield text, path.name
                elif isinstance(value, ast.Dict):
                    yield from ((_text(v) or "", path.name) for v in value.values)


def _given(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.keyword) and node.arg == "remedy":
        yield node.value
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_Meaning":
        yield node.args[2]
    if isinstance(node, ast.FunctionDef) and node.name.endswith("_remedy"):
        yield from (n.value for n in ast.walk(node) if isinstance(n, ast.Return) and n.value)
    if isinstance(node, ast.Assign):
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        if any(re.search("REMED(Y|IES)", name) for name in names) and names != ["REMEDIES"]:
            yield node.value


def _text(value: ast.expr) -> str | None:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value
    if isinstance(value, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{}" for part in value.values
        )
    return None


def test_every_remedy_has_its_translation() -> None:
    """Every error has its remedy in both languages."""
    found = {text: place for text, place in remedies() if text}
    assert len(found) > 15
    assert {text: place for text, place in found.items() if text not in REMEDIES} == {}


def _subclasses(error: type[Exception]) -> Iterator[type[Exception]]:
    yield error
    for subclass in error.__subclasses__():
        yield from _subclasses(subclass)


RAISING = {"invalid_response", *(error.__name__ for error in _subclasses(CollectionError))}
"""Names of what is called with the message of a failed collection."""

ELSEWHERE = {
    "there is no {}": "a callback without a secret, which is an answer and no failed collection",
    "a page {} and has no list of tasks": "its parts: test_messages_made_of_parts_are_translated",
    "the collection did not end before its deadline{}": "the same",
}
"""Messages that need no pattern of their own; the reason."""


def messages() -> Iterator[tuple[str, str]]:
    """Yield every message of a failed collection, its varying parts as `{}`, and where it is."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                yield from ((text, path.name) for text in _messages_in(node))
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_Meaning":
                yield f"{_text(node.args[1])} (code {{}})", path.name


def _messages_in(function: ast.FunctionDef) -> Iterator[str]:
    """Yield the messages that a function gives to an error, directly or by a variable."""
    assigned: dict[str, list[str | None]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            assigned.setdefault(node.targets[0].id, []).append(_text(node.value))
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in RAISING and node.args:
            message = node.args[0]
            if isinstance(message, ast.Call) and isinstance(message.func, ast.Attribute):
                message = message.func.value  # a text that a method changes
            texts = (
                assigned.get(message.id, []) if isinstance(message, ast.Name) else [_text(message)]
            )
            yield from filter(None, texts)


def test_every_message_has_its_translation() -> None:
    """A message that is new, or changed by a comma, and not in MESSAGES fails here."""
    found = {text: place for text, place in messages() if text not in ELSEWHERE}
    assert len(found) > 30
    missing = {
        text: place
        for text, place in found.items()
        if not re.search("[\u4e00-\u9fff]", translate_message(text.replace("{}", "7"), "zh"))
    }
    assert missing == {}


def _deadline(last_error: str) -> Exception:
    deadline = Deadline(1.0, clock=lambda: 0.0, sleep=lambda _: None)
    deadline.last_error = last_error
    return deadline.missed()


EXPIRED = Answer(code=100000004, message="", request_id="", data=None)


@pytest.mark.parametrize(
    "raising",
    [
        lambda: error_for_code(EXPIRED),
        lambda: error_for_code(EXPIRED, clock_skew=-900.0),
        lambda: error_for_code(EXPIRED, clock_skew=900.0),
        lambda: error_for_status(302, retry_after=None),
        lambda: decode_page({"NextPageToken": "x"}),
        lambda: decode_page({"TotalSize": 3}),
        lambda: _deadline(""),
        lambda: _deadline(str(error_for_code(EXPIRED))),
        lambda: translate_error(
            requests.exceptions.InvalidSchema(), url="https://a.example", timeout=1
        ),
        lambda: translate_error(OSError(errno.EMFILE, ""), url="https://a.example", timeout=1),
        lambda: translate_error(socket.gaierror(), url="https://a.example", timeout=1),
    ],
)
def test_messages_made_of_parts_are_translated(raising: Callable[[], Any]) -> None:
    """No English word is left but names."""
    try:
        message = str(raising())
    except ProtocolError as error:
        message = str(error)
    chinese = translate_message(message, "zh")
    assert re.search("[\u4e00-\u9fff]", chinese), message
    names = {"API", "HTTP", "Found", "PROXY", "HTTPS"}
    assert set(re.findall("[A-Za-z]+", chinese)) <= names, chinese


@pytest.mark.parametrize("table", [MESSAGES, REMEDIES], ids=["messages", "remedies"])
def test_every_placeholder_survives(table: dict[str, str]) -> None:
    """A translation has as many varying parts as its text, and no English sentence."""
    for english, chinese in table.items():
        assert english.count("{}") == chinese.count("{}"), english
        assert re.search("[\u4e00-\u9fff]", chinese), english


def test_no_fact_is_lost_in_translation() -> None:
    """Numbers, names in code, and things to look at are in both languages."""
    pairs = [
        *(names for table in (STATUSES, FAILURES, REASONS) for names in table.values()),
        *MESSAGES.items(),
        *REMEDIES.items(),
    ]
    assert {english: lost for english, zh in pairs if (lost := lost_facts(english, zh))} == {}


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("the API refused the signature (code 100000005)", "API 拒绝了签名（返回码 100000005）"),
        (
            "the API refused the signature (code 100000005): bad (really)",
            "API 拒绝了签名（返回码 100000005）：bad (really)",
        ),
        (
            "the API takes our timestamp for expired (code 100000004), its clock is 900 s behind",
            "API 认为签名已过期（返回码 100000004），API 的时钟比本机慢 900 秒",
        ),
        ("connection refused", "连接被拒绝"),
        ("no complete answer within 10 s", "10 秒内没有收到完整的响应"),
        (
            "the collection did not end before its deadline; the last error was: "
            "connection refused",
            "采集未能在时限内完成；最近一次错误：连接被拒绝",
        ),
        ("something that nobody foresaw", "something that nobody foresaw"),
        ("", ""),
    ],
)
def test_messages_are_translated_with_their_parts(english: str, chinese: str) -> None:
    """Numbers and texts of the API are kept; an unknown message stays English."""
    assert translate_message(english, "zh") == chinese
    assert translate_message(english, "en") == english


def test_remedies_are_translated_with_their_parts() -> None:
    """Addresses and variables stay."""
    remedy = (
        "Check the proxy p.example:3128 (from HTTPS_PROXY), or list the endpoint's host in "
        "NO_PROXY."
    )
    assert translate_remedy(remedy, "zh") == (
        "请检查代理 p.example:3128（来自 HTTPS_PROXY），或把 endpoint 的主机名加入 NO_PROXY。"
    )
    assert translate_remedy(remedy, "en") == remedy
    assert translate_remedy("else", "zh") == "else"


def test_names() -> None:
    """Words that this version does not know are shown without underscores."""
    assert (status_name("waiting_retry", "en"), status_name("failed", "zh")) == (
        *("waiting retry", "上传失败"),
    )
    assert failure_name("a_new_one", "zh") == "a new one"
    assert reason_name("clock_skew", "zh") == "时钟偏差"


@pytest.mark.parametrize("piece", ["{}", "(code ", "): ", " (", "the API refused ", "a", "：", ")"])
def test_translation_is_linear_in_the_message(piece: str) -> None:
    """Four times the message takes about four times as long (docs/guarantees.md, section 9)."""

    def translate(text: str) -> str:
        return translate_message(text, "zh") + translate_remedy(text, "zh")

    assert_linear(translate, lambda size: piece * (size // len(piece)))


@pytest.mark.parametrize(
    ("english", "chinese", "lost"),
    [
        ("failed for good, or its checksum is wrong", "上传失败，不再重试", {"checksum"}),
        ("lower collection.interval to 30 s", "请调低 collection.interval", {"30"}),
        ("at most 10", "至多 100", {"10"}),
        ("set HTTPS_PROXY, then run --live", "请设置代理", {"HTTPS_PROXY", "--live"}),
        ("see docs/alerts.md", "参见 docs/alerts.zh-CN.md", set()),
    ],
)
def test_a_lost_fact_is_found(english: str, chinese: str, lost: set[str]) -> None:
    """The comparison of the two languages can fail."""
    assert lost_facts(english, chinese) == lost
