"""Reloading the configuration of a running exporter, by signal and over HTTP."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import requests

from exporter.simulator.http_server import SimulatorServer
from tests.e2e.apps import FAST, entry, exporter_of, still_app, write_config
from tests.e2e.pages import Page, read_page, wait_for_up
from tests.e2e.processes import url_of
from tests.waiting import wait_until

pytestmark = pytest.mark.e2e

SUCCESSFUL = "zego_upload_exporter_config_last_reload_successful"
SUCCEEDED_AT = "zego_upload_exporter_config_last_reload_success_timestamp_seconds"


def wait_for_reload(url: str, successful: float) -> Page:
    """Return the first page that shows this result of the last reload."""

    def page() -> Page | None:
        now = read_page(url)
        return now if now.value(SUCCESSFUL) == successful else None

    return wait_until(page, f"{SUCCESSFUL} {successful:.0f}")


def test_a_hangup_reloads_and_a_bad_file_changes_nothing(tmp_path: Path) -> None:
    """Apps come and go, an unchanged one keeps its counters; a mistake is reported and harmless."""
    kept, gone, new = (still_app(9, app_id=n, name=name) for n, name in enumerate("abc", start=1))
    with SimulatorServer([kept, gone, new]) as server, exporter_of(server, tmp_path) as exporter:
        url = url_of(exporter)
        for app in (kept, gone, new):
            before = wait_for_up(url, app=app.name)
        write_config(tmp_path, apps=[entry(kept, server, interval="x")])
        exporter.send(signal.SIGHUP)
        failed = wait_for_reload(url, 0)
        assert "apps[0].interval: unknown key" in exporter.output
        assert failed.value(SUCCEEDED_AT) == before.value(SUCCEEDED_AT)
        assert failed.counts("b") == before.counts("b")

        write_config(tmp_path, apps=[entry(app, server) for app in (new, kept)], collection=FAST)
        exporter.send(signal.SIGHUP)
        after = wait_for_reload(url, 1)
        assert after.counts("b") == {}
        assert after.counts("a") == before.counts("a")
        collections = "zego_upload_collections_total"
        assert (after.value(collections, "a") or 0) >= (before.value(collections, "a") or 0) > 0
        assert (after.value(SUCCEEDED_AT) or 0) > (before.value(SUCCEEDED_AT) or 0)


@pytest.mark.parametrize(("flags", "status"), [((), 403), (("--web.enable-lifecycle",), 200)])
def test_reloading_over_http_must_be_enabled(
    tmp_path: Path, flags: tuple[str, ...], status: int
) -> None:
    """Without the flag it is refused; with it, a bad file is answered with its problems."""
    with (
        SimulatorServer([still_app(3)]) as server,
        exporter_of(server, tmp_path, *flags) as program,
    ):
        url = url_of(program)
        assert requests.post(f"{url}/-/reload", timeout=60).status_code == status
        assert requests.get(f"{url}/-/reload", timeout=60).status_code == 405
        if status == 200:
            write_config(tmp_path, apps=[])
            answer = requests.post(f"{url}/-/reload", timeout=60)
            assert answer.status_code == 500
            assert answer.text.startswith("apps: ")
        assert wait_for_up(url).counts()
