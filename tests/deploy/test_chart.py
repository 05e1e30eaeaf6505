"""The Helm chart, rendered by Helm itself."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.manifests import (
    CHART,
    CONFIG,
    EVERYTHING,
    ROOT,
    SECRETS,
    container_of,
    load_settings_of,
    of_kind,
    template,
    templated,
)
from tests.deploy.schemas import VERSIONS, kubernetes_schemas, validate
from tests.deploy.tools import built, helm, run

pytestmark = pytest.mark.e2e

DEMO = {"demo": True}
ACCOUNT = {"config": CONFIG, "existingSecret": "zego"}
DEFINITIONS = "_definitions.json"
KUBECONFORM = [
    f"{kind}.json"
    for kind in (
        "configmap-v1",
        "deployment-apps-v1",
        "persistentvolumeclaim-v1",
        "pod-v1",
        "service-v1",
    )
]
"""Schemas of the chart's objects, except those of the Prometheus Operator."""
SECRET_FILE = "ZEGO_SERVER_SECRET_FILE"
ENVIRONMENT: dict[str, Any] = {"extraEnv": [{"name": "ZEGO_APP_ID", "value": "1"}]}


@pytest.mark.parametrize("values", [DEMO, EVERYTHING, ACCOUNT, ENVIRONMENT])
def test_every_manifest_follows_its_schema(tmp_path: Path, values: dict[str, Any]) -> None:
    """Kubernetes and the Prometheus Operator accept every object, whatever is switched on."""
    manifests = templated(tmp_path, values)
    assert {"Deployment", "Service"} <= {manifest["kind"] for manifest in manifests}
    for manifest in manifests:
        validate(manifest)


def test_helm_finds_nothing_to_complain_about(tmp_path: Path) -> None:
    """`helm lint --strict` passes with the values that reach every branch."""
    file = tmp_path / "values.yaml"
    file.write_text(json.dumps(EVERYTHING), "utf-8")
    ended = helm("lint", "--strict", "--quiet", CHART, "--values", file)
    assert ended.returncode == 0, ended.stdout


def test_the_package_holds_rules_and_dashboards(tmp_path: Path) -> None:
    """A packaged chart, without the repository, gives the same manifests."""
    ended = helm("package", CHART, "--destination", tmp_path)
    assert ended.returncode == 0, ended.stderr
    (package,) = tmp_path.glob("*.tgz")
    file = tmp_path / "values.yaml"
    file.write_text(json.dumps(EVERYTHING), "utf-8")
    ended = helm("template", "test", package, "--values", file, "--namespace", "monitoring")
    assert list(yaml.safe_load_all(ended.stdout)) == templated(tmp_path, EVERYTHING)


def test_rules_and_dashboards_arrive_unchanged(tmp_path: Path) -> None:
    """Helm evaluates nothing in them, although both are full of `{{`."""
    manifests = templated(tmp_path, EVERYTHING)
    rules = [m["spec"] for m in of_kind(manifests, "PrometheusRule")]
    rule_files = [
        *sorted((ROOT / "prometheus" / "rules").glob("*.yaml")),
        *(ROOT / "prometheus" / "slo").glob("*.yaml"),
    ]
    assert rules == [yaml.safe_load(path.read_text("utf-8")) for path in rule_files]
    dashboards = {
        name: json.loads(text)
        for config_map in of_kind(manifests, "ConfigMap")
        for name, text in config_map["data"].items()
        if config_map["metadata"]["labels"].get("grafana_dashboard") == "1"
    }
    files = (ROOT / "grafana").glob("*.json")
    assert dashboards == {path.name: json.loads(path.read_text("utf-8")) for path in files}


def test_the_configuration_arrives_unchanged(tmp_path: Path) -> None:
    """The largest AppId stays a whole number, and the exporter takes the file."""
    (config_map,) = of_kind(templated(tmp_path, ACCOUNT), "ConfigMap")
    file = tmp_path / "config.yaml"
    file.write_text(config_map["data"]["config.yaml"], "utf-8")
    assert yaml.safe_load(file.read_text("utf-8")) == CONFIG
    (app,) = load_settings_of(file, tmp_path).apps
    assert app.app_id == 4294967295


def test_a_changed_configuration_is_rolled_out(tmp_path: Path) -> None:
    """The Pod's annotation differs as soon as the configuration does."""

    def checksum(values: dict[str, Any]) -> str:
        (deployment,) = of_kind(templated(tmp_path, values), "Deployment")
        return str(deployment["spec"]["template"]["metadata"]["annotations"]["checksum/config"])

    changed = {**CONFIG, "tasks": {"limit": 0}}
    assert checksum(ACCOUNT) == checksum(ACCOUNT)
    assert checksum(ACCOUNT) != checksum({**ACCOUNT, "config": changed})


