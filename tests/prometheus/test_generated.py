"""The committed rules, templates and example are generated from the source."""

from __future__ import annotations

import importlib.util

import pytest

from tests.prometheus.rule_files import PROMETHEUS

SPEC = importlib.util.spec_from_file_location("generate", PROMETHEUS / "generate.py")
assert SPEC is not None
assert SPEC.loader is not None
GENERATE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(GENERATE)


@pytest.mark.parametrize("path", GENERATE.texts())
def test_a_committed_file_is_what_the_generator_writes(path: str) -> None:
    """After a change of the source: python prometheus/generate.py."""
    assert (PROMETHEUS / path).read_text(encoding="utf-8") == GENERATE.texts()[path]
