"""Configurations in the documents can be used unchanged."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from exporter.config import load_settings
from tests.builders import SECRET
from tests.docs.pages import Block, blocks
from tests.prometheus import rule_files

YAML = list(blocks("yaml"))
OURS = [block for block in YAML if re.search("^apps:", block.text, re.MULTILINE)]
PROMETHEUS = [block for block in YAML if re.search("^scrape_configs:", block.text, re.MULTILINE)]


def name(block: Block) -> str:
    """Return the page that contains a block."""
    return block.page.name


@pytest.mark.parametrize("block", OURS, ids=name)
def test_the_exporter_takes_a_configuration(block: Block, tmp_path: Path) -> None:
    """With its variables set, without a warning."""
    variables = dict.fromkeys(re.findall(r"\$\{(\w+)\}", block.text), SECRET)
    path = tmp_path / "config.yaml"
    path.write_text(block.text)

    assert load_settings(path, variables).warnings == ()


@pytest.mark.parametrize("block", PROMETHEUS, ids=name)
def test_prometheus_takes_a_scrape_configuration(block: Block, tmp_path: Path) -> None:
    """It is a whole configuration; files that it names need not exist here."""
    path = tmp_path / "prometheus.yml"
    path.write_text(block.text)

    result = rule_files.promtool("check", "config", "--syntax-only", path)

    assert result.returncode == 0, result.stdout


def test_every_block_of_yaml_is_yaml() -> None:
    """Other blocks at least parse, and there are some of each kind."""
    for block in YAML:
        yaml.safe_load(block.text)
    assert OURS
    assert PROMETHEUS