def test_a_claim_of_the_users_is_used(tmp_path: Path) -> None:
    """With `existingClaim` the chart makes no claim of its own."""
    values = {**DEMO, "persistence": {"enabled": True, "existingClaim": "mine"}}
    manifests = templated(tmp_path, values)
    assert not of_kind(manifests, "PersistentVolumeClaim")
    (deployment,) = of_kind(manifests, "Deployment")
    volumes = {v["name"]: v for v in deployment["spec"]["template"]["spec"]["volumes"]}
    assert volumes["history"]["persistentVolumeClaim"] == {"claimName": "mine"}


def test_the_demo_needs_no_account(tmp_path: Path) -> None:
    """`demo` is a flag of the exporter, and no Secret or configuration is mounted."""
    container = container_of(templated(tmp_path, DEMO))
    assert container["args"] == ["--demo"]
    assert [mount["name"] for mount in container["volumeMounts"]] == ["history"]


def test_a_probe_of_the_users_replaces_the_charts(tmp_path: Path) -> None:
    """Nothing of the chart's probe is left, since a probe has one handler."""
    probe = {"tcpSocket": {"port": "http"}}
    container = container_of(templated(tmp_path, {**DEMO, "readinessProbe": probe}))
    assert container["readinessProbe"] == probe


def _values_of_the_readme() -> list[dict[str, Any]]:
    text = (ROOT / "deploy" / "README.md").read_text("utf-8")
    section = text.partition("## Kubernetes, with Helm")[2].partition("\n## ")[0]
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)]


def test_the_values_of_the_readme_work(tmp_path: Path) -> None:
    """They are accepted in combination, and Kubernetes accepts the result."""
    account, alerts, tls = _values_of_the_readme()
    for manifest in templated(tmp_path, {**account, **alerts, **tls}):
        validate(manifest)


def test_helm_4_gives_the_same(tmp_path: Path) -> None:
    """Both supported versions of Helm render the same objects, without warnings."""
    ended = template(tmp_path, EVERYTHING, version=4)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert list(yaml.safe_load_all(ended.stdout)) == templated(tmp_path, EVERYTHING)


def test_kubeconform_finds_nothing(tmp_path: Path) -> None:
    """A validator that shares no code with ours accepts every object, and reads the Operator's."""
    file = tmp_path / "manifests.yaml"
    file.write_text(template(tmp_path, EVERYTHING).stdout, "utf-8")
    # kubeconform follows no reference from one file to another: each gets all definitions.
    source = kubernetes_schemas() / f"v{VERSIONS[-1]}.0-local-strict"
    definitions = json.loads((source / DEFINITIONS).read_text("utf-8"))["$defs"]
    for name in KUBECONFORM:
        text = (source / name).read_text("utf-8").replace(f"/api/{DEFINITIONS}", "")
        (tmp_path / name).write_text(
            json.dumps({**json.loads(text), "$defs": definitions}), "utf-8"
        )
    ended = run(
        *(built("kubeconform"), "-strict", "-output", "json", "-summary"),
        *("-schema-location", str(tmp_path / "{{.ResourceKind}}{{.KindSuffix}}.json")),
        *("-skip", "ServiceMonitor,PrometheusRule", file),
    )
    summary = json.loads(ended.stdout)["summary"]
    assert (summary["invalid"], summary["errors"]) == (0, 0), ended.stdout
    assert summary["valid"] >= 5


def test_helm_test_asks_the_api_as_the_exporter_would(tmp_path: Path) -> None:
    """The hook's Pod runs `check --live` with the exporter's own image, files and environment."""
    manifests = templated(tmp_path, {**EVERYTHING, "extraArgs": ["--web.config.file=/run/web/w"]})
    (deployment,), (pod,) = of_kind(manifests, "Deployment"), of_kind(manifests, "Pod")
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    assert "app.kubernetes.io/name" not in pod["metadata"]["labels"]  # the Service's selector
    exporter = container_of(manifests)
    (check,) = pod["spec"]["containers"]
    assert check["args"] == ["check", "--live", "--web.config.file=/run/web/w"]
    for key in ("image", "env", "volumeMounts", "securityContext"):
        assert check[key] == exporter[key]
    volumes = {v["name"]: v for v in deployment["spec"]["template"]["spec"]["volumes"]}
    assert {v["name"]: v for v in pod["spec"]["volumes"]} == {
        **volumes,
        "history": {"name": "history", "emptyDir": {}},
    }


