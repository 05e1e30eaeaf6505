"""The layers of the package, read from its imports, and its mirror in the tests.

Each test lists all violations, with file and line.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "exporter"

# A package may import packages of the lines above its own, and itself.
ORDER = (
    ("__init__",),
    ("allocator", "text"),
    ("errors", "tasks", "logs", "languages"),
    ("durations", "urgency", "task_rows"),
    ("alerting",),
    ("zego",),
    ("config",),
    ("history",),
    ("collection",),
    ("metrics",),
    ("web",),
    ("simulator",),
    ("flag_values",),
    ("flags",),
    ("commands",),
    ("cli",),
    ("__main__",),
)
LAYER = {name: layer for layer, names in enumerate(ORDER) for name in names}

UNMIRRORED = {
    **dict.fromkeys(
        (f"alerting/{name}.py" for name in ("english", "health", "listings")),
        "texts and queries of alerts: promtool runs them, tests/prometheus/test_rules.py",
    ),
    "alerting/model.py": "types of the other modules of this package",
}
"""Modules that define data without behaviour, and so have no test file of their own; the reason."""

WHOLE = {
    "test_architecture.py": "the package's structure",
    "test_secrecy.py": "no secret in any output of the whole program",
}
"""Test files beside mirrored ones that test a whole package; what they test."""

# The packages that may import a library.
FENCES = {
    "prometheus_client": ("metrics",),
    "starlette": ("web",),
    "uvicorn": ("web",),
    "h11": ("web",),
    "jinja2": ("web",),
    "requests": ("zego",),
    "urllib3": ("zego",),
    "yaml": ("config",),
    "sqlite3": ("history",),
    "rich": ("commands",),
    "bcrypt": ("web",),
    "structlog": ("logs",),
    "markdown_it": ("alerting",),
}


@dataclass(frozen=True)
class Import:
    """One import of a module.

    path: the importing file.
    line: where the import is, from 1.
    name: dotted name of the imported module.
    at_start: whether it is imported when the importing module is.
    """

    path: Path
    line: int
    name: str
    at_start: bool

    def __str__(self) -> str:
        return f"{self.path.relative_to(PACKAGE.parent)}:{self.line} imports {self.name}"


def module_name(path: Path) -> str:
    """Return the dotted name of a module of the package."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def package_of(name: str) -> str:
    """Return the package or module below `exporter` that a dotted name belongs to."""
    return name.split(".")[1] if "." in name else "__init__"


def imports_of(path: Path) -> Iterator[Import]:
    """Yield the imports of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    late = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.If)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write imports absolutely"
            members = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in MODULES else str(node.module) for name in members]
        else:
            continue
        yield from (Import(path, node.lineno, name, id(node) not in late) for name in names)


@cache  # at the first use: every process of the test run loads this file
def all_imports() -> list[Import]:
    """Return the imports of all modules."""
    return [found for path in MODULES.values() for found in imports_of(path)]


def internal_imports() -> list[Import]:
    """Return the imports of modules of ours."""
    return [found for found in all_imports() if found.name in MODULES]


def test_packages_import_only_lower_layers() -> None:
    """The order of the layers is that of ORDER; `docs/development.md` describes them."""
    wrong = [
        str(found)
        for found in internal_imports()
        if (own := package_of(module_name(found.path))) != (other := package_of(found.name))
        and LAYER[other] >= LAYER[own]
    ]

    assert wrong == []


def test_each_library_is_imported_only_in_its_packages() -> None:
    """Then replacing a library changes these packages and no other."""
    wrong = [
        str(found)
        for found in all_imports()
        if (allowed := FENCES.get(found.name.split(".")[0])) is not None
        and package_of(module_name(found.path)) not in allowed
    ]

    assert wrong == []


def test_no_modules_import_each_other() -> None:
    """A circle of imports makes the result depend on which module is imported first."""
    graph: dict[str, set[str]] = {name: set() for name in MODULES}
    for found in internal_imports():
        own = module_name(found.path)
        if found.at_start and found.name != own:
            graph[own].add(found.name)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(" imports ".join(reversed(error.args[1]))) from None


def test_the_simulator_imports_only_the_standard_library_and_itself() -> None:
    """Shared code would hide an error of the client in the simulator as well."""
    wrong = [
        str(found)
        for found in all_imports()
        if package_of(module_name(found.path)) == "simulator"
        and not f"{found.name}.".startswith("exporter.simulator.")
        and found.name.split(".")[0] not in sys.stdlib_module_names
    ]

    assert wrong == []


def test_tests_mirror_the_package() -> None:
    """`exporter/zego/limiter.py` is tested by `tests/zego/test_limiter.py`, and so is every module.

    Folders of `tests/` without a package of that name test the program as a whole.
    """
    tests = PACKAGE.parent / "tests"
    modules = {
        path.relative_to(PACKAGE): path.relative_to(PACKAGE).with_name(
            f"test_{path.stem.strip('_')}.py"
        )
        for path in MODULES.values()
        if path.name != "__init__.py"
    }
    packages = {path.relative_to(PACKAGE).parent for path in MODULES.values()}
    files = {
        path.relative_to(tests)
        for package in packages
        for path in (tests / package).glob("test_*.py")
    }
    untested = {str(module) for module, test in modules.items() if test not in files}
    without_module = {str(test) for test in files - set(modules.values())}

    # Equal, so that an exception that is no longer one is removed here.
    assert untested == set(UNMIRRORED)
    assert without_module == set(WHOLE)
