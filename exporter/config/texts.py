"""Readers of texts with a form of their own: names, addresses, paths, secrets."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from exporter.config.environment import FromEnvironment
from exporter.config.fields import Reader
from exporter.config.problems import shown
from exporter.config.secret_files import read_secret_file

MAX_NAME_LENGTH = 64
_MAX_PORT = 65535
_RESERVED = ("-", "api", "callback")


class TextReader(Reader):
    """Base of readers that take text only, and not the empty one; `meaning` is what is right."""

    meaning: str

    def __str__(self) -> str:
        return self.meaning

    def _read(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise self._wrong_type(value, "text")
        if not value:
            raise ValueError(f"is empty ({self})")
        return self._read_text(value)

    @abstractmethod
    def _read_text(self, text: str) -> Any:
        """Return what the text means; raises ValueError like `_read`."""

    def _schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1}


@dataclass(frozen=True)
class AppName(TextReader):
    """A name that is safe as a label value, in a URL's path and in a query."""

    meaning: str = f"letters, digits and . _ -, at most {MAX_NAME_LENGTH} of them"

    def _read_text(self, text: str) -> str:
        plain = all(c in "._-" or unicodedata.category(c)[0] in "LMN" for c in text)
        if not plain or len(text) > MAX_NAME_LENGTH or text in (".", ".."):
            raise self._wrong(text, "not usable as a name")
        return str(text)

    def _schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": MAX_NAME_LENGTH}


@dataclass(frozen=True)
class Endpoint(TextReader):
    """An origin that requests may go to; returned without a trailing slash.

    The text is never shown: a URL can carry a password.
    """

    meaning: str = "such as https://cloud-player-api.zego.im; http on a loopback address only"

    def _read_text(self, text: str) -> str:
        url = _split(text)
        if url is None or url.scheme not in ("http", "https"):
            raise ValueError(f"is not an https URL ({self})")
        if url.username is not None or url.password is not None:
            raise ValueError(f"holds a user name or password ({self})")
        if url.path not in ("", "/") or "?" in text or "#" in text:
            raise ValueError(f"has more than a host and a port ({self})")
        if url.scheme == "http" and not _is_loopback(url.hostname or ""):
            raise ValueError(f"is http on a host that is not a loopback address ({self})")
        return f"{url.scheme}://{url.netloc.lower()}"

    def _schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^https?://[^/?#@]+/?$"}


def _split(text: str) -> SplitResult | None:
    """Return the parts of a URL with a host that can be one and a port in range, else None."""
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return None
    host = url.netloc.rpartition("@")[2].removesuffix(f":{port}")
    return url if text.isprintable() and port != 0 and _is_host(host) else None


def _is_host(text: str) -> bool:
    """Tell whether `text` is a host name, an IPv4 address, or an IPv6 address in brackets."""
    if text.startswith("[") and text.endswith("]"):
        return _address(text[1:-1]) is not None
    return re.fullmatch(r"[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?", text) is not None


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


@dataclass(frozen=True)
class ListenAddress(TextReader):
    """`host:port` to listen on; without a host on all addresses."""

    meaning: str = 'such as ":10317", "127.0.0.1:10317" or "[::1]:10317"'

    def _read_text(self, text: str) -> str:
        host, colon, port = text.rpartition(":")
        good_port = re.fullmatch("[0-9]{1,5}", port) and int(port) <= _MAX_PORT
        if not colon or not good_port or (host and not _is_host(host)):
            raise self._wrong(text, "not an address to listen on")
        return str(text)

    def _schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": ":[0-9]{1,5}$"}


@dataclass(frozen=True)
class TelemetryPath(TextReader):
    """The path of the metrics page, which may not hide another page."""

    meaning: str = "such as /metrics; /, /-/…, /api and /callback have other uses"

    def _read_text(self, text: str) -> str:
        if not re.fullmatch(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+", text):
            raise self._wrong(text, "not a path for the metrics")
        if text.split("/")[1] in _RESERVED:
            raise self._wrong(text, "taken by another page")
        return str(text)

    def _schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^/[A-Za-z0-9_~-]"}


@dataclass(frozen=True)
class FilePath(TextReader):
    """A path; a relative one counts from the folder in the validation's context."""

    meaning: str

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._read_from)

    def _read_from(self, value: Any, info: ValidationInfo) -> Path:
        folder: Path = (info.context or {}).get("folder", Path())
        path = value if isinstance(value, Path) else folder / self._read(value)
        self._check(path, _path_shown(value, path))
        return path

    def _read_text(self, text: str) -> Path:
        if "\0" in text:
            raise self._wrong(text, "not a path")
        return Path(text)

    def _check(self, path: Path, path_text: str) -> None:
        """Raise ValueError where `path`, shown as `path_text`, cannot be used; here, any can."""


def _path_shown(value: object, path: Path) -> str:
    """Return the path for a message, unless it is a secret that came into the wrong variable."""
    if isinstance(value, FromEnvironment) and "/" not in value:
        return "the file that the environment names"
    return shown(str(path), limit=200)


@dataclass(frozen=True)
class SecretFile(FilePath):
    """The path of a file that holds a secret and can be read now."""

    meaning: str = "a file that holds the ServerSecret from the ZEGO console and nothing else"

    def _check(self, path: Path, path_text: str) -> None:
        try:
            read_secret_file(path)
        except (OSError, ValueError) as error:
            what = error.strerror if isinstance(error, OSError) else error
            raise ValueError(f"{path_text} cannot be used: {what} ({self})") from None


@dataclass(frozen=True)
class Secret(TextReader):
    """A secret; never shown."""

    meaning: str

    def _read(self, value: Any) -> SecretStr:
        if isinstance(value, SecretStr):
            return value
        if isinstance(value, float | int) and not isinstance(value, bool):
            what = f"is read as a number (put it in quotes: {self})"
            raise ValueError(what)  # noqa: TRY004 - pydantic collects ValueError only
        secret: SecretStr = super()._read(value)
        return secret

    def _read_text(self, text: str) -> SecretStr:
        if not text.strip():
            where = ": the variable is empty" if isinstance(text, FromEnvironment) else ""
            raise ValueError(f"is blank{where} ({self})")
        if not text.strip().isprintable():
            raise ValueError(f"holds line ends or control characters ({self})")
        return SecretStr(text.strip())