def test_helm_test_passes_in_the_demo(tmp_path: Path) -> None:
    """The hook's command for the demo exits with code 0."""
    (pod,) = of_kind(templated(tmp_path, DEMO), "Pod")
    ended = run(sys.executable, "-m", "exporter", *pod["spec"]["containers"][0]["args"])
    assert ended.returncode == 0, ended.stderr


def _with_app(**keys: str) -> dict[str, Any]:
    return {"config": {"apps": [{"app_id": 1, **keys}]}}


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "nothing to collect": ({}, "there is nothing to collect: set config.apps"),
    "demo and config": ({**DEMO, "config": CONFIG}, "demo brings its own configuration"),
    "unknown value": ({**DEMO, "replicas": 2}, "replicas"),
    "unknown key of config": ({"config": {"aps": []}}, "aps"),
    "wrong type": ({**DEMO, "service": {"port": "http"}}, "service"),
    "secret in the configuration": (
        _with_app(server_secret="9193cc662a4c0ec1"),
        "config.apps[0].server_secret: a secret in config would be readable in a ConfigMap",
    ),
    "callback secret in the configuration": (
        _with_app(callback_secret="9193cc662a4c0ec1"),
        "config.apps[0].callback_secret: a secret in config would be readable in a ConfigMap",
    ),
    "secret that looks like a variable": (
        _with_app(server_secret="${A}9193cc662a4c0ec1"),
        "config.apps[0].server_secret: a secret in config",
    ),
    "secret file without a mount": (
        _with_app(server_secret_file="/run/zego/secret"),
        "config.apps[0].server_secret_file is /run/zego/secret, where nothing is mounted:"
        " name a Secret with the key secret in existingSecret",
    ),
    "secret file without its Secret": (
        _with_app(server_secret_file="/run/secrets/zego-upload-exporter/server-secret"),
        "config.apps[0].server_secret_file is /run/secrets/zego-upload-exporter/server-secret,",
    ),
    "callback secret file without a mount": (
        _with_app(callback_secret_file="/run/zego/secret"),
        "config.apps[0].callback_secret_file is /run/zego/secret, where nothing is mounted",
    ),
    "authority without a mount": (
        _with_app(ca_file="/run/ca.pem"),
        "config.apps[0].ca_file is /run/ca.pem, where nothing is mounted",
    ),
    "web configuration without a mount": (
        {"config": {**CONFIG, "web": {"config_file": "/run/web.yaml"}}, "existingSecret": "zego"},
        "config.web.config_file is /run/web.yaml, where nothing is mounted",
    ),
    "secret file of the environment without a mount": (
        {"extraEnv": [*ENVIRONMENT["extraEnv"], {"name": SECRET_FILE, "value": "/run/secret"}]},
        "extraEnv ZEGO_SERVER_SECRET_FILE is /run/secret, where nothing is mounted",
    ),
}


@pytest.mark.parametrize(("values", "message"), BAD.values(), ids=BAD)
def test_contradictory_values_are_refused(
    tmp_path: Path, values: dict[str, Any], message: str
) -> None:
    """The message names the value, and no secret."""
    ended = template(tmp_path, values)
    assert ended.returncode != 0
    assert message in ended.stderr
    assert "9193cc662a4c0ec1" not in ended.stderr


@pytest.mark.parametrize(
    "values",
    [
        {**_with_app(server_secret_file=f"{SECRETS}/a"), "existingSecret": "zego"},
        {
            **_with_app(server_secret_file="/run/zego/a", ca_file="/etc/ca.pem"),
            "extraVolumeMounts": [
                {"name": "zego", "mountPath": "/run/zego/"},
                {"name": "ca", "mountPath": "/etc/ca.pem", "subPath": "ca.pem"},
            ],
        },
        _with_app(server_secret_file="${FOLDER}/a"),
        _with_app(server_secret="${ZEGO_SERVER_SECRET}"),
    ],
    ids=["existingSecret", "own volumes", "variable in a path", "variable as the secret"],
)
def test_a_secret_that_may_be_there_is_accepted(tmp_path: Path, values: dict[str, Any]) -> None:
    """A path below a mount, a mount itself, and variables, which only the exporter can resolve."""
    assert template(tmp_path, values).returncode == 0


def test_every_value_is_in_the_schema_and_has_a_default() -> None:
    """Values and schema name the same keys, in every section."""
    schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))["properties"]
    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    assert values.keys() == schema.keys() - {"global"}
    for name in ("image", "persistence", "service", "serviceMonitor", "prometheusRule"):
        assert values[name].keys() == schema[name]["properties"].keys()
