"""The flags of `export`."""

from __future__ import annotations

import argparse

import pytest

from exporter.alerting.flags import KINDS, add_export_flags


@pytest.mark.parametrize("kind", KINDS)
def test_without_flags_nothing_is_tuned(kind: str) -> None:
    """The defaults give the files that are committed in the repository."""
    parser = argparse.ArgumentParser()
    add_export_flags(parser)
    flags = vars(parser.parse_args([kind]))

    assert flags.pop("kind") == kind
    assert flags.pop("language") == "en"
    assert flags.pop("labels") == "cluster,namespace"
    assert not any(flags.values())


def test_repeatable_flags_collect_their_values() -> None:
    """Each alert may have its own severity, duration and thresholds."""
    parser = argparse.ArgumentParser()
    add_export_flags(parser)
    for flag, name in (("--severity", "severity"), ("--for", "hold"), ("--threshold", "threshold")):
        flags = parser.parse_args(["rules", flag, "A=1", flag, "B=2"])
        assert getattr(flags, name) == ["A=1", "B=2"]
