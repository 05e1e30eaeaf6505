"""The reference of the metrics, and every query in the documents."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import yaml

from docs.generator.reference import GROUPS, Entry
from exporter.metrics import METRICS
from tests.docs.pages import PAGES, ROOT, Block, blocks, read
from tests.e2e.processes import Program, prometheus_scraping, url_of
from tests.prometheus import rule_files
from tests.prometheus.test_names import NAME, exposed
from tests.waiting import wait_until

PAGE = ROOT / "docs" / "metrics.md"
ENTRIES = [(name, entry) for group in GROUPS for name, entry in group.entries.items()]


def test_every_metric_has_one_entry_and_every_entry_a_metric() -> None:
    """A new metric needs a description of its source."""
    assert sorted(name for name, _ in ENTRIES) == sorted(metric.name for metric in METRICS)


def test_the_page_has_every_metric_with_its_help_and_its_labels() -> None:
    """The page has the whole table."""
    sections = dict(
        re.findall(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", read(PAGE), re.MULTILINE | re.DOTALL)
    )

    for metric in METRICS:
        text = sections[metric.name]
        assert f"{metric.kind.capitalize()}. {metric.help}" in text
        assert re.findall(r"^- Label `(\w+)`: \S", text, re.MULTILINE) == list(metric.labels)


@pytest.mark.parametrize(("name", "entry"), ENTRIES, ids=[name for name, _ in ENTRIES])
def test_the_queries_of_a_metric_are_about_it(name: str, entry: Entry) -> None:
    """An example that was pasted into the wrong entry is found."""
    assert any(name in query for query in entry.queries.values())


def queries(block: Block) -> list[str]:
    """Return the lines of a block that are not comments: each is a query."""
    lines = [line.strip() for line in block.text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def test_prometheus_understands_every_query_of_the_documents(tmp_path: Path) -> None:
    """Every line of PromQL could be pasted: as the expression of a rule it is accepted."""
    found = [query for block in blocks("promql") for query in queries(block)]
    recorded = [{"record": f"query:{n}", "expr": query} for n, query in enumerate(found)]
    path = tmp_path / "queries.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "docs", "rules": recorded}]}))

    result = rule_files.promtool("check", "rules", path)

    assert result.returncode == 0, result.stdout
    assert f"{len(found)} rules found" in result.stdout


@pytest.mark.e2e
def test_every_query_can_be_evaluated(tmp_path: Path, demo: Program) -> None:
    """A well-formed query can still match many series to many, and then fails only with data."""
    with prometheus_scraping(url_of(demo), tmp_path) as prometheus:
        wait_until(lambda: prometheus.query("zego_upload_task_info", now=time.time()), "a scrape")
        for block in blocks("promql"):
            for query in queries(block):
                prometheus.query(query, now=time.time())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_metric_that_a_page_names_exists(page: Path) -> None:
    """Prefixes (`zego_upload_*`) are not names."""
    named = {name for name in NAME.findall(read(page)) if not name.endswith("_")}

    assert named <= exposed() | {metric.name for metric in METRICS}
