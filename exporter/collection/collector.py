"""The thread of one app: collects on a schedule and publishes the snapshots."""

from __future__ import annotations

import errno
import math
import threading
import time
from collections.abc import Callable
from functools import partial

from exporter.collection.api_session import INCREMENTAL_CLIENTS, ApiSession
from exporter.collection.callbacks import CallbackReceiver
from exporter.collection.incremental.strategy import Incremental
from exporter.collection.log_once import EntryLog, FailureLog
from exporter.collection.schedule import Schedule, elapsed_clock, random_start
from exporter.collection.state import AppState
from exporter.collection.walk import TotalsCheck, WalkResult
from exporter.config import AppSettings
from exporter.errors import (
    LIMITS_REMEDY,
    ApiError,
    CollectionError,
    ExporterError,
    InternalError,
    Stopped,
)
from exporter.history.counters import AppCounters, OutdatedWalk
from exporter.logs import get_logger
from exporter.tasks import Snapshot
from exporter.zego.client import Client
from exporter.zego.limiter import RateLimiter
from exporter.zego.stats import ApiStats
from exporter.zego.transport import Transport

log = get_logger(__name__)

MAX_WAIT_SECONDS = 5.0
"""Upper bound of one wait in seconds: a suspend of the machine prolongs a wait."""


