"""The demo: the whole exporter against the embedded simulator, without an account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pydantic import SecretStr

from exporter.config import AppSettings, CollectionSettings, Settings, load_settings
from exporter.simulator.app import SimulatedApp
from exporter.simulator.demo import demo_apps
from exporter.simulator.server import SimulatorServer

INTERVAL_SECONDS = 10.0
"""Time between two collections: short enough that a person sees things change."""


@contextmanager
def demo_settings(overrides: Mapping[str, Any]) -> Iterator[Settings]:
    """Run the simulator as long as the block lasts; yield the settings of its apps.

    `overrides` are settings given by flags, in the shape of the configuration file. Raises
    ConfigError where they cannot be used.
    """
    simulated = demo_apps()
    first = simulated[0]
    environment = {"ZEGO_APP_ID": str(first.app_id), "ZEGO_SERVER_SECRET": first.server_secret}
    settings = load_settings(None, environment, overrides=overrides)
    with SimulatorServer(simulated) as server:
        apps = tuple(_app_settings(app, server.url) for app in simulated)
        yield settings.model_copy(update={"apps": apps, "warnings": ()})


def _app_settings(app: SimulatedApp, endpoint: str) -> AppSettings:
    return AppSettings(
        name=app.name,
        app_id=app.app_id,
        server_secret=SecretStr(app.server_secret),
        endpoint=endpoint,
        collection=CollectionSettings(
            interval=INTERVAL_SECONDS, stale_after=5 * INTERVAL_SECONDS, requests_per_second=20
        ),
    )
