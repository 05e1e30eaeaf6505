"""The manifests of every kind of deployment."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from exporter.config import Settings, load_settings
from tests.deploy.tools import helm, kustomize

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
CHART = ROOT / "deploy" / "helm" / "zego-upload-exporter"

CONFIG = {
    "apps": [
        {
            "name": "production",
            "app_id": 4294967295,
            "server_secret_file": "/run/secrets/zego-upload-exporter/server-secret",
        }
    ]
}
EVERYTHING = {
    "config": CONFIG,
    "existingSecret": "zego",
    "extraArgs": ["--log.format=json"],
    "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
    "extraVolumes": [{"name": "web", "secret": {"secretName": "web"}}],
    "extraVolumeMounts": [{"name": "web", "mountPath": "/run/web"}],
    "imagePullSecrets": [{"name": "pull"}],
    "persistence": {"enabled": True, "storageClassName": "fast"},
    "service": {"annotations": {"a": "b"}},
    "serviceMonitor": {
        "enabled": True,
        "labels": {"release": "prometheus"},
        "endpoint": {
            "scheme": "https",
            "tlsConfig": {"insecureSkipVerify": True},
            "relabelings": [{"targetLabel": "cluster", "replacement": "eu"}],
        },
    },
    "prometheusRule": {
        "enabled": True,
        "labels": {"release": "prometheus"},
        "slo": {"enabled": True},
    },
    "dashboards": {"enabled": True, "annotations": {"grafana_folder": "ZEGO"}},
    "podAnnotations": {"a": "b"},
    "podLabels": {"team": "media"},
    "priorityClassName": "high",
    "nodeSelector": {"kubernetes.io/arch": "arm64"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
}
"""Values that reach every branch of the chart's templates but the demo's."""

SECRETS = "/run/secrets/zego-upload-exporter"
"""Where the Secret is mounted."""

Manifest = dict[str, Any]


def kustomized(folder: Path = KUBERNETES) -> list[Manifest]:
    """Return the manifests that kustomize builds from `folder`; fail if it warns."""
    built = kustomize(folder)
    assert (built.returncode, built.stderr) == (0, "")
    return list(yaml.safe_load_all(built.stdout))


def resolved(folder: Path) -> list[Manifest]:
    """Return the manifests that the kustomization in `folder` lists, read without kustomize.

    Generated ConfigMaps are made as kustomize makes them, but without a hash in their names.
    """
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text("utf-8"))
    found: list[Manifest] = []
    for name in kustomization.get("resources", []):
        path = folder / name
        found += resolved(path) if path.is_dir() else yaml.safe_load_all(path.read_text("utf-8"))
    options = kustomization.get("generatorOptions", {})
    for generator in kustomization.get("configMapGenerator", []):
        labels = {**options.get("labels", {}), **generator.get("options", {}).get("labels", {})}
        data = {name: (folder / name).read_text("utf-8") for name in generator["files"]}
        metadata = {"name": generator["name"], "labels": labels}
        found.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
    return found


def templated(tmp_path: Path, values: Manifest) -> list[Manifest]:
    """Return the manifests of the chart with these values; fail if Helm warns."""
    ended = template(tmp_path, values)
    assert (ended.returncode, ended.stderr) == (0, "")
    return list(yaml.safe_load_all(ended.stdout))


def template(
    tmp_path: Path, values: Manifest, version: int = 3
) -> subprocess.CompletedProcess[str]:
    """Run `helm template` with these values; output and exit code are the caller's to judge."""
    file = tmp_path / "values.yaml"
    file.write_text(json.dumps(values), "utf-8")  # JSON is YAML
    arguments: list[str | Path] = [
        "template",
        "test",
        CHART,
        "--namespace",
        "monitoring",
        "--values",
        file,
    ]
    return helm(*arguments, version=version)


def of_kind(manifests: list[Manifest], kind: str) -> list[Manifest]:
    """Return the manifests of this kind."""
    return [manifest for manifest in manifests if manifest["kind"] == kind]


def container_of(manifests: list[Manifest]) -> Manifest:
    """Return the only container of the only Deployment."""
    (deployment,) = of_kind(manifests, "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return dict(container)


def load_settings_of(config: Path, folder: Path) -> Settings:
    """Return the settings of a Pod's configuration; its secret is in `folder`, and is "secret"."""
    (folder / "server-secret").write_text("secret", "utf-8")
    copy = folder / "copy.yaml"
    copy.write_text(config.read_text("utf-8").replace(SECRETS, str(folder)), "utf-8")
    return load_settings(copy, {})
