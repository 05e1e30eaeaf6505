"""The entry point."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from exporter.__main__ import main


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Leave the signal handlers as they were."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_the_program_loads_ends_it_well(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handlers are there before the slow imports; exit code 0, as with later signals."""
    codes: list[int] = []
    loading = ModuleType("exporter.cli")

    def run() -> int:
        monkeypatch.setattr("os._exit", codes.append)
        signal.raise_signal(number)
        return 7

    loading.main = run  # type: ignore[attr-defined] # a module made up for this test
    monkeypatch.setitem(sys.modules, "exporter.cli", loading)
    assert main() == 7
    assert codes == [0]
