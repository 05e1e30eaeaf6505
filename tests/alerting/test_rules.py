"""Rule files. The rules themselves are tested in `tests/prometheus/`, with promtool."""

from __future__ import annotations

import yaml

from exporter.alerting.rules import one_file, rule_files
from exporter.alerting.tuning import tuning


def test_one_file_holds_what_the_two_hold() -> None:
    """On standard output there is one document, as files there are two."""
    files = rule_files(tuning())
    groups = [group for text in files.values() for group in yaml.safe_load(text)["groups"]]

    assert yaml.safe_load(one_file(tuning()))["groups"] == groups
