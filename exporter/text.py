"""Makes text from outside safe for labels, logs, pages and terminals.

Rules that this file keeps (docs/guarantees.md, sections 9 to 11):

- Every function takes time linear in the length of its text. Regular expressions here are single
  character classes or use possessive quantifiers, which never go back.
- A long text is cut before it is searched.
- Texts that may grant access are removed: queries and user names of URLs, signatures, and
  registered secrets.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable

MAX_LABEL_CHARACTERS = 256
"""Maximum length of a label value; Prometheus can be told to refuse a page with longer ones."""

MAX_TEXT_CHARACTERS = 16 * 1024
"""Maximum length of a text that `redact` returns; a traceback of a deep stack has about 5,000."""

MIN_SECRET_CHARACTERS = 8
"""Shorter secrets are not registered: a short word would take ordinary text out of the log."""

MAX_SECRETS = 4096
"""Registered secrets, latest first; secret files that are replaced add up."""

# Controls, line and paragraph separators; lone surrogates, which no encoding can hold.
_CONTROLS = "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
# Marks and overrides of the writing direction. The joiners U+200C and U+200D are not among them.
_DIRECTIONS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_CONTROL = re.compile(f"[{_CONTROLS}]")
_CONTROL_OR_DIRECTION = re.compile(f"[{_CONTROLS}{_DIRECTIONS}]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\ufffd"
_HIDDEN = "..."

_TOKEN = re.compile(r"\S++")
# Plain, with JSON's optional escapes, and percent-encoded as a whole.
_SCHEME_END = re.compile(r"://|:\\/\\/|%3A%2F%2F", re.IGNORECASE)
_QUERY_START = re.compile(r"[?#]|%3F|%23|\\u003f|\\u0023", re.IGNORECASE)
_USER = re.compile(
    rf"({_SCHEME_END.pattern})(?:(?:[^/\\@%]|%(?!2F|40))++(?:@|%40))++", re.IGNORECASE
)
# As in a query, in a header, or in the representation of a mapping.
_SIGNATURE = re.compile(
    r"""((?:\b|(?<=%[23][6Ff]))Signature[\\"']{0,4}+\s*+(?:[=:]|%3[ADad])\s*+[\\"']{0,4}+)[^\s"'&,;)}\]\\%]++"""
)


OTHER_DASHES = re.compile(r"\A-*[\u2010-\u2015\u2212\uff0d][-\u2010-\u2015\u2212\uff0d]*")
"""What word processors and Chinese keyboards write for `--` at the beginning of a flag."""

LIKE_A_SECRET = re.compile("[0-9A-Fa-f]{32,}")
"""What a ServerSecret looks like; a longer run of digits may hold one."""


class SecretRegistry:
    """Secrets as they are searched for: without white space, in one case."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest_last: dict[str, None] = {}
        self.secrets: tuple[str, ...] = ()
        self.longest = 0

    def add(self, secrets: Iterable[str]) -> None:
        """Search for these from now on; the oldest are dropped beyond MAX_SECRETS."""
        squeezed = [_normalise(secret) for secret in secrets]
        with self._lock:
            for secret in squeezed:
                if len(secret) >= MIN_SECRET_CHARACTERS:
                    self._latest_last.pop(secret, None)
                    self._latest_last[secret] = None
            for oldest in list(self._latest_last)[:-MAX_SECRETS]:
                del self._latest_last[oldest]
            self.secrets = tuple(self._latest_last)
            self.longest = max(map(len, self.secrets), default=0)


registry = SecretRegistry()


def register_secrets(secrets: Iterable[str]) -> None:
    """Make `redact` and `one_line` take these secrets out of every text from now on.

    Call it with server and callback secrets as soon as they are known: when a configuration has
    been read, also one that is then refused, and when a secret file has been read again. Secrets
    stay registered after they were replaced. May be called from any thread.
    """
    registry.add(secrets)


def mask_secrets(text: str) -> str:
    """Return `text` with `...` for everything in it that looks like a ServerSecret.

    For messages that repeat what a user typed: a secret in the wrong place is not registered.
    """
    return LIKE_A_SECRET.sub(_HIDDEN, text)


def nearest(name: str, known: Iterable[str], *, most: int = 1) -> str:
    """Return up to `most` names in `known` that are like `name`, the best first; "" for none."""
    # 0.3 MiB that a program without mistakes does not need.
    from difflib import get_close_matches  # noqa: PLC0415

    return ", ".join(get_close_matches(name, list(known), n=most))


