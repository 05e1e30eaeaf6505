"""A simulated app, and a server, whose faults can be switched on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from exporter.simulator.api import envelope
from exporter.simulator.app import Alteration, SimulatedApp, Spelling
from exporter.simulator.http_server import SimulatorServer
from exporter.simulator.reply import Reply
from exporter.simulator.tokens import Cursor
from tests.faults.broken import alter_payload, choose_token
from tests.faults.faults import Fault, Faults, Parameter
from tests.faults.replies import ACTS


class FaultyAlteration(Alteration):
    """Makes the given faults happen to one request."""

    def __init__(self, faults: Mapping[Fault, Parameter]) -> None:
        self._faults = faults
        self.clock_offset = float(faults.get(Fault.CLOCK_OFFSET) or 0)

    def next_page(
        self, cursor: Cursor, token: str, following: Cursor | None
    ) -> tuple[Cursor | None, str]:
        """Return the place and the text of a token."""
        return choose_token(cursor, token, following, self._faults)

    def page(self, payload: Any, spelling: Spelling, cursor: Cursor) -> Any:
        """Return the page with its faults."""
        return alter_payload(payload, spelling, cursor, self._faults)

    def answer(self, payload: Any) -> Any:
        """Return the answer with the return code that a fault demands."""
        if Fault.CODE in self._faults:
            return envelope(int(self._faults[Fault.CODE] or 0), "failed", None)
        if Fault.CODE_WITHOUT_DATA in self._faults:
            failed = envelope(int(self._faults[Fault.CODE_WITHOUT_DATA] or 0), "failed", None)
            del failed["Data"]
            return failed
        return payload

    def reply(self, reply: Reply) -> None:
        """Make the faults of the connection and of the bytes happen."""
        for fault, act in ACTS.items():
            if fault in self._faults:
                act(reply, self._faults[fault])


@dataclass(eq=False)
class FaultyApp(SimulatedApp):
    """A simulated app whose `faults` can be switched on."""

    faults: Faults = field(default_factory=Faults)

    def alteration(self, page: int) -> Alteration:
        """Return the faults that happen to this request."""
        drawn = self.faults.draw(page)
        return FaultyAlteration(drawn) if drawn else super().alteration(page)


def with_faults(app: SimulatedApp) -> FaultyApp:
    """Return an app with the tasks and the behaviour of `app`, whose faults can be switched on."""
    values = {part.name: getattr(app, part.name) for part in fields(app) if part.init}
    return FaultyApp(**values, rate_limit=app.arrivals.limit)


class FaultyServer(SimulatorServer):
    """Refuses connections while the fault REFUSED is switched on for any of its apps."""

    def __init__(self, apps: Iterable[SimulatedApp], *args: Any, **kwargs: Any) -> None:
        super().__init__(apps, *args, **kwargs)
        self._faulty = [app for app in self.apps.values() if isinstance(app, FaultyApp)]
        for app in self._faulty:
            app.faults.on_change(self._follow_faults)

    def start(self) -> None:
        """Begin to serve, or to refuse."""
        super().start()
        self._follow_faults()

    def _follow_faults(self) -> None:
        self.refuse_connections(any(app.faults.is_on(Fault.REFUSED) for app in self._faulty))
