"""The thread of one app: collects on a monotonic schedule and publishes what it finds."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable

from exporter.collection.api_session import ApiSession
from exporter.collection.callbacks import CallbackReceiver
from exporter.collection.outage import Outage
from exporter.collection.schedule import Schedule
from exporter.collection.state import AppState
from exporter.collection.strategy import new_strategy
from exporter.collection.walk import WalkResult
from exporter.config import AppSettings
from exporter.errors import CollectionError, InternalError, Stopped
from exporter.history.counters import AppCounters
from exporter.logs import get_logger
from exporter.tasks import Snapshot
from exporter.zego.client import Client
from exporter.zego.limiter import RateLimiter
from exporter.zego.stats import ApiStats
from exporter.zego.transport import Transport

log = get_logger(__name__)

START_SPREAD = 0.1
"""Part of the interval over which first collections spread, so that apps do not start in step."""

MAX_START_SPREAD_SECONDS = 10.0
"""Most of it: whoever starts an exporter waits for its first numbers."""


class Collector:
    """Collects one app until it is stopped.

    `clock` is monotonic, `wall_clock` gives Unix seconds; both come in so that tests own the time.
    `prepare` is called with the app's name and each snapshot before anybody else can see it.
    """

    def __init__(
        self,
        settings: AppSettings,
        limiter: RateLimiter,
        ledger: AppCounters,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        new_transport: Callable[[], Transport] = Transport,
        prepare: Callable[[str, Snapshot], None] = lambda _app, _snapshot: None,
    ) -> None:
        self.settings = settings
        stats = ApiStats()
        self._ledger = ledger
        self.inbox = CallbackReceiver(
            settings.app_id,
            settings.read_callback_secret,
            ledger,
            request_early_collection=self.request_early_collection,
        )
        self.state = AppState(
            settings, stats, ledger, rejections=self.inbox.rejections, clock=clock
        )
        self._prepare = prepare
        self._clock = clock
        self._wall_clock = wall_clock
        self._stopping = threading.Event()
        self._awake = threading.Event()
        # Not cryptography: it only keeps apps and replicas from starting in step.
        spread = random.random() * min(  # noqa: S311
            START_SPREAD * settings.collection.interval, MAX_START_SPREAD_SECONDS
        )
        self._schedule = Schedule(clock() + spread, settings.collection.interval)
        self._secret = ""
        self._outage = Outage(settings.name)
        self._strategy, clients = new_strategy(settings, clock)
        self._clients = [self._new_client(limiter, stats, new_transport()) for _ in range(clients)]
        self._thread = threading.Thread(target=self._run, name=f"collector-{settings.name}")
        # A request that cannot be cut (a DNS look-up) must not keep the process alive.
        self._thread.daemon = True

    def start(self) -> None:
        """Start the thread; one that runs already goes on."""
        if self._thread.ident is None:
            self._thread.start()

    def collect_once(self) -> None:
        """Make the only collection of this collector, in the calling thread. Raises Stopped."""
        try:
            self.collect()
        finally:
            self._close()

    def stop(self) -> None:
        """Ask the thread to end and cut its request; returns at once."""
        self._stopping.set()
        self._awake.set()
        for client in self._clients:
            client.abort()

    def request_early_collection(self) -> None:
        """Ask for a collection before the next tick; returns at once."""
        self._schedule.request_early_collection()
        self._awake.set()

    def join(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for the thread; return whether it has ended."""
        self._thread.join(max(0.0, timeout))
        return not self.alive

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def collect(self) -> None:
        """Make one collection: publish its snapshot, or count its failure. Raises Stopped."""
        started = self._clock()
        self.state.begin(self._wall_clock())
        try:
            # Secrets in files are read at each collection, so that one can be renewed at any time.
            self._secret = self.settings.read_secret()
            result = self._ask(started)
            self._publish(result, self._clock() - started)
        except CollectionError as error:
            self._fail(error)
        except Stopped:
            raise
        except Exception as defect:
            # The border of the thread: a defect costs this collection, never the exporter.
            log.exception("defect during a collection", app=self.settings.name)
            self._fail(InternalError(f"defect of the exporter: {type(defect).__name__}"))

    def _ask(self, started: float) -> WalkResult:
        collection = self.settings.collection
        latest = self.state.view().latest
        asking = ApiSession(
            self._clients,
            page_size=collection.page_size,
            deadline=started + collection.deadline,
            # The limiter lets no more pages through before the deadline.
            max_pages=math.ceil(collection.deadline * collection.requests_per_second) + 1,
            known=latest.tasks if latest else (),
        )
        return self._strategy.collect(asking)

    def _new_client(self, limiter: RateLimiter, stats: ApiStats, transport: Transport) -> Client:
        return Client(
            app_id=self.settings.app_id,
            endpoint=self.settings.endpoint,
            is_test=self.settings.is_test,
            read_secret=lambda: self._secret,
            limiter=limiter,
            stats=stats,
            timeout=self.settings.collection.timeout,
            max_retries=self.settings.collection.max_retries,
            transport=transport,
            wall_clock=self._wall_clock,
            clock=self._clock,
            sleep=self._sleep,
        )

    def _close(self) -> None:
        for client in self._clients:
            client.close()

    def _publish(self, result: WalkResult, duration: float) -> None:
        now = self._wall_clock()
        snapshot = Snapshot(
            result.tasks,
            completed_at=now,
            duration=duration,
            pages=result.pages,
            reported_total=result.reported_total,
            tracked=self._ledger.record_walk(result.tasks, now),
            failure_reasons=self._ledger.failure_reasons(),
        )
        self._prepare(self.settings.name, snapshot)
        self.state.publish(
            snapshot,
            result.malformed,
            strategy=self._strategy.name,
            corrections=self._strategy.corrections,
        )
        self._outage.end(now)
        log.info(
            "collection complete",
            app=self.settings.name,
            tasks=len(result.tasks),
            pages=result.pages,
            duration_seconds=duration,
            malformed=sum(result.malformed.values()) or None,
        )

    def _fail(self, error: CollectionError) -> None:
        self.state.fail(error)
        self._outage.record(error, self._wall_clock())

    def _sleep(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise Stopped

    def _run(self) -> None:
        try:
            while True:
                self._await_turn()
                self._schedule.begin(self._clock())
                self.state.expect_tick(self._schedule.tick)
                self.collect()
                self._count_skipped(self._schedule.end(self._clock()))
        except Stopped:
            log.debug("collector stopped", app=self.settings.name)
        finally:
            self._close()

    def _await_turn(self) -> None:
        """Wait until the schedule wants a collection. Raises Stopped."""
        while True:
            self._awake.clear()
            if self._stopping.is_set():
                raise Stopped
            delay = self._schedule.due - self._clock()
            self.state.schedule(self._wall_clock() + max(0.0, delay))
            if delay <= 0:
                return
            self._awake.wait(delay)

    def _count_skipped(self, skipped: int) -> None:
        self.state.skip(skipped)
        if skipped:
            log.warning(
                "ticks skipped: a collection was still running",
                app=self.settings.name,
                skipped=skipped,
            )
