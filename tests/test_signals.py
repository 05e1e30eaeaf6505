"""Signals reach the main thread, whichever thread the kernel hands them to."""

from __future__ import annotations

import signal
import threading

from exporter.signals import Signals


def test_signals_come_one_after_the_other() -> None:
    """Also those that came before anybody waited."""
    with Signals(signal.SIGHUP, signal.SIGTERM) as signals:
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGTERM)
        assert [signals.wait(), signals.wait()] == [signal.SIGHUP, signal.SIGTERM]


def test_a_signal_handed_to_another_thread_wakes_the_main_thread() -> None:
    """The kernel may choose any thread; the one that waits must notice."""

    def send() -> None:
        signal.pthread_kill(threading.get_ident(), signal.SIGHUP)

    with Signals(signal.SIGHUP) as signals:
        sender = threading.Timer(0.05, send)
        sender.start()
        assert signals.wait() == signal.SIGHUP
        sender.join()


def test_afterwards_everything_is_as_it_was() -> None:
    """Handlers and the descriptor that is written to at signals."""
    before = signal.getsignal(signal.SIGHUP)
    with Signals(signal.SIGHUP):
        pass
    assert signal.getsignal(signal.SIGHUP) is before
    assert signal.set_wakeup_fd(-1) == -1
