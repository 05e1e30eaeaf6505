"""The error tree and its label values."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exporter import errors
from exporter.errors import (
    FAILURE_REASONS,
    ApiError,
    CollectionError,
    ConfigError,
    ExporterError,
    file_problem,
)


def below(error: type[Exception]) -> Iterator[type[Exception]]:
    """Yield all classes derived from `error`."""
    for child in error.__subclasses__():
        yield child
        yield from below(child)


def test_every_failed_collection_has_a_reason_that_is_exposed() -> None:
    """Each reason of a class is a label value, and no two classes share one."""
    reasons = {
        e.__name__: e.__dict__["reason"] for e in below(CollectionError) if "reason" in e.__dict__
    }
    assert sorted(reasons.values()) == sorted(FAILURE_REASONS)
    assert len(set(FAILURE_REASONS)) == len(FAILURE_REASONS)
    assert all(isinstance(getattr(e, "reason", None), str) for e in below(ApiError))


def test_the_tree_in_the_module_is_complete() -> None:
    """Each class of the module is in the drawing, with its reason."""
    drawing = str(errors.__doc__).split("`reason` and `code`")[0]
    lines = {line.split("--")[-1].split()[0]: line for line in drawing.splitlines() if "--" in line}
    own = [e for e in below(ExporterError) if e.__module__ == errors.__name__]
    assert sorted(lines) == sorted(e.__name__ for e in own)
    for error in own:
        if "reason" in error.__dict__:
            assert lines[error.__name__].endswith(f" {error.__dict__['reason']}")


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        (errno.ENOENT, "No such file or directory"),
        (errno.EISDIR, "Is a directory; Docker mounts one for a file that the host lacks"),
        (errno.EACCES, f"Permission denied; give user id {os.geteuid()} access"),
        (errno.EPERM, f"Operation not permitted; give user id {os.geteuid()} access"),
    ],
)
def test_the_remedy_for_an_unusable_file_depends_on_its_cause(number: int, problem: str) -> None:
    """A wrong UID, a folder that Docker made for a missing mount, and a wrong path differ."""
    assert file_problem(OSError(number, os.strerror(number))) == problem


@pytest.mark.parametrize("path", ["~/config.yaml", "/etc/zego/~/config.yaml"])
@pytest.mark.parametrize("kind", [str, Path])
def test_a_tilde_is_said_to_stay_as_it_is(path: str, kind: Callable[[str], object]) -> None:
    """A shell replaces it in most places, but nobody does in a file or after `--config.file=`."""
    missing = "No such file or directory"
    error = FileNotFoundError(errno.ENOENT, missing, kind(path))
    assert file_problem(error) == f"{missing}; ~ is not replaced here by the home folder"
    assert file_problem(FileNotFoundError(errno.ENOENT, missing, kind("/a~/b"))) == missing


def test_an_invalid_configuration_names_all_its_problems() -> None:
    """One line for each problem."""
    error = ConfigError(["first", "second"])
    assert str(error).splitlines() == list(error.problems) == ["first", "second"]
    assert not error.passing
