"""The demo: the whole exporter against the embedded simulator, without an account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from exporter.config import AppSettings, CollectionSettings, Settings, load_settings
from exporter.simulator.app import SimulatedApp
from exporter.simulator.demo import demo_apps
from exporter.simulator.http_server import SimulatorServer

INTERVAL_SECONDS = 10.0
"""Time between two collections: short enough that a person sees things change."""


@dataclass(frozen=True, slots=True)
class Demo:
    """The running simulator; calling it loads the settings of its apps."""

    settings: Settings
    server: SimulatorServer

    def __call__(self) -> Settings:
        """Return the settings; a reload finds them unchanged."""
        return self.settings

    def callbacks_to(self, url: str) -> None:
        """Let the apps send their callbacks to the exporter at `url`, now that it serves."""
        self.server.callbacks_to(url)


@contextmanager
def running_demo(overrides: Mapping[str, Any]) -> Iterator[Demo]:
    """Run the simulator as long as the block lasts.

    `overrides` are settings given by flags, in the shape of the configuration file. Raises
    ConfigError where they cannot be used.
    """
    simulated = demo_apps()
    first = simulated[0]
    environment = {"ZEGO_APP_ID": str(first.app_id), "ZEGO_SERVER_SECRET": first.server_secret}
    settings = load_settings(None, environment, overrides=overrides)
    with SimulatorServer(simulated) as server:
        apps = tuple(_app_settings(app, server.url) for app in simulated)
        yield Demo(settings.model_copy(update={"apps": apps}).resolved(warnings=()), server)


def _app_settings(app: SimulatedApp, endpoint: str) -> AppSettings:
    return AppSettings(
        name=app.name,
        app_id=app.app_id,
        server_secret=SecretStr(app.server_secret),
        callback_secret=SecretStr(app.callback_secret),
        endpoint=endpoint,
        collection=CollectionSettings(
            interval=INTERVAL_SECONDS, stale_after=5 * INTERVAL_SECONDS, requests_per_second=20
        ),
    )
