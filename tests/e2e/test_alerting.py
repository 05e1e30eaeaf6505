"""From an upload at the API to a notification: everything real but ZEGO, a minute in a second."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporter.simulator.lifecycle import Lifecycle
from exporter.simulator.task import EXPIRED, FAILED, SUCCEEDED, UPLOADING, WAITING
from exporter.simulator.workload import HOUR
from tests.e2e.alerting import Stage, stage
from tests.e2e.apps import FAST, SECRET, entry, write_config
from tests.e2e.pages import read_page
from tests.faults import FaultyApp, FaultyServer
from tests.faults.faults import Fault
from tests.waiting import wait_until

pytestmark = pytest.mark.e2e

TITLE = '第1课 "直播回放" - 期末复习.mp4'
STUCK_AFTER = 1800
"""Seconds of waiting from which ZegoUploadStuckWaiting fires: thresholds are not scaled."""

STUCK_IN = 25
"""Seconds until a task of this age is stuck: by then an outage that began before is an alert."""


def still(app_id: int, name: str) -> FaultyApp:
    """Return an app without tasks, in which nothing happens by itself."""
    return FaultyApp(app_id, SECRET, Lifecycle(pace=0, start=time.time()), name, rate_limit=None)


@contextmanager
def watched(folder: Path, *apps: FaultyApp, **stale_after: str) -> Iterator[Stage]:
    """Run everything, collecting the apps every second; `stale_after` by the name of the app."""
    with FaultyServer(apps) as server:
        entries = [
            entry(app, server, collection={"stale_after": stale_after.get(app.name)})
            for app in apps
        ]
        write_config(folder, apps=entries, collection=FAST, history={"path": "history.db"})
        with stage(folder) as built:
            yield built


def wait_for_counts(stage: Stage, app: FaultyApp, **counts: int) -> None:
    """Return once the exporter shows these numbers of tasks by status."""

    def shown() -> bool:
        found = read_page(stage.exporter.url).counts(app.name)
        return counts.items() <= found.items()

    wait_until(shown, f"{app.name}: {counts}")


def wait_for_scrapes(stage: Stage) -> None:
    """Return once Prometheus has scraped the exporter, as it runs now, twice."""
    started = read_page(stage.exporter.url).value("process_start_time_seconds")
    query = f"count_over_time((process_start_time_seconds == {started})[1m:1s])"

    def scraped() -> bool:
        found = stage.prometheus.query(query, now=time.time())
        return any(float(series["value"][1]) > 1 for series in found)

    wait_until(scraped, "two scrapes")


def restart(stage: Stage) -> None:
    """Restart the exporter, and let Prometheus see it."""
    stage.exporter.stop()
    stage.exporter.start()
    wait_for_scrapes(stage)


def test_notifications_name_uploads_and_ignore_restarts(tmp_path: Path) -> None:
    """Failed files are sent, expiring ones only shown; a resolved failure may still be listed.

    Meanwhile the exporter restarts with its history, and then without it.
    """
    app = still(1, "vod")
    failing = app.life.add_task(title=TITLE, status=UPLOADING)
    ending = app.life.add_task(title="ending.mp4", status=SUCCEEDED)
    app.life.add_task(title="failed-long-ago.mp4", status=FAILED)
    with watched(tmp_path, app) as stage:
        receiver = stage.receiver
        wait_for_scrapes(stage)
        assert stage.fired() == set()
        soon = int(time.time() + HOUR)
        app.life.add_task(title="期末.mp4", status=SUCCEEDED, expires_at=soon)
        app.life.set_status(failing.id, FAILED)
        app.life.set_status(ending.id, EXPIRED)
        failed = receiver.wait_for("ZegoUploadFailed", zego_app="vod")
        assert failed.receiver == "tickets-events"
        assert f"\n- {TITLE} (id {failing.id})\n" in failed.annotations["description"]
        wait_until(lambda: "ZegoUploadExpiringSoon/info/vod" in stage.fired(), "the expiry")
        wait_until(lambda: "ZegoUploadExpired/info/vod" in stage.fired(), "the expired file")
        restart(stage)
        (tmp_path / "history.db").unlink()
        restart(stage)
        wait_until(lambda: "ZegoUploadFailed" not in stage.firing(), "the end of the event")
        wait_for_counts(stage, app, failed=2)
        # A machine at its limit restarts it for longer than the shortened `for` of these.
        slow = {"ZegoUploadDataMissing", "ZegoUploadExporterDown", "ZegoUploadExporterAbsent"}
        assert {each for each in stage.fired() if each.split("/")[0] not in slow} == {
            "ZegoUploadFailed/warning/vod",
            "ZegoUploadExpired/info/vod",
            "ZegoUploadExpiringSoon/info/vod",
        }
        notified = {each.labels["alertname"] for each in receiver.notifications}
        assert notified - slow == {"ZegoUploadFailed"}
        assert not receiver.about("ZegoUploadFailed", "resolved")


def test_a_cause_is_sent_and_its_consequences_are_not(tmp_path: Path) -> None:
    """The API of two apps is down, then up, then the exporter is down: one page each.

    An alert that an outage muted is sent after the outage if it still fires. Another app is not
    muted.
    """
    down, blind, well = still(1, "vod"), still(2, "archive"), still(3, "lessons")
    failing = well.life.add_task(status=UPLOADING)
    with watched(tmp_path, down, blind, well, vod="5m") as stage:
        receiver = stage.receiver
        created_at = int(time.time()) - STUCK_AFTER + STUCK_IN
        waiting = down.life.add_task(title=TITLE, status=WAITING, created_at=created_at)
        wait_for_counts(stage, down, waiting=1)
        for app in (down, blind):
            app.faults.switch_on(Fault.HTTP_STATUS, 503)
        for app in (down, blind):
            failure = receiver.wait_for("ZegoUploadCollectionFailing", zego_app=app.name)
            assert failure.receiver == "pager"
            assert "\n- server: about" in failure.annotations["description"]
        stage.wait_until_muted("ZegoUploadDataStale", zego_app="archive")
        stage.wait_until_muted("ZegoUploadStuckWaiting", zego_app="vod")
        well.life.set_status(failing.id, FAILED)
        receiver.wait_for("ZegoUploadFailed", zego_app="lessons")
        assert not receiver.about("ZegoUploadStuckWaiting")
        assert not receiver.about("ZegoUploadDataStale")
        for app in (down, blind):
            app.faults.switch_off()
        stuck = receiver.wait_for("ZegoUploadStuckWaiting", zego_app="vod")
        assert f"\n- {TITLE} (id {waiting.id}), created 30m" in stuck.annotations["description"]
        stage.exporter.stop()
        absent = receiver.wait_for("ZegoUploadExporterAbsent")
        assert absent.receiver == "pager"
        stage.wait_until_muted("ZegoUploadExporterDown")
        # Prometheus sends the end of each alert in a message of its own, and Alertmanager may look
        # between that of the cause and that of the consequence: for some milliseconds, which are
        # more on a busy machine, while five minutes are five seconds here.
        names = {each.labels["alertname"] for each in receiver.notifications}
        assert names - {"ZegoUploadDataStale"} == {
            "ZegoUploadCollectionFailing",
            "ZegoUploadFailed",
            "ZegoUploadStuckWaiting",
            "ZegoUploadExporterAbsent",
        }
