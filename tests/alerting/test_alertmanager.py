"""The example for Alertmanager: routes checked by amtool, inhibition by a real Alertmanager."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from exporter.alerting.model import BUDGET_ALERT
from tests.components import GENERATIONS, require_of
from tests.prometheus import rule_files
from tests.prometheus.rule_files import PROMETHEUS, run
from tests.waiting import wait_until

CONFIG = PROMETHEUS / "alertmanager.example.yml"
ALERTS = rule_files.rules("alert")
PAGER, TICKETS, NOWHERE = "pager", "tickets", "nowhere"
RECEIVERS = {"critical": PAGER, "warning": TICKETS, "info": NOWHERE, "none": NOWHERE}
EVENTS = {
    "ZegoUploadFailed",
    "ZegoUploadExpired",
    "ZegoUploadExpiredUnfinished",
    "ZegoUploadNewDuplicateTitle",
}
"""They report events: the end of their window is no recovery."""


def amtool(*arguments: str | Path, generation: str = "distribution") -> str:
    """Run amtool, which has to succeed, and return its output."""
    program = require_of(generation, "amtool", package="prometheus-alertmanager")
    result = run(program, *arguments)
    assert result.returncode == 0, result.stdout
    return result.stdout


@pytest.mark.parametrize("generation", GENERATIONS)
def test_amtool_accepts_the_configuration(generation: str) -> None:
    """Alertmanager would load the example and its templates."""
    output = amtool("check-config", CONFIG, generation=generation)

    assert "1 templates" in output


@pytest.mark.parametrize("rule", ALERTS, ids=lambda r: f"{r['alert']}-{r['labels']['severity']}")
def test_every_alert_goes_to_the_receiver_of_its_severity(rule: dict[str, Any]) -> None:
    """Critical alerts page, warnings open a ticket, others are not sent."""
    labels = {"alertname": rule["alert"], "job": "zego", "zego_app": "prod", **rule["labels"]}
    receiver = RECEIVERS[rule["labels"]["severity"]]
    if rule["alert"] in EVENTS and receiver != NOWHERE:
        receiver += "-events"

    matchers = [f"{name}={value}" for name, value in labels.items()]
    amtool("config", "routes", "test", f"--config.file={CONFIG}", f"--verify.receivers={receiver}",
           *matchers)  # fmt: skip


def test_an_alert_without_a_known_severity_becomes_a_ticket() -> None:
    """A forgotten label loses no notification."""
    amtool("config", "routes", "test", f"--config.file={CONFIG}", "--verify.receivers=tickets",
           "alertname=Other")  # fmt: skip


def test_notifications_are_grouped_and_repeated_in_time() -> None:
    """Tickets are grouped by app, pages are not; repetitions name every file at least once."""
    route = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["route"]
    (critical,) = [sub for sub in route["routes"] if "critical" in str(sub["matchers"])]
    events = [
        sub
        for sub in (*route["routes"], *critical["routes"])
        if "ZegoUploadFailed|" in str(sub["matchers"])
    ]

    assert route["group_by"] == ["alertname", "cluster", "namespace", "job", "zego_app"]
    assert critical["group_by"] == ["alertname", "cluster", "namespace"]
    assert len(events) == 2
    for event in events:
        assert minutes(event["repeat_interval"]) + minutes(route["group_interval"]) < 30
    assert minutes(route["repeat_interval"]) < 6 * 60


def test_events_send_no_resolved() -> None:
    """`send_resolved` is off for both receivers of events, and for no other."""
    receivers = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["receivers"]
    silent = {
        receiver["name"]
        for receiver in receivers
        for hook in receiver.get("webhook_configs", [])
        if hook.get("send_resolved") is False
    }

    assert silent == {"pager-events", "tickets-events"}


def minutes(duration: str) -> int:
    """Return a Prometheus duration of whole minutes or hours in minutes."""
    return int(duration[:-1]) * {"m": 1, "h": 60}[duration[-1]]


def rendered(
    tmp_path: Path, folder: str, alerts: list[dict[str, Any]], generation: str = "distribution"
) -> str:
    """Return the text that a receiver would get of these alerts."""
    data = tmp_path / "data.json"
    data.write_text(json.dumps({"alerts": alerts}), encoding="utf-8")
    return amtool("template", "render", f"--template.glob={folder}/*.tmpl",
                  '--template.text={{ template "zego_upload.text" . }}',
                  f"--template.data={data}", generation=generation)  # fmt: skip


def sent(status: str, summary: str = "S") -> dict[str, Any]:
    """Return an alert in the form that Alertmanager's templates get."""
    annotations = {"summary": summary, "description": "D", "runbook_url": "R", "dashboard": "/d/x"}
    return {
        "labels": {"severity": "warning"},
        "annotations": annotations,
        "status": status,
        "startsAt": "2026-01-01T00:00:00Z",
        "endsAt": "2026-01-01T01:30:00Z",
    }


