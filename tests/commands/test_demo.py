"""The demo's wiring: the simulator's apps as an exporter's settings."""

from __future__ import annotations

import pytest
import requests

from exporter.commands.demo import running_demo
from exporter.commands.serve import COLLECTORS_STOP_SECONDS, WEB_STOP_SECONDS
from exporter.config.app import REGIONS
from exporter.errors import ConfigError
from exporter.simulator import callbacks, http_server
from exporter.simulator.demo import demo_apps


def test_the_settings_fit_the_running_simulator() -> None:
    """Each app of the simulator is configured, with its own AppId and secrets, at its address."""
    with running_demo({}) as demo:
        settings = demo()
        simulated = requests.get(f"{demo.server.url}/simulator/state", timeout=60).json()
        assert {str(app.app_id): app.name for app in settings.apps} == {
            app_id: state["name"] for app_id, state in simulated.items()
        }
        for app in settings.apps:
            assert app.endpoint == demo.server.url
            assert app.endpoint not in REGIONS.values()
            assert app.read_secret() == demo.server.apps[app.app_id].server_secret
        assert settings.warnings == ()


def test_flags_win_and_a_reload_changes_nothing() -> None:
    """Flags are applied; loading again gives the same settings."""
    with running_demo({"web": {"listen_address": ["127.0.0.1:0"]}}) as demo:
        assert demo().web.listen_address == ("127.0.0.1:0",)
        assert demo() is demo()


def test_flags_that_cannot_be_used_are_refused() -> None:
    """The demo validates flags like the file."""
    with (
        pytest.raises(ConfigError, match=r"--web\.telemetry-path: "),
        running_demo({"web": {"telemetry_path": "metrics"}}),
    ):
        pass


def test_waits_at_the_end_fit_into_the_time_that_is_promised() -> None:
    """docs/guarantees.md, section 15: the program ends within 5 seconds, its log included."""
    waits = WEB_STOP_SECONDS + COLLECTORS_STOP_SECONDS + http_server.JOIN_TIMEOUT
    waits += len(demo_apps()) * callbacks.JOIN_SECONDS
    assert waits <= 4.5
