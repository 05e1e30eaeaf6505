"""The exporter in a cluster: the kustomization and the chart give the same guarantees."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.components import require
from tests.deploy.manifests import (
    EVERYTHING,
    KUBERNETES,
    ROOT,
    Manifest,
    container_of,
    of_kind,
    resolved,
    templated,
)
from tests.deploy.tools import run

OPERATORS_LABELS = {
    "__meta_kubernetes_namespace": "monitoring",
    "__meta_kubernetes_service_name": "zego",
    "namespace": "monitoring",
    "service": "zego",
    "job": "zego",
    "endpoint": "http",
    "pod": "zego-6d5f7c9b8d-abcde",
    "container": "exporter",
}
"""Of a target that a ServiceMonitor selects, before the ServiceMonitor's own relabelling."""


@pytest.fixture(params=["kustomize", pytest.param("helm", marks=pytest.mark.e2e)])
def manifests(request: pytest.FixtureRequest, tmp_path: Path) -> list[Manifest]:
    """Return the manifests of one of the two ways."""
    return resolved(KUBERNETES) if request.param == "kustomize" else templated(tmp_path, EVERYTHING)


def test_it_has_no_rights_that_it_does_not_need(manifests: list[Manifest]) -> None:
    """Not root, read-only root, no capabilities, the default seccomp profile, no API token."""
    (deployment,) = of_kind(manifests, "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container_of(manifests)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_history_has_one_user_at_a_time(manifests: list[Manifest]) -> None:
    """One replica, and an update ends the old Pod first: the history is locked while in use."""
    (deployment,) = of_kind(manifests, "Deployment")
    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}


def test_it_agrees_with_the_image(manifests: list[Manifest]) -> None:
    """User, port, working directory and state directory are those of the Dockerfile."""
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    (deployment,) = of_kind(manifests, "Deployment")
    context = deployment["spec"]["template"]["spec"]["securityContext"]
    container = container_of(manifests)
    mounts = {m["name"]: m["mountPath"] for m in container["volumeMounts"]}
    assert f"\nUSER {context['runAsUser']}:{context['runAsGroup']}\n" in dockerfile
    assert f"\nEXPOSE {container['ports'][0]['containerPort']}\n" in dockerfile
    assert f"\nWORKDIR {mounts['config']}\n" in dockerfile
    assert f"\nVOLUME {mounts['history']}\n" in dockerfile
    assert f"ZEGO_HISTORY_PATH={mounts['history']}/" in dockerfile


def test_the_image_uses_the_files_that_it_compiles() -> None:
    """They are copied with it and used unchecked, because layers change the times of files."""
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    (built,) = re.findall(r"PYTHONPYCACHEPREFIX=(\S+) python3 -m compileall", dockerfile)
    (used,) = re.findall(r"^    PYTHONPYCACHEPREFIX=(\S+) \\$", dockerfile, re.MULTILINE)
    copied = re.findall(r"COPY --from=build (\S+) ", dockerfile)
    assert built == used
    assert any(Path(used).is_relative_to(folder) for folder in copied)
    assert "--invalidation-mode unchecked-hash" in dockerfile


def test_kubelet_asks_the_health_endpoints(manifests: list[Manifest]) -> None:
    """Liveness is the process' own health; readiness is whether there was a collection."""
    container = container_of(manifests)
    assert container["livenessProbe"]["httpGet"] == {"path": "/-/healthy", "port": "http"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/-/ready", "port": "http"}


def test_a_secret_is_a_file(manifests: list[Manifest]) -> None:
    """The Secret is mounted as a folder that the group of the container may read."""
    (deployment,) = of_kind(manifests, "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    (secret,) = (v["secret"] for v in pod["volumes"] if v["name"] == "secret")
    (mount,) = (m for m in container_of(manifests)["volumeMounts"] if m["name"] == "secret")
    assert secret["defaultMode"] == 0o440
    assert "subPath" not in mount
    assert pod["securityContext"]["fsGroup"] == pod["securityContext"]["runAsGroup"]


@pytest.mark.e2e
def test_series_belong_to_the_service_not_to_the_pod(
    manifests: list[Manifest], tmp_path: Path
) -> None:
    """Prometheus gives targets no label of the Pod: a new Pod continues the same series.

    The labels of the target are those that the Prometheus Operator sets; the relabelling is the
    ServiceMonitor's, applied by promtool.
    """
    (monitor,) = of_kind(manifests, "ServiceMonitor")
    names = {"sourceLabels": "source_labels", "targetLabel": "target_label"}
    config = {
        "scrape_configs": [
            {
                "job_name": "exporter",
                "static_configs": [{"targets": ["10.1.2.3:10317"], "labels": OPERATORS_LABELS}],
                "relabel_configs": [
                    {names.get(key, key): value for key, value in rule.items()}
                    for rule in monitor["spec"]["endpoints"][0]["relabelings"]
                ],
            }
        ]
    }
    file = tmp_path / "prometheus.yml"
    file.write_text(json.dumps(config), "utf-8")  # JSON is YAML
    promtool = require("promtool", package="prometheus")
    # promtool always waits for the whole time, which is 30 s by default.
    ended = run(promtool, "check", "service-discovery", "--timeout=5s", file, "exporter")
    assert ended.returncode == 0, ended.stderr
    (target,) = json.loads(ended.stdout)
    labels = {name: v for name, v in target["labels"].items() if not name.startswith("__")}
    labels.pop("cluster", None)  # the user's own, in the values of the test
    assert labels == {
        "instance": "monitoring/zego",
        "job": "zego",
        "namespace": "monitoring",
        "service": "zego",
        "endpoint": "http",
    }
