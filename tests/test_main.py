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
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    ("argv", "code"), [([], 0), (["--demo"], 0), (["once"], 1), (["check"], 1)]
)
def test_a_signal_while_the_program_loads_ends_it_cleanly(
    number: signal.Signals, argv: list[str], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Handlers are set before the slow imports: exit code 0 when serving, 1 in other commands."""
    codes: list[int] = []
    loading = ModuleType("exporter.cli")

    def run() -> int:
        monkeypatch.setattr("os._exit", codes.append)
        signal.raise_signal(number)
        return 7

    loading.main = run  # type: ignore[attr-defined] # a module made up for this test
    monkeypatch.setitem(sys.modules, "exporter.cli", loading)
    monkeypatch.setattr(sys, "argv", ["zego-upload-exporter", *argv])
    assert main() == 7
    assert codes == [code]


def test_a_reload_requested_while_the_program_loads_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SIGHUP ends a process by default; here it is handled once the program serves."""
    loading = ModuleType("exporter.cli")

    def run() -> int:
        signal.raise_signal(signal.SIGHUP)
        return signal.sigwait({signal.SIGHUP})

    loading.main = run  # type: ignore[attr-defined] # a module made up for this test
    monkeypatch.setitem(sys.modules, "exporter.cli", loading)
    monkeypatch.setattr(sys, "argv", ["zego-upload-exporter"])
    assert main() == signal.SIGHUP
