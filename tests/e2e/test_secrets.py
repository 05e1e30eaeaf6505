"""No secret leaves the exporter (`docs/guarantees.md`, section 11)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.apps import FAST, SECRET, entry, still_app, write_config
from tests.e2e.pages import read_page
from tests.e2e.processes import ANY_PORT, EXPORTER, running, url_of
from tests.faults import FaultyServer
from tests.faults.faults import Fault
from tests.waiting import wait_until

pytestmark = pytest.mark.e2e

FAULTS: tuple[tuple[Fault, Any], ...] = (
    (Fault.RESET, None),
    (Fault.TRUNCATED, None),
    (Fault.SILENT, None),
    (Fault.HTML, 502),
    (Fault.HTTP_STATUS, 500),
    (Fault.REDIRECT, None),
    (Fault.CODE, 100000005),
    (Fault.NOT_UTF8, None),
    (Fault.WRONG_TYPE, None),
    (Fault.BROKEN_ENTRIES, None),
    (Fault.TOKEN_CYCLE, None),
)
"""Faults, one app each, so that every kind of message occurs."""

PATHS = ("/metrics", "/", "/-/healthy", "/-/ready", "/nothing", "/metrics?app=1", "/?app=0")

FORBIDDEN = re.compile(
    r"[0-9a-f]{32}"  # the form of server secrets and of signatures
    r"|stream-secret|\btoken="  # what media URLs carry
    r'|(?<!source_host=")origin\.example\.com|origin\.example\.com[/:@?]'  # more than their host
    r"|Signature(Nonce)?=|SignatureVersion|Timestamp="  # a request's query
)


@pytest.mark.parametrize("log_format", ["logfmt", "json"])
def test_no_output_holds_a_secret(tmp_path: Path, log_format: str) -> None:
    """Neither logs at debug level nor any page, after any fault of the API.

    A secret from the configuration, one from a file, one from the environment and a wrong one.
    """
    apps = [still_app(60, app_id=n + 1, name=f"app{n}") for n in range(len(FAULTS) + 4)]
    for app, (fault, parameter) in zip(apps, FAULTS, strict=False):
        app.faults.switch_on(fault, parameter)
    (tmp_path / "secret").write_text(SECRET)
    with FaultyServer(apps) as server:
        entries = [entry(app, server) for app in apps]
        del entries[-1]["server_secret"]
        entries[-1]["server_secret_file"] = "secret"
        entries[-2]["server_secret"] = "${SECRET}"
        entries[-3]["server_secret"] = SECRET[::-1]
        write_config(tmp_path, apps=entries, collection={**FAST, "max_retries": 1, "timeout": "2s"})
        flags = ["--log.level=debug", f"--log.format={log_format}", *ANY_PORT]
        with running([EXPORTER, *flags], tmp_path, {"SECRET": SECRET}) as exporter:
            url = url_of(exporter)
            wait_until(
                lambda: len(read_page(url).table("zego_upload_up", "zego_app")) == len(apps),
                "all collections to end",
            )
            pages = [requests.get(url + path, timeout=60) for path in PATHS]
            assert exporter.end() == 0
    output = "\n".join([exporter.output, *(f"{page.headers}\n{page.text}" for page in pages)])
    assert "collection failed" in output
    assert not FORBIDDEN.findall(output)
