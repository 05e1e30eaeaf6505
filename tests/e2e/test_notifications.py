"""The notifications of an incident, message by message: everything is real except ZEGO.

Two minutes of the rules and of Alertmanager's configuration take a second.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from exporter.simulator.http_server import SimulatorServer
from exporter.simulator.task import SUCCEEDED, WAITING
from tests.components import GENERATIONS
from tests.e2e.alerting import Notification, Setting, Stage, stage
from tests.e2e.apps import FAST, entry, write_config
from tests.e2e.test_alerting import still, wait_for_counts
from tests.faults.faults import Fault

pytestmark = pytest.mark.e2e

SIGNATURE_WRONG = 100000005
STUCK = "ZegoUploadStuckWaiting"
FAILING = "ZegoUploadCollectionFailing"
ABSENT = "ZegoUploadExporterAbsent"


def summary(notification: Notification) -> tuple[str, str, str, str]:
    """Return a message as receiver, status, alert and app."""
    labels = notification.labels
    app = labels.get("zego_app", "")
    return notification.receiver, notification.status, labels["alertname"], app


def wait_until_blind(stage: Stage, app: str) -> None:
    """Return once the app's upload alert has ended in Prometheus, because its data is gone."""
    stage.wait_for_query(f'absent(ALERTS{{alertname="{STUCK}", zego_app="{app}"}})')
    stage.wait_for_query(f'ALERTS{{alertname="ZegoUploadDataMissing", zego_app="{app}"}}')


@pytest.mark.long
@pytest.mark.parametrize("generation", GENERATIONS)
def test_an_incident_sends_no_false_recovery(tmp_path: Path, generation: str) -> None:
    """The API fails for one of two apps, the exporter dies and returns, credentials are refused.

    Meanwhile an upload of each app is stuck. That of the app without data never counts as resolved;
    the other one does once its upload has succeeded.
    """
    vod, lessons = still(1, "vod"), still(2, "lessons")
    long_ago = int(time.time()) - 2400
    vod.life.add_task(title="vod.mp4", status=WAITING, created_at=long_ago)
    ending = lessons.life.add_task(title="lessons.mp4", status=WAITING, created_at=long_ago)
    setting = Setting(generation=generation)
    with SimulatorServer((vod, lessons)) as server:
        apps = [entry(app, server, collection={"stale_after": "2s"}) for app in (vod, lessons)]
        write_config(tmp_path, apps=apps, collection=FAST, history={"path": "history.db"})
        with stage(tmp_path, setting) as running:
            receiver = running.receiver
            for app in ("vod", "lessons"):
                receiver.wait_for(STUCK, zego_app=app)
            vod.faults.switch_on(Fault.HTTP_STATUS, 503)
            wait_until_blind(running, "vod")
            receiver.wait_for(FAILING, zego_app="vod")
            vod.faults.switch_off()
            receiver.wait_for(FAILING, "resolved", zego_app="vod")
            lessons.life.set_status(ending.id, SUCCEEDED)
            receiver.wait_for(STUCK, "resolved", zego_app="lessons")
            running.exporter.stop()
            wait_until_blind(running, "vod")
            receiver.wait_for(ABSENT)
            running.exporter.start()
            receiver.wait_for(ABSENT, "resolved")
            wait_for_counts(running, vod, waiting=1)
            vod.faults.switch_on(Fault.CODE, SIGNATURE_WRONG)
            receiver.wait_for("ZegoUploadCredentialsRefused", zego_app="vod")
            wait_until_blind(running, "vod")
            messages = [summary(each) for each in receiver.notifications]

    assert sorted(messages[:2]) == [
        ("tickets", "firing", STUCK, "lessons"),
        ("tickets", "firing", STUCK, "vod"),
    ]
    assert messages[2:] == [
        ("pager", "firing", FAILING, "vod"),
        ("pager", "resolved", FAILING, "vod"),
        ("tickets", "resolved", STUCK, "lessons"),
        ("pager", "firing", ABSENT, ""),
        ("pager", "resolved", ABSENT, ""),
        ("pager", "firing", "ZegoUploadCredentialsRefused", "vod"),
    ]
