from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import exporter.simulator

FILES = sorted(Path(exporter.simulator.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_simulator_imports_only_itself(path: Path) -> None:
    """It imports the standard library and itself, so no error is shared with the client."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            own = name.startswith("exporter.simulator")
            assert own or name.split(".")[0] in sys.stdlib_module_names
