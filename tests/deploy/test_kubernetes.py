"""The kustomization: its objects, and that they are generated from the project's files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.manifests import (
    KUBERNETES,
    ROOT,
    SECRETS,
    Manifest,
    container_of,
    kustomized,
    load_settings_of,
    of_kind,
    resolved,
)
from tests.deploy.schemas import validate

ANNOTATION_LIMIT = 262_144
"""Bytes of all annotations of an object; `kubectl apply` puts the whole object into one."""


E2E = pytest.mark.e2e


def _resolved() -> list[Manifest]:
    return resolved(KUBERNETES)


WAYS = pytest.mark.parametrize("build", [_resolved, pytest.param(kustomized, marks=E2E)])


@E2E
@pytest.mark.parametrize("build", [_resolved, kustomized])
def test_every_manifest_follows_its_schema(build: Callable[[], list[Manifest]]) -> None:
    """Kubernetes and the Prometheus Operator accept every object."""
    secret = yaml.safe_load((KUBERNETES / "secret.example.yaml").read_text("utf-8"))
    for manifest in [*build(), secret]:
        validate(manifest)


@WAYS
def test_everything_is_there(build: Callable[[], list[Manifest]]) -> None:
    """Each rule file is a PrometheusRule, each dashboard and the configuration a ConfigMap."""
    manifests = build()
    dashboards = len(list((ROOT / "grafana").glob("*.json")))
    rules = len(list((ROOT / "prometheus" / "rules").glob("*.yaml")))
    kinds = sorted(manifest["kind"] for manifest in manifests)
    assert kinds == sorted(
        [
            *["Deployment", "Service", "ServiceMonitor"],
            *["ConfigMap"] * (1 + dashboards),
            *["PrometheusRule"] * rules,
        ]
    )


@WAYS
def test_the_rules_are_the_projects(build: Callable[[], list[Manifest]]) -> None:
    """The PrometheusRules contain every rule; kustomize may wrap texts differently."""
    specs = [rule["spec"] for rule in of_kind(build(), "PrometheusRule")]
    files = sorted((ROOT / "prometheus" / "rules").glob("*.yaml"))
    sources = [yaml.safe_load(path.read_text("utf-8")) for path in files]
    assert [_without_breaks(spec) for spec in specs] == [_without_breaks(rule) for rule in sources]


def _without_breaks(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_breaks(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_without_breaks(part) for part in value]
    return " ".join(value.split()) if isinstance(value, str) else value


@WAYS
def test_the_dashboards_are_the_projects(build: Callable[[], list[Manifest]]) -> None:
    """Each is in a ConfigMap that Grafana's sidecar finds and `kubectl apply` can take."""
    found = {}
    for config_map in of_kind(build(), "ConfigMap"):
        if config_map["metadata"]["labels"].get("grafana_dashboard") == "1":
            assert len(json.dumps(config_map)) < ANNOTATION_LIMIT
            found.update(config_map["data"])
    assert found == {
        path.name: path.read_text("utf-8") for path in (ROOT / "grafana").glob("*.json")
    }


@WAYS
def test_labels_and_ports_meet(build: Callable[[], list[Manifest]]) -> None:
    """ServiceMonitor selects the Service, and the Service the Pods, by labels and port names."""
    manifests = build()
    ((deployment,), (service,), (monitor,)) = (
        of_kind(manifests, kind) for kind in ("Deployment", "Service", "ServiceMonitor")
    )
    pod_labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"].items() <= pod_labels.items()
    assert service["spec"]["selector"].items() <= pod_labels.items()
    assert (
        monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    )
    (port,) = container_of(manifests)["ports"]
    assert service["spec"]["ports"][0]["targetPort"] == port["name"]
    assert monitor["spec"]["endpoints"][0]["port"] == service["spec"]["ports"][0]["name"]


@E2E
def test_a_component_keeps_the_history(tmp_path: Path) -> None:
    """With the component `persistent`, a claim takes the place of the Pod's own volume."""
    for name in ("deploy/kubernetes", "grafana"):
        shutil.copytree(ROOT / name, tmp_path / name)
    kustomization = tmp_path / "deploy/kubernetes/kustomization.yaml"
    text = kustomization.read_text("utf-8")
    kustomization.write_text(text.replace("# components:\n#   - ", "components:\n  - "), "utf-8")
    manifests = kustomized(kustomization.parent)
    for manifest in manifests:
        validate(manifest)
    (claim,) = of_kind(manifests, "PersistentVolumeClaim")
    (deployment,) = of_kind(manifests, "Deployment")
    volumes = {v["name"]: v for v in deployment["spec"]["template"]["spec"]["volumes"]}
    assert volumes["history"] == {
        "name": "history",
        "persistentVolumeClaim": {"claimName": claim["metadata"]["name"]},
    }


def test_the_configuration_is_one_the_exporter_takes(tmp_path: Path) -> None:
    """The example has no secret in it, and names the file that the Secret becomes."""
    (app,) = load_settings_of(KUBERNETES / "base" / "config.yaml", tmp_path).apps
    assert app.server_secret is None
    assert app.read_secret() == "secret"
    secret = yaml.safe_load((KUBERNETES / "secret.example.yaml").read_text("utf-8"))
    assert list(secret["stringData"]) == ["server-secret"]
    mounts = {m["name"]: m["mountPath"] for m in container_of(_resolved())["volumeMounts"]}
    assert mounts["secret"] == SECRETS
