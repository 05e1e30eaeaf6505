"""The table of commands in docs/operations.md names objects that the deployments have."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.deploy.manifests import KUBERNETES, ROOT, of_kind, resolved

SECTION = (
    (ROOT / "docs" / "operations.md")
    .read_text("utf-8")
    .partition("\n## Commands where it is deployed\n")[2]
    .partition("\n## ")[0]
)


def test_compose_services_exist() -> None:
    """Every `docker compose` command names a service of compose.yaml."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    named = re.findall(r"`docker compose (?:exec|logs|restart|kill)[^`]* (\w+)`", SECTION)
    assert len(named) >= 4
    assert set(named) <= services.keys()


@pytest.mark.parametrize("kind", ["Deployment", "Service"])
def test_kubernetes_objects_exist(kind: str) -> None:
    """Every object that a kubectl command names is in the manifests, by this name."""
    named = set(re.findall(rf"{kind.lower()}/([\w-]+)", SECTION))
    assert named == {m["metadata"]["name"] for m in of_kind(resolved(KUBERNETES), kind)}


def test_systemd_paths_are_those_of_the_unit() -> None:
    """Program, configuration and credential are where the unit has them."""
    unit = (ROOT / "deploy" / "systemd" / "zego-upload-exporter.service").read_text("utf-8")
    for pattern in (r"LoadCredential=[\w./:-]+", r"--config\.file=[\w./-]+", r"DynamicUser=yes"):
        found = re.search(pattern, SECTION)
        assert found, pattern
        assert found[0] in unit
    assert "ExecStart=/opt/zego-upload-exporter/bin/zego-upload-exporter " in unit
    assert "/opt/zego-upload-exporter/bin/`" in SECTION


def test_the_history_is_where_the_image_puts_it() -> None:
    """The backup reads the file that the image's environment names."""
    folder = re.search(r'folder = "([^"]+)"', SECTION)
    assert folder
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert f"ZEGO_HISTORY_PATH={folder[1]}history.sqlite" in dockerfile
