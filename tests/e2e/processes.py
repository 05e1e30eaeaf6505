"""Programs started as a user would start them, and stopped at the end of the test.

The output of programs goes to files: a test may search it, and a failure shows it.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.components import require
from tests.grafana.prometheus import Prometheus, free_port, is_ready
from tests.waiting import wait_until

EXPORTER = str(Path(sysconfig.get_path("scripts")) / "zego-upload-exporter")
"""The console script of the environment that runs the tests."""

ANY_PORT = ("--web.listen-address", "127.0.0.1:0")
STOP_SECONDS = 40.0
"""Time for a program to end. It takes 5 s at most on a machine that is not busy. Faults in
tests last a minute or longer, so a program that waits for their end is noticed."""


class Program:
    """A running program in `folder`, with an environment of PATH alone."""

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._out = folder / f"{Path(command[0]).name}.out"
        self._err = self._out.with_suffix(".err")
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=_environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    @property
    def output(self) -> str:
        """What it wrote to stdout and stderr."""
        return self._out.read_text("utf-8") + self._err.read_text("utf-8")

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def wait(self, seconds: float) -> int:
        """Return its exit code; fail, showing its output, when it does not end within `seconds`."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds} s:\n{self.output}") from None

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal and return its exit code, which must come in time."""
        self.send(number)
        return self.wait(STOP_SECONDS)

    def find(self, pattern: str) -> re.Match[str]:
        """Return the last match of `pattern` in the output, waiting for it."""
        return wait_until(lambda: self._search(pattern), f"{pattern!r} in its output")

    def _search(self, pattern: str) -> re.Match[str] | None:
        found = list(re.finditer(pattern, self.output))
        assert found or self.alive, f"it has ended:\n{self.output}"
        return found[-1] if found else None

    def clean_up(self) -> None:
        """Kill it if it still runs."""
        if self.alive:
            self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def running(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Program]:
    """Run a program as long as the block lasts."""
    program = Program(command, folder, environment)
    try:
        yield program
    finally:
        program.clean_up()


def run_exporter(
    folder: Path, *flags: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the exporter until it ends, and return its exit code and output."""
    return subprocess.run(
        [EXPORTER, *flags],
        cwd=folder,
        env=_environment(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def url_of(exporter: Program) -> str:
    """Return where an exporter serves, without a slash at the end, once it does."""
    return exporter.find(r'\bserving\b.*?(https?://[^/\s"]+)/')[1]


@contextmanager
def prometheus_scraping(
    url: str,
    folder: Path,
    *,
    rules: Sequence[Path] = (),
    access: Mapping[str, Any] | None = None,
) -> Iterator[Prometheus]:
    """Run a Prometheus that scrapes the exporter at `url`, and applies `rules`, every second.

    `access` holds further keys of the scrape configuration, such as `basic_auth`.
    """
    program = require("prometheus", package="prometheus")
    scheme, _, target = url.rstrip("/").partition("://")
    job = {"job_name": "zego", "scheme": scheme, "static_configs": [{"targets": [target]}]}
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(path) for path in rules],
        "scrape_configs": [{**job, **(access or {})}],
    }
    (folder / "prometheus.yml").write_text(json.dumps(config), "utf-8")  # YAML contains JSON
    address = f"127.0.0.1:{free_port()}"
    command = [program, "--config.file=prometheus.yml", "--storage.tsdb.path=data"]
    with running([*command, f"--web.listen-address={address}"], folder) as server:
        wait_until(lambda: is_ready(f"http://{address}") or not server.alive, "Prometheus")
        assert server.alive, server.output
        yield Prometheus(f"http://{address}")


def _environment(environment: Mapping[str, str] | None) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], **(environment or {})}