@pytest.mark.parametrize(
    ("folder", "lines"),
    [
        (
            "templates",
            """\
[FIRING warning] S
D
Runbook: R
Dashboard: https://grafana.example.com/d/x
[RESOLVED warning] over
Since: 2026-01-01 00:00 UTC
Ended: 2026-01-01 01:30 UTC""",
        ),
        (
            "templates-zh",
            """\
[告警 warning] S
D
处理方法：R
仪表盘：https://grafana.example.com/d/x
[已恢复 warning] over
开始：2026-01-01 08:00（北京时间）
结束：2026-01-01 09:30（北京时间）""",
        ),
    ],
)
@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_text_says_whether_it_fires_or_is_resolved(
    tmp_path: Path, folder: str, lines: str, generation: str
) -> None:
    """A resolved alert is not described as a current one; the addresses come from one place."""
    text = rendered(tmp_path, folder, [sent("firing"), sent("resolved", "over")], generation)

    assert text.strip() == lines


def test_an_address_in_the_rules_is_not_put_in_front_again(tmp_path: Path) -> None:
    """`export rules --grafana-url` may have been used without a change of the templates."""
    alert = sent("firing")
    alert["annotations"]["dashboard"] = "https://grafana.example.org/d/x"

    text = rendered(tmp_path, "templates", [alert])

    assert "\nDashboard: https://grafana.example.org/d/x\n" in text


def test_the_text_of_an_outage_of_200_apps_stays_short(tmp_path: Path) -> None:
    """Ten alerts are named; one line says that there are more."""
    text = rendered(tmp_path, "templates", [sent("firing", f"app-{n}") for n in range(200)])

    assert re.findall(r"app-(\d+)", text) == [str(n) for n in range(10)]
    assert text.count("further alerts") == 1


@pytest.fixture(scope="module", params=GENERATIONS)
def alertmanager(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[str]:
    """Start Alertmanager on the example, whose receivers are not running; yield its URL."""
    names = ("alertmanager", "prometheus-alertmanager")
    program = require_of(request.param, *names, package="prometheus-alertmanager")
    folder = tmp_path_factory.mktemp("alertmanager")
    config = re.sub(r"http://\w+\.example\.com", "http://127.0.0.1:9", CONFIG.read_text("utf-8"))
    (folder / "alertmanager.yml").write_text(config, encoding="utf-8")
    shutil.copytree(PROMETHEUS / "templates", folder / "templates")
    command = [
        program,
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder}",
        "--web.listen-address=127.0.0.1:0",
        "--cluster.listen-address=",
    ]
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield f"http://{listening_address(log)}"
    finally:
        process.kill()
        process.wait()


def listening_address(log: Path) -> str:
    """Return the address that Alertmanager says it listens on."""
    pattern = re.compile(r"address=(127\.0\.0\.1:\d+)")
    return wait_until(lambda: pattern.search(log.read_text("utf-8")), f"an address in {log}")[1]


