"""Text from outside is replaced, cut and hidden as promised, in linear time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter import text as text_module
from exporter.text import (
    MAX_TEXT_CHARACTERS,
    SecretRegistry,
    cut_queries,
    label_value,
    nearest,
    one_line,
    printable,
    redact,
    register_secrets,
    replace_surrogates,
)
from tests.builders import SECRET
from tests.linear import assert_linear

SIGNATURE = "43e5cfcca828314675f91b001390566a"
CONTROLS = [*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), "\u2028", "\u2029"]
DIRECTIONS = list("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
JOINED = [
    "\U0001f469\u200d\U0001f4bb",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "क्\u200dष",
    "\u3000全角",
    "❤\ufe0f",
]


@pytest.fixture(autouse=True)
def _fresh_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "registry", SecretRegistry())


@pytest.mark.parametrize("character", CONTROLS + DIRECTIONS)
def test_terminal_controls_are_replaced(character: str) -> None:
    """One for one, so that lengths stay."""
    assert printable(f"a{character}b") == "a\ufffdb"


@pytest.mark.parametrize("character", CONTROLS)
def test_controls_in_label_values_are_replaced(character: str) -> None:
    """C0, DEL, C1 and the separators of lines and paragraphs."""
    assert label_value(f"a{character}b") == "a\ufffdb"


@pytest.mark.parametrize("text", [*JOINED, "", "plain", "片 片", "café", 'a\\b"c'])
def test_joiners_and_every_script_stay(text: str) -> None:
    """Emoji, Persian and Devanagari are written with joiners."""
    assert printable(text) == label_value(text) == text


@pytest.mark.parametrize("text", DIRECTIONS)
def test_label_values_keep_the_direction_of_writing(text: str) -> None:
    """Two titles must not become one; a title in Arabic may need its marks."""
    assert label_value(f"a{text}") == f"a{text}"


@pytest.mark.parametrize(
    ("length", "expected"),
    [(255, "x" * 255), (256, "x" * 256), (257, "x" * 255 + "…"), (5000, "x" * 255 + "…")],
)
def test_label_values_are_cut(length: int, expected: str) -> None:
    """To 256 characters, the mark included."""
    assert label_value("x" * length) == expected


@settings(deadline=None)
@given(st.text(st.characters(), max_size=400))
def test_label_values_can_be_written(text: str) -> None:
    """Any text can be encoded, has no control character and is short."""
    value = label_value(text)
    assert len(value) <= 256
    value.encode()
    assert not set(value) & set(CONTROLS)


@pytest.mark.parametrize(
    ("text", "expected"), [("plain", "plain"), ("片", "片"), ("a\ud800b", "a\ufffdb")]
)
def test_lone_surrogates_are_replaced(text: str, expected: str) -> None:
    """They could not be encoded into a page."""
    assert replace_surrogates(text) == printable(text) == label_value(text) == expected


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("https://h/p?a=1 failed", "https://h/p failed"),
        ("HTTP://h#token=1", "HTTP://h"),
        ("see http://127.0.0.1:10317/metrics", "see http://127.0.0.1:10317/metrics"),
        ("rtmp://h/live?key=1", "rtmp://h/live"),
        (r"https:\/\/h\/p?key=1", r"https:\/\/h\/p"),
        (r"https://h/p\u003fkey=1", "https://h/p"),
        ("https%3A%2F%2Fh%2Fp%3Fkey%3D1", "https%3A%2F%2Fh%2Fp"),
        ("https%3a%2f%2fh%2fp%3fkey%3d1", "https%3a%2f%2fh%2fp"),
        ("http://me:pass@word@h/p", "http://...@h/p"),
        ("a,http://b@c/d,http://e:f@g", "a,http://...@c/d,http://...@g"),
        ("http%3A%2F%2Fme%3Apass%40h%2Fp", "http%3A%2F%2F...@h%2Fp"),
        ("me@example.org?", "me@example.org?"),
        (f"url: /?Action=X&Signature={SIGNATURE}&Z=1", "url: /?Action=X&Signature=...&Z=1"),
        (f"url: /%3FSignature%3D{SIGNATURE}%26Z", "url: /%3FSignature%3D...%26Z"),
        (f"{{'Signature': '{SIGNATURE}', 'AppId': 1}}", "{'Signature': '...', 'AppId': 1}"),
        (f'{{"Signature":"{SIGNATURE}"}}', '{"Signature":"..."}'),
        (f'b\'{{\\"Signature\\": \\"{SIGNATURE}\\"}}', 'b\'{\\"Signature\\": \\"...\\"}'),
        ("SignatureNonce=4fd24687296dd9f3", "SignatureNonce=4fd24687296dd9f3"),
        ("refused the signature: it is wrong", "refused the signature: it is wrong"),
    ],
)
def test_credentials_in_texts_are_removed(text: str, redacted: str) -> None:
    """Queries and users of URLs, values of signatures, and nothing else."""
    assert redact(text) == redacted


@settings(deadline=None)
@given(st.text(), st.text("abc?&=#/%", max_size=20), st.text())
def test_no_query_and_no_signature_is_left(before: str, query: str, after: str) -> None:
    """In any place."""
    text = f"{before} https://host/{query}?token=hidden&{query}\n{after} Signature={SIGNATURE} "
    assert "token=hidden" not in cut_queries(text)
    assert SIGNATURE not in redact(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("invalid PageSize", "invalid PageSize"),
        ("a\r\nb\x00\x1b[31mc", "a b\ufffd\ufffd[31mc"),
        ("right\u202eleft", "right\ufffdleft"),
        ("无效的输入参数", "无效的输入参数"),
        ("see https://a.example/x.mp4?token=abc now", "see https://a.example/x.mp4 now"),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_peers_text_becomes_one_line(text: str, expected: str) -> None:
    """Lines, control characters, marks of direction and queries of URLs go."""
    assert one_line(text, limit=200) == expected


def spellings() -> Iterator[str]:
    """Yield the secret in the ways in which a peer may quote it."""
    yield SECRET
    yield SECRET.upper()
    for gap in (" ", "\n", "\t\r\n ", "\u200b", "\u2028", "\x00", "\u3000", "\u00ad"):
        yield SECRET[:9] + gap + SECRET[9:]
        yield gap.join(SECRET)


@pytest.mark.parametrize("spelling", list(spellings()))
@pytest.mark.parametrize("around", ["{}", "bad {}!", "x{}x", "見{}た\n", "ẞ{} ß"])
def test_registered_secrets_are_hidden(spelling: str, around: str) -> None:
    """Also when split by white space or invisible characters, and in another case."""
    register_secrets(["another-secret", SECRET])
    assert redact(around.format(spelling)) == around.format("...")
    assert one_line(around.format(spelling), limit=200) == ""


@pytest.mark.parametrize("spelling", list(spellings()))
def test_the_secrets_of_a_request_are_hidden(spelling: str) -> None:
    """Registered or not, and however short."""
    assert one_line(f"bad {spelling}!", limit=200, secrets=(SECRET, "")) == ""
    assert one_line("bad pw!", limit=200, secrets=("pw",)) == ""


@pytest.mark.parametrize("limit", [40, 200])
@pytest.mark.parametrize("gap", ["", " ", "\n" * 30])
def test_no_cut_leaves_a_part_of_a_secret(limit: int, gap: str) -> None:
    """Whether the secret is before, across or behind the limit."""
    register_secrets([SECRET])
    for offset in range(0, 5 * limit + 40, 7):
        text = "~" * offset + gap.join(SECRET) + "~" * limit
        for shown in (redact(text, limit=limit), one_line(text, limit=limit)):
            assert not re.search("[0-9a-f]", shown), (offset, shown)
            assert len(shown) <= limit


def test_short_words_are_not_registered() -> None:
    """They would take ordinary text out of the log."""
    register_secrets(["secret", "", " a b c "])
    assert redact("the secret a b c") == "the secret a b c"


def test_replaced_secrets_are_kept_up_to_a_limit() -> None:
    """Years of replaced files fill no memory; registering a secret again makes it the newest."""
    for start in range(0, 8000, 1000):
        register_secrets([SECRET, *(f"secret-number-{start + n:08}" for n in range(1000))])
    assert redact(SECRET) == "..."
    assert redact("secret-number-00000001") == "secret-number-00000001"
    assert len(text_module.registry.secrets) == text_module.MAX_SECRETS


@settings(deadline=None, max_examples=40)
@given(st.text(st.characters()))
def test_any_text_can_be_printed(text: str) -> None:
    """The result has no control character, and is within its limit."""
    line = one_line(text, limit=20)
    assert not set(line) & set(CONTROLS + DIRECTIONS)
    assert len(line) <= 20
    line.encode()


def test_long_texts_are_cut() -> None:
    """Nobody reads sixteen thousand characters of one line."""
    assert redact("x" * 10**6) == "x" * (MAX_TEXT_CHARACTERS - 1) + "…"


def _unlimited_redact(text: str) -> str:
    return redact(text, limit=len(text))


PARTS = [
    "http://",
    "http%3A%2F%2F",
    "http://?",
    "http://a@",
    "http://a@b@",
    "http%3A%2F%2Fa%40",
    "%3A%2F%2F%3",
    "://%",
    "@",
    "Signature",
    "Signature ",
    "Signature=",
    "Signature \\\"'",
    "Signature= \t",
    " ",
    "\x00",
    "\u200b",
    "\u202e",
    "ẞ",
    SECRET,
    SECRET[:-1],
    " ".join(SECRET) + " ",
    "aaaaaaaaa",
]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    ("function", "head"),
    [
        (printable, ""),
        (label_value, ""),
        (cut_queries, "http://"),
        (cut_queries, "http%3A%2F%2F"),
        (_unlimited_redact, "Signature="),
    ],
)
def test_time_is_linear(function: Callable[[str], str], head: str, part: str) -> None:
    """Whatever a peer repeats, no function reads the same part twice."""
    register_secrets([SECRET, "a" * 64, "aaaaaaaab"])
    assert_linear(function, lambda size: head + part * (size // len(part)))


@pytest.mark.parametrize("part", PARTS)
def test_a_line_of_a_peers_text_is_cut_before_it_is_searched(part: str) -> None:
    """The time hardly depends on the length of the text."""
    register_secrets([SECRET])
    assert_linear(lambda text: one_line(text, limit=200), lambda size: part * size)


@pytest.mark.parametrize(
    ("name", "expected"), [("aps", "apps"), ("collecton", "collection"), ("x", ""), ("", "")]
)
def test_the_nearest_name_is_found(name: str, expected: str) -> None:
    """For "did you mean"; nothing where no name is like it."""
    assert nearest(name, ["apps", "collection", "web"]) == expected


def test_the_nearest_names_are_found_in_order() -> None:
    """The most similar one comes first."""
    assert nearest("seed", ["x", "sea", "feed", "speed"], most=2) == "speed, feed"
