"""What `deploy/generate.py` writes stands in the repository as it would write it."""

from __future__ import annotations

from importlib import util
from pathlib import Path
from types import ModuleType

import pytest

from tests.deploy.manifests import CHART, ROOT


def _load() -> ModuleType:
    spec = util.spec_from_file_location("deploy_generate", ROOT / "deploy" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE = _load()


@pytest.mark.parametrize("path", GENERATE.texts(), ids=str)
def test_committed_files_are_the_generated_ones(path: Path) -> None:
    """A changed rule or dashboard has reached the deployments: run `python deploy/generate.py`."""
    assert (ROOT / path).read_text("utf-8") == GENERATE.texts()[path]


def test_the_chart_links_to_every_rule_and_dashboard() -> None:
    """The chart has a link to each, to nothing else, and none is broken."""
    found = {p.relative_to(ROOT): p.readlink() for p in (CHART / "files").glob("*/*")}
    assert found == GENERATE.links()
    assert all((ROOT / path).is_file() for path in found)
