"""The committed files are those that `deploy/generate.py` writes."""

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


def test_the_chart_has_nothing_else() -> None:
    """There is no copy of a removed rule file or dashboard, and none is a link."""
    found = list((CHART / "files").glob("*/*"))
    assert {path.relative_to(ROOT) for path in found} <= set(GENERATE.texts())
    assert not any(path.is_symlink() for path in CHART.rglob("*"))
