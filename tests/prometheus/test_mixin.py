"""The jsonnet mixin gives the generated rules and dashboards, as other mixins do."""

from __future__ import annotations

import json
from typing import Any

import yaml

from tests.components import ROOT, require_current
from tests.prometheus.rule_files import PROMETHEUS, run


def evaluated(field: str) -> Any:
    """Return a field of the mixin as jsonnet evaluates it."""
    program = require_current("jsonnet")
    result = run(program, "-e", f"(import 'mixin.libsonnet').{field}")
    assert result.returncode == 0, result.stdout
    return json.loads(result.stdout)


def test_the_mixin_holds_the_rules() -> None:
    """Alerts and recording rules are the committed ones."""
    for field, name in (("prometheusAlerts", "alerts"), ("prometheusRules", "recording")):
        path = PROMETHEUS / "rules" / f"zego-uploads.{name}.yaml"
        assert evaluated(field) == yaml.safe_load(path.read_text(encoding="utf-8"))


def test_the_mixin_holds_the_dashboards() -> None:
    """All English dashboards, by their file names."""
    boards = evaluated("grafanaDashboards")

    assert set(boards) == {
        path.name for path in (ROOT / "grafana").glob("*.json") if not path.stem.endswith("-zh")
    }
    assert all(board["uid"] for board in boards.values())
