"""Readers of values that only a web configuration has (see `exporter.config.fields`)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import GetCoreSchemaHandler, SecretStr
from pydantic_core import CoreSchema, core_schema

from exporter.config.fields import Reader, kind
from exporter.config.texts import FilePath, Secret, TextReader
from exporter.web.security.ciphers import KNOWN

MAX_PEM_BYTES = 1024 * 1024
"""More than any chain or bundle: a wrong path, such as a device, is not read to its end."""


@dataclass(frozen=True)
class GoBoolean(Reader):
    """A boolean, also in the words that YAML 1.1 has for it, which the toolkit reads."""

    def __str__(self) -> str:
        return "true or false"

    def _read(self, value: Any) -> bool:
        words = {"yes": True, "y": True, "on": True, "no": False, "n": False, "off": False}
        truth = words.get(value.lower(), value) if isinstance(value, str) else value
        if not isinstance(truth, bool):
            raise self._wrong_type(value, "a boolean")
        return truth

    def _schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class GoDuration(Reader):
    """A time span as Go writes it, in seconds; a plain number is nanoseconds, as it is in Go."""

    def __str__(self) -> str:
        return "such as 1s or 500ms; 0 for no limit"

    def _read(self, value: Any) -> float:
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value / 1e9
        if not isinstance(value, str):
            raise self._wrong_type(value, "a duration")
        if not re.fullmatch(rf"\+?({_SPAN})+", value):
            raise self._wrong(value, "not a duration")
        return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in re.findall(_SPAN, value))

    def _schema(self) -> dict[str, Any]:
        return {"type": ["string", "integer"]}


_UNIT_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_SPAN = r"([0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})(h|ms|m|s|us|µs|ns)"


@dataclass(frozen=True)
class PlainText(TextReader):
    """Any text that is not empty."""

    meaning: str

    def _read_text(self, text: str) -> str:
        return text


@dataclass(frozen=True)
class CipherSuite(TextReader):
    """A cipher suite by its name in Go."""

    meaning: str = "such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"

    def _read_text(self, text: str) -> str:
        if text not in KNOWN:
            near = difflib.get_close_matches(text, KNOWN, n=1)
            right = f"did you mean {near[0]}?" if near else self.meaning
            raise ValueError(f"is not a cipher suite that is offered ({right})")
        return text


@dataclass(frozen=True)
class HeaderValue(Reader):
    """The value of an answer's header; one of `words` where there are any."""

    words: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"one of {', '.join(self.words)}" if self.words else "text of one line"

    def _read(self, value: Any) -> str:
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(text, str):
            raise self._wrong_type(value, "text")
        if not re.fullmatch(r"[\t\x20-\x7e\xa0-\xff]*", text):
            raise ValueError(f"holds characters that a header cannot have ({self})")
        if self.words and text not in self.words:
            raise self._wrong(text, "not known")
        return text.strip()

    def _schema(self) -> dict[str, Any]:
        return {"type": "string", **({"enum": list(self.words)} if self.words else {})}


@dataclass(frozen=True)
class PemFile(FilePath):
    """The path of a PEM file that can be read now."""

    def _check(self, path: Path, path_text: str) -> None:
        try:
            read_pem(path)
        except (OSError, ValueError) as error:
            what = error.strerror if isinstance(error, OSError) else error
            raise ValueError(f"{path_text} cannot be used: {what} ({self})") from None


def read_pem(path: Path) -> bytes:
    """Return the content of a PEM file; raises OSError, or ValueError where it is too long."""
    with path.open("rb") as file:
        content = file.read(MAX_PEM_BYTES + 1)
    if len(content) > MAX_PEM_BYTES:
        raise ValueError(f"it is longer than {MAX_PEM_BYTES} bytes")
    return content


@dataclass(frozen=True)
class PemKey(Secret):
    """A private key in the file itself; never shown."""

    meaning: str = "a private key in PEM, as a block of several lines after |"

    def _read_text(self, text: str) -> SecretStr:
        return SecretStr(text)


@dataclass(frozen=True)
class BcryptHash(Secret):
    """A password hashed with bcrypt; never shown.

    The prefixes are those that Go and the library `bcrypt` both read. A cost of 31 is the highest.
    """

    meaning: str = "a hash that begins with $2y$, as htpasswd -nBC 10 USER prints it"

    def _read_text(self, text: str) -> SecretStr:
        if not re.fullmatch(
            r"\$2[abxy]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}", text
        ):
            raise ValueError(f"is not a bcrypt hash ({self})")
        return SecretStr(text)


@dataclass(frozen=True)
class Users:
    """A mapping of user names to hashes; a name is not shown where it looks like a hash."""

    def __str__(self) -> str:
        return "user names with their bcrypt hashes"

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._check, handler(source))

    def _check(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValueError(  # noqa: TRY004 - pydantic collects ValueError only
                f"is {kind(value)}, not a mapping ({self})"
            )
        if any(str(name).startswith("$2") for name in value):
            raise ValueError(f"has a hash where a user name belongs ({self})")
        return value