class Collector:
    """Collects one app from `begin` until it is stopped.

    Args:
        settings: The app.
        limiter: The rate limiter of its AppId.
        counters: The persistent counters of the app.
        totals: Knowledge of the API's totals from an earlier collector of the same tasks.
        previous: The collector that a reload replaces by this one. It has the same `counters`, and
            lists the same tasks.
        clock: Returns monotonic seconds.
        wall_clock: Returns Unix seconds.
        new_transport: Makes the connection of a client.
        prepare: Called with the app's name and each snapshot before the snapshot is published.

    Attributes:
        settings: The app.
        callbacks: The receiver of its callbacks.
        state: Its snapshot and counts, for any thread.
        totals: Its knowledge of the API's totals.
    """

    def __init__(
        self,
        settings: AppSettings,
        limiter: RateLimiter,
        counters: AppCounters,
        *,
        totals: TotalsCheck | None = None,
        previous: Collector | None = None,
        clock: Callable[[], float] = elapsed_clock,
        wall_clock: Callable[[], float] = time.time,
        new_transport: Callable[[], Transport] | None = None,
        prepare: Callable[[str, Snapshot], None] = lambda _app, _snapshot: None,
    ) -> None:
        self.settings = settings
        self._counters = counters
        self._limiter = limiter
        self._prepare = prepare
        self._clock = clock
        self._wall_clock = wall_clock
        self._stopping = threading.Event()
        self._awake = threading.Event()
        self._failures = FailureLog(settings.name, clock)
        self._entry_log = EntryLog(settings.name)
        interval = settings.collection.interval
        self._schedule = Schedule(random_start(clock(), interval), interval)
        self.callbacks = CallbackReceiver(
            settings.app_id,
            settings.read_callback_secret,
            counters,
            request_early_collection=self.request_early_collection,
        )
        self.totals = totals or TotalsCheck()
        self._incremental = None  # every collection is a full walk
        if settings.collection.strategy == "incremental":
            resync = settings.collection.resync_interval
            self._incremental = Incremental(settings.name, resync, clock)
        self._previous = previous
        rejections = self.callbacks.rejections
        self.state = AppState(settings, ApiStats(), counters, rejections=rejections, clock=clock)
        if previous is not None:
            self.state = previous.state
            self.callbacks.continue_from(previous.callbacks)
        connect = new_transport or partial(Transport, ca_file=settings.ca_file, clock=clock)
        clients = INCREMENTAL_CLIENTS if self._incremental else 1
        self._clients = [self._new_client(connect()) for _ in range(clients)]
        name = f"collector-{settings.name}"
        # A daemon: a name lookup cannot be interrupted, and must not keep the process alive.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._begun = threading.Event()

    def _new_client(self, transport: Transport) -> Client:
        return Client(
            app_id=self.settings.app_id,
            endpoint=self.settings.endpoint,
            is_test=self.settings.is_test,
            limiter=self._limiter,
            stats=self.state.stats,
            timeout=self.settings.collection.timeout,
            max_retries=self.settings.collection.max_retries,
            transport=transport,
            wall_clock=self._wall_clock,
            clock=self._clock,
            sleep=self._sleep,
        )

    def start(self) -> None:
        """Start the thread, which waits for `begin`. Raises ExporterError at the thread limit."""
        try:
            self._thread.start()
        except RuntimeError as error:
            raise ExporterError(f"no thread can be started: {error}. {LIMITS_REMEDY}") from None

    def begin(self) -> None:
        """Begin to collect, in place of the previous collector, which has been stopped."""
        previous, self._previous = self._previous, None
        if previous is not None:
            self.state.change_settings(self.settings)
            # The strategy has no lock: a thread that has not ended yet could still change it.
            if self._incremental and previous._incremental and not previous.alive:
                self._incremental = previous._incremental
                self._incremental.resync_interval = self.settings.collection.resync_interval
        self._begun.set()

    def collect_once(self) -> None:
        """Make the only collection of this collector, in the calling thread. Raises Stopped."""
        try:
            self.collect()
        finally:
            self.close()

    def stop(self) -> None:
        """Ask the thread to end and cut its request; returns immediately."""
        self._stopping.set()
        self._begun.set()
        self._awake.set()
        for client in self._clients:
            client.abort()

    def close(self) -> None:
        """Close the connections; for a collector whose thread does not run."""
        for client in self._clients:
            client.close()

    def request_early_collection(self) -> None:
        """Ask for a collection before the next tick; returns immediately."""
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

    @property
    def died(self) -> bool:
        """Whether the thread has ended, or never ran, although nobody stopped it."""
        return not self.alive and not self._stopping.is_set()

    def collect(self) -> None:
        """Make one collection: publish its snapshot, or count its failure. Raises Stopped."""
        started = self._clock()
        self.state.start_collection(self._wall_clock())
        try:
            collection = self.settings.collection
            latest = self.state.view().latest
            session = ApiSession(
                self._clients,
                # Secrets in files are read for each collection: they can be renewed at any time.
                secret=self.settings.read_secret(),
                page_size=collection.page_size,
                deadline=started + collection.deadline,
                # The limiter lets no more pages through before the deadline.
                max_pages=math.ceil(collection.deadline * collection.requests_per_second) + 1,
                totals=self.totals,
                known=latest.tasks if latest else (),
                note=self._entry_log.note,
            )
            strategy = self._incremental
            result = strategy.collect(session) if strategy else session.walk_all()
            self._publish(result, self._clock() - started)
        except CollectionError as error:
            # No request was made, so no client has counted it.
            if isinstance(error, ApiError) and error.code == "secret_file":
                self.state.stats.record_error("secret_file")
            self._failures.record(error, None)
            self.state.fail(error)
        except Stopped:
            raise
        except Exception as defect:  # noqa: BLE001 - fails this collection, not the exporter
            failure = _internal_error(defect)
            # The traceback of an error with a remedy would only distract from the remedy.
            self._failures.record(failure, None if failure.remedy else defect)
            self.state.fail(failure)

    def _publish(self, result: WalkResult, duration: float) -> None:
        now = self._wall_clock()
        while True:
            walk = self._counters.compare(result.tasks, now)
            snapshot = Snapshot(
                result.tasks,
                completed_at=now,
                duration=duration,
                pages=result.pages,
                reported_total=result.reported_total,
                tracked=walk.tracked,
                failure_reasons=self._counters.failure_reasons(),
            )
            # Everything that takes time comes before anything is published: a scrape must not see
            # the counters of this walk beside the snapshot of the previous one.
            self._prepare(self.settings.name, snapshot)
            try:
                self.state.publish(
                    snapshot,
                    walk,
                    result.malformed,
                    strategy=self._incremental.name if self._incremental else "full",
                    corrections=self._incremental.corrections if self._incremental else 0,
                )
                break
            except OutdatedWalk:
                # The history was read late, or the app has two collectors: a reload replaced one
                # whose thread has not ended yet. Only the new one compares again.
                if self._stopping.is_set():
                    raise Stopped from None
        self._failures.end()
        log.info(
            "collection complete",
            app=self.settings.name,
            tasks=len(result.tasks),
            pages=result.pages,
            duration_seconds=duration,
            malformed=sum(result.malformed.values()) or None,
        )

    def _sleep(self, seconds: float) -> None:
        """Wait for the limiter or for the next try of a request. Raises Stopped."""
        ends_at = self._clock() + seconds
        while seconds > 0 and self._clock() < ends_at:
            # In pieces: after a suspend, the rest of the wait would still follow.
            piece = min(seconds, MAX_WAIT_SECONDS)
            if self._stopping.wait(piece):
                raise Stopped
            seconds -= piece

    def _run(self) -> None:
        self._begun.wait()
        try:
            while True:
                self._wait_until_due()
                self._schedule.start(self._clock())
                self.state.begin_ticks(self._schedule.tick)
                self.collect()
                skipped = self._schedule.end(self._clock())
                self.state.end_ticks(skipped)
                if skipped:
                    message = "ticks skipped: a collection was still running"
                    log.warning(message, app=self.settings.name, skipped=skipped)
        except Stopped:
            log.debug("collector stopped", app=self.settings.name)
        finally:
            self.close()

    def _wait_until_due(self) -> None:
        """Wait until the schedule wants a collection. Raises Stopped."""
        while True:
            # Cleared before the state is read, so that a request in between ends the wait below.
            self._awake.clear()
            if self._stopping.is_set():
                raise Stopped
            delay = self._schedule.due - self._clock()
            self.state.schedule(self._wall_clock() + max(0.0, delay))
            if delay <= 0:
                return
            self._awake.wait(min(delay, MAX_WAIT_SECONDS))


def _internal_error(defect: Exception) -> InternalError:
    """Return the failure of a collection that ended with an unexpected exception."""
    no_descriptors = isinstance(defect, OSError) and defect.errno in (errno.EMFILE, errno.ENFILE)
    no_threads = isinstance(defect, RuntimeError) and "start new thread" in str(defect)
    if no_descriptors or no_threads:
        return InternalError(f"a limit of this process is reached: {defect}", remedy=LIMITS_REMEDY)
    return InternalError(f"defect of the exporter: {type(defect).__name__}")