def replace_surrogates(text: str) -> str:
    """Return `text` with lone surrogates, which no encoding can hold, replaced by U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub(_REPLACEMENT, text)


def printable(text: str) -> str:
    """Return `text` for a terminal, a log or a page, with U+FFFD for characters that act on it.

    These are control characters, line and paragraph separators, lone surrogates, and marks of the
    writing direction. Joiners, which scripts and emoji need, stay. The length stays too.
    """
    return text if text.isprintable() else _CONTROL_OR_DIRECTION.sub(_REPLACEMENT, text)


def label_value(text: str) -> str:
    """Return `text` as a label value of at most 256 characters, the last one `…` if it was cut.

    Control characters, line and paragraph separators and lone surrogates become U+FFFD; all else
    stays, since a label's value identifies (docs/guarantees.md, section 10).
    """
    text = cut(text, MAX_LABEL_CHARACTERS)
    return text if text.isprintable() else _CONTROL.sub(_REPLACEMENT, text)


def cut(text: str, limit: int) -> str:
    """Return at most `limit` characters of `text`, the last one `…` if some are missing."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def one_line(text: str, *, limit: int, secrets: Iterable[str] = ()) -> str:
    """Return a text from a peer in one printable line of at most `limit` characters.

    White space is collapsed and queries of URLs are cut off. A text that holds one of `secrets`
    or a registered one, also split by white space or in another case, gives the empty string:
    a part of a secret would still be too much.
    """
    own = [squeezed for secret in secrets if (squeezed := _normalise(secret))]
    longest = max(registry.longest, max(map(len, own), default=0))
    start = text[: 4 * limit + longest]
    squeezed = _normalise(start)
    if any(secret in squeezed for secret in (*own, *registry.secrets)):
        return ""
    if len(start) < len(text):
        start = _without_tail(start, longest)
    return cut_queries(printable(" ".join(start.split())))[:limit]


def redact(text: str, *, limit: int = MAX_TEXT_CHARACTERS) -> str:
    """Return at most `limit` characters of `text`, with nothing in it that grants access.

    Queries and user names of URLs are cut off; values of signatures and registered secrets, also
    split by white space or in another case, become `...`.
    """
    shown = _hide_secrets(text[:limit])
    if len(text) > limit:
        shown = _without_tail(shown, registry.longest)[: limit - 1] + "…"
    return _SIGNATURE.sub(rf"\1{_HIDDEN}", cut_queries(shown))


def cut_queries(text: str) -> str:
    """Return `text` with every URL in it cut off where its query or fragment begins.

    A user name and password in front of the host become `...`. The URL may have any scheme, and be
    percent-encoded or escaped as in JSON.
    """
    if _SCHEME_END.search(text) is None:
        return text
    return _TOKEN.sub(_cut_token, text)


def _cut_token(token: re.Match[str]) -> str:
    text = token[0]
    if scheme := _SCHEME_END.search(text):
        if query := _QUERY_START.search(text, scheme.end()):
            text = text[: query.start()]
        text = _USER.sub(rf"\1{_HIDDEN}@", text)
    return text


def _without_tail(text: str, longest: int) -> str:
    """Return `text`, the beginning of a longer one, without its last `longest` characters.

    The first half of a secret could be among them, and would not be recognised. White space does
    not count, because it may stand between the characters of a secret.
    """
    end = len(text)
    while longest and end:
        end -= 1
        longest -= _is_significant(text[end])
    return text[:end]


def _normalise(text: str) -> str:
    """Return `text` in one case and without white space, controls and invisible characters."""
    squeezed = "".join(text.split())
    if not squeezed.isprintable():
        squeezed = "".join(filter(_is_significant, squeezed))
    return squeezed.casefold()


def _is_significant(character: str) -> bool:
    return character.isprintable() and not character.isspace()


def _hide_secrets(text: str) -> str:
    squeezed = _normalise(text)
    found = [secret for secret in registry.secrets if secret in squeezed]
    if not found:
        return text
    # The place in `text` of each character of `squeezed`; folding a case can make one into two.
    places = [
        place
        for place, character in enumerate(text)
        if _is_significant(character)
        for _ in character.casefold()
    ]
    hidden = bytearray(len(text))
    for secret in found:
        start = squeezed.find(secret)
        while start >= 0:
            first, last = places[start], places[start + len(secret) - 1]
            hidden[first : last + 1] = b"\1" * (last + 1 - first)
            start = squeezed.find(secret, start + len(secret))
    # A run of hidden characters becomes one mark, whatever its length.
    return "".join(
        character if not hidden[place] else _HIDDEN if not (place and hidden[place - 1]) else ""
        for place, character in enumerate(text)
    )
