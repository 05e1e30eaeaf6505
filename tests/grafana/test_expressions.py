"""The dashboards' queries: valid, over our metrics only, following the variables."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from exporter.errors import FAILURE_REASONS
from exporter.metrics import METRICS
from exporter.zego.callbacks import FAILURE_WORDS
from grafana.generator.chinese import CHINESE
from grafana.generator.english import ENGLISH
from tests.components import require
from tests.grafana.boards import FOLDER, NAMES, load, targets
from tests.grafana.queries import annotation_queries, panel_queries, variable_selectors

RECORDING_RULES = FOLDER.parent / "prometheus" / "rules" / "zego-uploads.recording.yaml"
OF_OTHERS = {
    "ALERTS",
    "ALERTS_FOR_STATE",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "up",
}
"""Series of Prometheus and of the client library."""

RECORDED = {
    rule["record"]
    for group in yaml.safe_load(RECORDING_RULES.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
}
WITHOUT_APP = OF_OTHERS | {"zego_upload_exporter_build_info"}
SELECTOR = re.compile(r"([A-Za-z_:][A-Za-z0-9_:]*)\{([^}]*)\}")
RANGED = re.compile(r"(\w+)\(+[\w:]+\{[^}]*\}[^\[({]*\[([^\]]+)\]")
WINDOWS = {
    *("$__rate_interval", "$__interval", "$__range", "24h", "15m", "7d"),
    *("$__range:1m", "$__range:5m", "$__range:1h", "1d:5m", "23h59m:1h"),
}
"""Fixed windows are those that a title or description names."""


def known_metrics() -> set[str]:
    """Return the names that series of the exporter can have."""
    names = {metric.name for metric in METRICS}
    buckets = {f"{metric.name}_bucket" for metric in METRICS if metric.kind == "histogram"}
    return names | buckets | OF_OTHERS | RECORDED


def test_only_known_metrics(board: dict[str, Any]) -> None:
    """Queries, annotations and variables ask for metrics that exist."""
    exprs = [target["expr"] for _, target in targets(board)]
    exprs += [*annotation_queries(board), *(f"{text}{{}}" for text in variable_selectors(board))]
    asked = {name for expr in exprs for name, _ in SELECTOR.findall(expr)}
    assert asked <= known_metrics()
    assert len(asked) > 5


def test_selectors_follow_the_variables(board: dict[str, Any]) -> None:
    """Every selector has the chosen place and job, and app and instance where its series do."""
    for panel, target in targets(board):
        for metric, matchers in SELECTOR.findall(target["expr"]):
            assert 'job=~"$job' in matchers, (panel["title"], metric)
            for label in ("cluster", "namespace"):
                assert f'{label}=~"${label}' in matchers, (panel["title"], metric)
            if not metric.startswith("ALERTS") and metric not in RECORDED:
                assert 'instance=~"$instance"' in matchers, (panel["title"], metric)
            if metric not in WITHOUT_APP:
                assert 'zego_app=~"$zego_app"' in matchers, (panel["title"], metric)


def test_no_metric_without_selector(board: dict[str, Any]) -> None:
    """No query names a metric without saying of which job."""
    for panel, target in targets(board):
        bare = re.findall(r"(?<![:\w])zego_upload_\w+(?!\w*\{)(?!\w)", target["expr"])
        assert not bare, panel["title"]


def test_windows(board: dict[str, Any]) -> None:
    """Rates look back over $__rate_interval, with a minimal interval of a minute or more."""
    for panel, target in targets(board):
        for function, window in RANGED.findall(target["expr"]):
            assert window in WINDOWS, panel["title"]
            assert function != "rate" or window == "$__rate_interval", panel["title"]
        if "$__rate_interval" in target["expr"]:
            assert target["interval"] in {"1m", "5m"}, panel["title"]
        if "$__interval" in target["expr"]:
            assert target["interval"] == "1m", panel["title"]


def test_counters_are_never_shown_raw(board: dict[str, Any]) -> None:
    """A counter appears within rate or increase, or with its value one step before."""
    for panel, target in targets(board):
        ranged = re.findall(r"(?:rate|increase)\(\w+_total\{", target["expr"])
        before = re.findall(r"_total\{[^}]*\} offset \$__interval", target["expr"])
        counters = re.findall(r"_total\{", target["expr"])
        assert len(ranged) + 2 * len(before) == len(counters), panel["title"]


def test_every_recording_rule_is_used() -> None:
    """A recording rule that no dashboard asks for costs Prometheus something for nothing."""
    asked = {
        name
        for board in map(load, NAMES)
        for _, target in targets(board)
        for name, _ in SELECTOR.findall(target["expr"])
    }
    assert asked >= RECORDED


def test_joins_keep_apart_what_is_elsewhere(board: dict[str, Any]) -> None:
    """An app of the same name in another namespace or cluster is another app."""
    for panel, target in targets(board):
        for labels in re.findall(r"(?:by|on) \(([^)]*zego_app[^)]*)\)", target["expr"]):
            assert "cluster, namespace" in labels or labels == "zego_app", (panel["title"], labels)


def test_reasons_have_words() -> None:
    """Each reason why an upload or a collection can fail has words, and no other has."""
    known = {*FAILURE_REASONS, *FAILURE_WORDS}
    for texts in (ENGLISH, CHINESE):
        assert set(texts.reasons) == known


def test_valid_promql(board: dict[str, Any], tmp_path: Path) -> None:
    """Prometheus' own parser takes every query for one, several and all apps."""
    promtool = require("promtool", package="prometheus")
    apps = ["vod", "直播.cn (1)"]
    queries = [query.expr for query in panel_queries(board, apps=apps, task="1f")]
    queries += [*annotation_queries(board, task="1f"), *variable_selectors(board)]
    rules = [{"record": f"q:{number}", "expr": expr} for number, expr in enumerate(queries)]
    file = tmp_path / "queries.yaml"
    file.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))
    done = subprocess.run(
        [promtool, "check", "rules", file], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(queries)} rules found" in done.stdout
    assert "$" not in "".join(queries).replace('"$1"', "").replace('"$1…"', "")