def labels_of(name: str, job: str, **others: str) -> dict[str, str]:
    """Return the labels with which Prometheus would send "alert/severity"."""
    alert, severity = name.split("/")
    (component,) = {r["labels"]["component"] for r in ALERTS if r["alert"] == alert}
    labels = {
        "alertname": alert,
        "severity": severity,
        "component": component,
        "job": job,
        **others,
    }
    return labels if component == "exporter" else {**labels, "zego_app": "prod"}


def listed(url: str, job: str) -> list[dict[str, Any]]:
    """Return the job's alerts as Alertmanager lists them."""
    answer = requests.get(f"{url}/api/v2/alerts", params={"filter": f'job="{job}"'}, timeout=60)
    alerts: list[dict[str, Any]] = answer.json()
    return alerts


def muted_labels(url: str, job: str) -> list[dict[str, str]]:
    """Return the labels of the job's alerts that another one inhibits."""
    return [alert["labels"] for alert in listed(url, job) if alert["status"]["inhibitedBy"]]


def muted(url: str, job: str) -> set[str]:
    """Return "alert/severity" of the job's alerts that another one inhibits."""
    return {f"{each['alertname']}/{each['severity']}" for each in muted_labels(url, job)}


def names_of(*components: str) -> set[str]:
    """Return "alert/severity" of every alert on one of these components."""
    return {
        f"{rule['alert']}/{rule['labels']['severity']}"
        for rule in ALERTS
        if rule["labels"]["component"] in components
    }


UPLOADS = names_of("uploads")
EVERYTHING = names_of("uploads", "collection", "exporter")
NEED_DATA = {
    "ZegoUploadUnknownStatus/warning",
    "ZegoUploadListingShort/warning",
    "ZegoUploadTaskSeriesOmitted/info",
}
CONSEQUENCES = {"ZegoUploadApiErrorRateHigh/warning", "ZegoUploadDataStale/warning"}
SATURATED = "ZegoUploadSlotsSaturated/warning"
STUCK = {
    "ZegoUploadStuckWaiting/warning",
    "ZegoUploadStuckUploading/warning",
    "ZegoUploadRetryingLong/warning",
    "ZegoUploadSlotsFull/warning",
    SATURATED,
}
MUTED_BY = {
    "ZegoUploadExporterAbsent/critical": EVERYTHING - {"ZegoUploadExporterAbsent/critical"},
    "ZegoUploadDataMissing/none": UPLOADS | NEED_DATA,
    "ZegoUploadCollectionFailing/critical": UPLOADS | CONSEQUENCES,
    # Collections fail as well then; refused credentials alone mute the uploads too.
    "ZegoUploadCredentialsRefused/critical": UPLOADS
    | CONSEQUENCES
    | {"ZegoUploadCollectionFailing/critical"},
    "ZegoUploadFailureRatioHigh/critical": {"ZegoUploadFailed/warning"},
    # The muted page still mutes the tickets.
    "ZegoUploadNothingSucceeds/critical": {
        "ZegoUploadFailureRatioHigh/critical",
        "ZegoUploadFailed/warning",
    },
    "ZegoUploadQueueStalled/critical": STUCK,
    "ZegoUploadSlotsFull/warning": {SATURATED},
}


def post(url: str, *alerts: dict[str, str], **times: str) -> None:
    """Post alerts with these labels as Prometheus does; they fire unless `endsAt` is past."""
    sent = [{"labels": labels, **times} for labels in alerts]
    answer = requests.post(f"{url}/api/v2/alerts", json=sent, timeout=60)
    assert answer.status_code == 200, answer.text


def send(url: str, job: str, names: set[str]) -> None:
    """Post the alerts with these "alert/severity"."""
    post(url, *(labels_of(name, job) for name in sorted(names)))


@pytest.mark.e2e
@pytest.mark.parametrize("cause", MUTED_BY)
def test_a_cause_mutes_its_consequences_and_nothing_else(alertmanager: str, cause: str) -> None:
    """Of all alerts that are not causes, only the consequences of this one are muted."""
    job = cause.partition("/")[0]
    send(alertmanager, job, EVERYTHING - set(MUTED_BY) | MUTED_BY[cause] | {cause})
    send(alertmanager, f"{job}-elsewhere", EVERYTHING - set(MUTED_BY))

    wait_until(lambda: muted(alertmanager, job) == MUTED_BY[cause], f"{cause} to mute the others")

    assert muted(alertmanager, job) == MUTED_BY[cause]
    assert muted(alertmanager, f"{job}-elsewhere") == set()


