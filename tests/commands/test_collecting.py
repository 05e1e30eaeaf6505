"""One collection of every app, for the commands that end."""

from __future__ import annotations

import io
from typing import Any

import pytest

from exporter.commands.collecting import collected
from exporter.commands.demo import running_demo

ANY_PORT: dict[str, Any] = {"web": {"listen_address": ["127.0.0.1:0"]}}


class Terminal(io.StringIO):
    """A stderr that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stderr", [io.StringIO(), Terminal()], ids=["pipe", "terminal"])
def test_every_app_is_collected_once(stderr: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress is shown on a terminal only."""
    monkeypatch.setattr("sys.stderr", stderr)
    with running_demo(ANY_PORT) as demo, collected(demo()) as views:
        assert [view.settings.name for view in views] == [app.name for app in demo().apps]
        assert all(view.up and view.collections == 1 for view in views)

    assert ("requests" in stderr.getvalue()) == stderr.isatty()
