"""The GitHub workflows: pinned, without unneeded rights, and in agreement with the Makefile."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.manifests import ROOT
from tests.deploy.schemas import vendored_schema
from tests.deploy.tools import run

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ISSUE_FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
EVERY_WORKFLOW = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)

MAY_WRITE = {
    ("image.yml", "image", "packages"),
    ("release.yml", "chart", "packages"),
    ("release.yml", "notes", "contents"),
    ("release.yml", "package", "id-token"),
}
"""Workflow, job and permission of everything that may change anything."""


def _load(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text("utf-8")))


def _steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in _load(path)["jobs"].values() for step in job.get("steps", [])]


def _commands() -> str:
    return "\n".join(str(step.get("run", "")) for path in WORKFLOWS for step in _steps(path))


def test_there_are_workflows() -> None:
    """Test, image and release: what holds for every workflow holds for these."""
    assert [path.name for path in WORKFLOWS] == ["image.yml", "release.yml", "test.yml"]


@EVERY_WORKFLOW
def test_actions_are_pinned_by_commit(path: Path) -> None:
    """A tag can be moved, a commit cannot; the version is in a comment for the reader."""
    uses = re.findall(r"^\s*(?:- )?uses: (.*)$", path.read_text("utf-8"), re.MULTILINE)
    assert uses
    for use in uses:
        assert re.fullmatch(r"\./\S+|[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use), use


def test_an_action_has_one_commit() -> None:
    """No workflow runs another version of an action than the others do."""
    text = "".join(path.read_text("utf-8") for path in WORKFLOWS)
    pins = set(re.findall(r"uses: ([\w-]+/[\w-]+)@(.*)", text))
    assert len(pins) == len({action for action, _ in pins})


@pytest.mark.e2e
@EVERY_WORKFLOW
def test_workflows_follow_the_schema(path: Path) -> None:
    """The published schema of workflows has no objection."""
    # PyYAML takes `on` for a boolean, as YAML 1.1 does.
    workflow = {"on" if str(key) == "True" else key: value for key, value in _load(path).items()}
    vendored_schema("github-workflows").validate(workflow)


@pytest.mark.e2e
def test_dependabot_follows_its_schema() -> None:
    """The published schema has no objection."""
    vendored_schema("dependabot").validate(_load(ROOT / ".github" / "dependabot.yml"))


@pytest.mark.e2e
@pytest.mark.parametrize("path", ISSUE_FORMS, ids=lambda path: path.name)
def test_issue_forms_follow_their_schema(path: Path) -> None:
    """GitHub silently ignores a form that it cannot read."""
    kind = "github-issue-config" if path.name == "config.yml" else "github-issue-forms"
    vendored_schema(kind).validate(_load(path))


def test_only_what_publishes_may_write() -> None:
    """Every workflow reads, and a job that may do more is listed above."""
    found = set()
    for path in WORKFLOWS:
        workflow = _load(path)
        assert workflow["permissions"] == {"contents": "read"}
        for name, job in workflow["jobs"].items():
            rights = job.get("permissions", {})
            found |= {(path.name, name, what) for what, how in rights.items() if how == "write"}
    assert found == MAY_WRITE


@EVERY_WORKFLOW
def test_no_checkout_leaves_its_token_behind(path: Path) -> None:
    """Steps after a checkout find no credentials in the repository."""
    for step in _steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@EVERY_WORKFLOW
def test_no_expression_is_part_of_a_script(path: Path) -> None:
    """A branch or a title could hold commands: values reach scripts as variables."""
    for step in _steps(path):
        assert "${{" not in step.get("run", "")


@EVERY_WORKFLOW
def test_every_job_ends(path: Path) -> None:
    """A job that hangs is ended within an hour; one that calls a workflow has its limits."""
    for name, job in _load(path)["jobs"].items():
        assert "uses" in job or 0 < job["timeout-minutes"] <= 60, name


TARGETS = set(
    re.findall(r"^([a-z][a-z0-9.-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
)


def test_workflows_call_targets_that_exist() -> None:
    """Every `make` target is in the Makefile, every script in `.ci`."""
    called = re.findall(r"^make ([a-z0-9. -]+?)(?: PYTHON=python)?$", _commands(), re.MULTILINE)
    assert called
    assert {target for line in called for target in line.split()} <= TARGETS
    for script in re.findall(r"\.ci/[\w-]+", _commands()):
        assert (ROOT / script).is_file()


def test_make_help_lists_every_target() -> None:
    """Each target once, with what it does, and each is declared phony."""
    listed = run("make", "--no-print-directory", "--directory", ROOT, "help").stdout.splitlines()
    found = [re.fullmatch(r"make ([a-z0-9.-]+) +(\S.*)", line) for line in listed]
    assert all(found)
    assert sorted(match[1] for match in found if match) == sorted(TARGETS)
    makefile = (ROOT / "Makefile").read_text("utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == TARGETS


def test_every_supported_interpreter_is_tested() -> None:
    """The matrix is the list of the package's classifiers."""
    pyproject = (ROOT / "pyproject.toml").read_text("utf-8")
    supported = re.findall(r"Python :: (3\.\d+)", pyproject)
    jobs = _load(ROOT / ".github" / "workflows" / "test.yml")["jobs"]
    assert jobs["unit"]["strategy"]["matrix"]["python"] == supported


def test_the_image_is_built_for_both_architectures() -> None:
    """The image that is pushed is for amd64 and arm64."""
    steps = _steps(ROOT / ".github" / "workflows" / "image.yml")
    assert "linux/amd64,linux/arm64" in [step.get("with", {}).get("platforms") for step in steps]


def test_hooks_use_the_projects_tools() -> None:
    """pre-commit runs the Makefile's commands and pins no versions of its own."""
    (repository,) = _load(ROOT / ".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    assert [hook["entry"] for hook in repository["hooks"]] == ["make lint", "make types"]