@pytest.mark.e2e
def test_the_page_about_an_objective_mutes_its_ticket(alertmanager: str) -> None:
    """Both come from one alert with several windows; the ticket of another app stays."""
    about = {"alertname": BUDGET_ALERT, "component": "uploads", "job": "slo"}
    ticket = {**about, "severity": "warning", "window": "3d"}
    post(alertmanager, {**about, "severity": "critical", "window": "1h", "zego_app": "prod"})
    post(alertmanager, *({**ticket, "zego_app": app} for app in ("prod", "other")))

    wait_until(lambda: muted(alertmanager, "slo"), "the muted ticket")

    muted_ones = muted_labels(alertmanager, "slo")
    assert [(each["zego_app"], each["severity"]) for each in muted_ones] == [("prod", "warning")]


@pytest.mark.e2e
def test_a_cause_mutes_nothing_in_another_cluster_or_namespace(alertmanager: str) -> None:
    """Job and app have the same names everywhere; staging mutes staging alone."""
    places = [
        {"cluster": cluster, "namespace": namespace, "job": f"same-{number}"}
        for number, (cluster, namespace) in enumerate(
            [("east", "prod"), ("east", "staging"), ("west", "prod")]
        )
    ]
    target = "ZegoUploadStuckWaiting/warning"
    post(alertmanager, *({**labels_of(target, "same"), **place, "job": "same"} for place in places))
    source = labels_of("ZegoUploadDataMissing/none", "same", cluster="east", namespace="staging")
    absent = labels_of("ZegoUploadExporterAbsent/critical", "same", cluster="west", namespace="x")
    post(alertmanager, source, absent)

    wait_until(lambda: muted(alertmanager, "same"), "the muted alert")

    muted_ones = muted_labels(alertmanager, "same")
    assert {(each["cluster"], each["namespace"]) for each in muted_ones} == {("east", "staging")}


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("ZegoUploadDataMissing/none", "ZegoUploadCredentialsRefused/critical"),
        ("ZegoUploadCredentialsRefused/critical", "ZegoUploadDataMissing/none"),
    ],
)
def test_a_target_stays_muted_when_one_of_two_causes_ends(
    alertmanager: str, first: str, second: str
) -> None:
    """Each cause has a rule of its own: Alertmanager remembers one source for each rule."""
    target = "ZegoUploadStuckWaiting/warning"
    job = f"two-{first.partition('/')[0]}"
    send(alertmanager, job, {target, first, second})
    wait_until(lambda: target in muted(alertmanager, job), "a cause to mute the target")
    post(alertmanager, labels_of(first, job), endsAt="2020-01-01T00:00:00Z")

    ended = first.partition("/")[0]
    wait_until(
        lambda: ended not in [each["labels"]["alertname"] for each in listed(alertmanager, job)],
        "the end of the first cause",
    )

    assert target in muted(alertmanager, job)


@pytest.mark.e2e
def test_an_outage_of_200_apps_is_one_page(alertmanager: str) -> None:
    """Critical alerts are grouped without the app, so one notification holds them all."""
    labels = labels_of("ZegoUploadCollectionFailing/critical", "all", cluster="one-page")
    post(alertmanager, *({**labels, "zego_app": f"tenant-{number}"} for number in range(200)))

    def sizes() -> list[int]:
        parameters = {"filter": 'cluster="one-page"', "receiver": "pager"}
        url = f"{alertmanager}/api/v2/alerts/groups"
        found = requests.get(url, params=parameters, timeout=60).json()
        return [len(group["alerts"]) for group in found]

    wait_until(lambda: sum(sizes()) == 200, "all alerts")

    assert sizes() == [200]
