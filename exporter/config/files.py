"""Paths and secrets in the configuration.

Readers of secrets register them: no log line shows one (`docs/guarantees.md`, section 11).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, SecretStr, ValidationInfo

from exporter.config.fields import FromEnvironment, Unavailable, Unfit, kind, shown
from exporter.errors import file_problem
from exporter.text import register_secrets

MAX_SECRET_BYTES = 4096
"""Maximum size of a file with a secret."""


def file_path(
    read: Callable[[Path], object] | None = None, *, may_pass: bool = False
) -> BeforeValidator:
    """Return the reader of a path; a relative one counts from `folder` in the context.

    `read`, if given, must be able to read the file now. It raises OSError, or ValueError whose text
    describes the problem without showing the content. Set `may_pass` for files that other programs
    provide, such as a mounted secret, and that may be there soon.
    """

    def check(value: Any, info: ValidationInfo) -> Path:
        folder: Path = (info.context or {}).get("folder", Path())
        path = value if isinstance(value, Path) else folder / _read_text(value)
        if "\0" in str(path):
            raise Unfit("not a path")
        try:
            if read is not None:
                read(path)
        except OSError as error:
            what = f"{_shown_path(value, path)} cannot be used: {file_problem(error)}"
            raise (Unavailable if may_pass else ValueError)(what) from None
        except ValueError as error:
            raise ValueError(f"{_shown_path(value, path)} cannot be used: {error}") from None
        return path

    return BeforeValidator(check)


def _read_text(value: Any) -> str:
    """Return a text that is not empty. Raises ValueError, never with the value."""
    if not isinstance(value, str):
        raise ValueError(f"is {kind(value)}, not text")  # noqa: TRY004 - see config.fields
    if not value:
        raise ValueError(f"is empty{_of_variable(value)}")
    return value


def _of_variable(blank: str) -> str:
    return ": the variable is empty" if isinstance(blank, FromEnvironment) else ""


def _shown_path(value: object, path: Path) -> str:
    """Return the path for a message, unless it is a secret that came into the wrong variable."""
    if isinstance(value, FromEnvironment) and "/" not in value:
        return "the file that the environment names"
    return shown(str(path), limit=200)


def open_once(path: Path) -> None:
    """Raise OSError where the file cannot be read."""
    with path.open("rb") as file:
        file.read(1)


def read_limited(path: Path, max_bytes: int) -> bytes:
    """Return the content of a file; raises OSError, or ValueError if it is longer.

    The limit ends the reading of a device, or of any other file that was named by mistake.
    """
    with path.open("rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ValueError(f"it is longer than {max_bytes} bytes")
    return content


def read_secret_file(path: Path) -> str:
    """Return the secret in `path`, without white space around it.

    Raises OSError, or ValueError whose text describes the problem without showing the content.
    """
    try:
        secret = read_limited(path, MAX_SECRET_BYTES).decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text") from None
    if not secret:
        raise ValueError("it is empty")
    if not secret.isprintable():
        raise ValueError("it contains more than one line, or control characters")
    register_secrets([secret])
    return secret


SecretFile = Annotated[Path, file_path(read_secret_file, may_pass=True)]
"""The path of a file that contains a secret and can be read now."""


def secret_text(value: Any) -> str:
    """Return the text of a secret. Raises ValueError, never with the value, if it is not text.

    A secret of digits is a number in YAML, which drops its leading zeros, so numbers are refused.
    """
    if isinstance(value, float | int) and not isinstance(value, bool):
        raise ValueError("is read as a number")  # noqa: TRY004 - see config.fields
    return _read_text(value)


def _read_secret(value: Any) -> SecretStr:
    if isinstance(value, SecretStr):  # settings built from settings
        return value
    value = secret_text(value)
    if not value.strip():
        raise ValueError(f"is blank{_of_variable(value)}")
    if not value.strip().isprintable():
        raise ValueError("contains line ends or control characters")
    register_secrets([value.strip()])
    return SecretStr(value.strip())


Secret = Annotated[SecretStr, BeforeValidator(_read_secret)]
"""A secret of one line; never shown."""
