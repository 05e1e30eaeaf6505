"""The alert and recording rules and their promtool tests, read for the tests in this folder."""

from __future__ import annotations

import functools
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.components import require_of

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "prometheus"
RULE_FILES = sorted(PROMETHEUS.glob("rules/*.yaml"))
CHINESE_RULE_FILES = sorted(PROMETHEUS.glob("rules-zh/*.yaml"))
TEST_FILES = sorted(PROMETHEUS.glob("tests/*.yaml"))

Rule = dict[str, Any]
Case = dict[str, Any]


def load(text: str, loader: str = "SafeLoader") -> Any:
    """Return a YAML document, read by libyaml where PyYAML has it: ten times as fast."""
    return yaml.load(text, getattr(yaml, f"C{loader}", getattr(yaml, loader)))  # noqa: S506


@functools.cache
def rules(kind: str) -> list[Rule]:
    """Return every rule that has the key `kind` ("alert" or "record")."""
    documents = [load(path.read_text("utf-8")) for path in RULE_FILES]
    groups = [group for document in documents for group in document["groups"]]
    return [rule for group in groups for rule in group["rules"] if kind in rule]


@functools.cache
def promtool_tests() -> list[tuple[str, Case]]:
    """Return every promtool test with the evaluation interval of its file.

    All scalars stay text: to YAML 1.1, which Python speaks, `0x60` (sixty-one zeros) is a number.
    """
    documents = [load(path.read_text("utf-8"), "BaseLoader") for path in TEST_FILES]
    return [(doc["evaluation_interval"], test) for doc in documents for test in doc["tests"]]


def promtool(
    *arguments: str | Path, generation: str = "distribution"
) -> subprocess.CompletedProcess[str]:
    """Run promtool to its end; output and exit code are the caller's to judge."""
    return run(require_of(generation, "promtool", package="prometheus"), *arguments)


def run(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program in the folder of the examples, with standard error in its output."""
    return subprocess.run(
        [program, *map(str, arguments)],
        cwd=PROMETHEUS,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=540,
    )
