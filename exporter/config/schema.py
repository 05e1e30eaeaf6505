"""The settings and the configuration file: one model of both (`docs/guarantees.md`, section 13).

A key is one field: name, type, default, limits, and below it the description. The fields of an app
and of a collection are in `app`. The documentation and the JSON Schema are
generated from the fields, and the program works with their instances. A validator computes a
default that depends on another key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, PrivateAttr, field_validator

from exporter.config.app import AppSettings, CollectionSettings, Section
from exporter.config.fields import INTEGER, ListenAddress, Right, TelemetryPath, Window, distinct
from exporter.config.files import file_path, open_once
from exporter.tasks import TaskStatus


class TaskSettings(Section):
    """Series of single tasks, expiries and sources."""

    limit: Annotated[
        int,
        Field(strict=True, ge=0, le=10_000_000),
        INTEGER,
        Right("tasks with series of their own, 0 to 10000000"),
    ] = 500
    """Maximum number of tasks per app with their own series, most useful first. 0 for none."""

    statuses: Annotated[
        tuple[TaskStatus, ...],
        distinct(lambda status: status),
        Right("the statuses whose tasks get series"),
    ] = (
        TaskStatus.WAITING,
        TaskStatus.UPLOADING,
        TaskStatus.WAITING_RETRY,
        TaskStatus.SUCCEEDED,
        TaskStatus.FAILED,
        TaskStatus.EXPIRED,
    )
    """Statuses of the tasks that have their own series."""

    title: Literal["full", "hash", "none"] = "full"
    """How titles are shown: in full, as a short hash, or not at all."""

    expiry_windows: Annotated[
        tuple[Window, ...],
        distinct(lambda window: window[1]),
        Right("such as [1h, 6h, 1d]"),
    ] = (
        ("1h", 3600.0),
        ("6h", 21_600.0),
        ("1d", 86_400.0),
        ("3d", 259_200.0),
        ("7d", 604_800.0),
    )
    """Times within which expiring files are counted, the values of the label within. May be
    empty."""

    source_hosts: Annotated[
        int, Field(strict=True, ge=0, le=1000), INTEGER, Right("hosts of sources, 0 to 1000")
    ] = 10
    """Maximum number of hosts of StreamUrl counted one by one, largest first. 0 for none."""

    @field_validator("expiry_windows")
    @classmethod
    def _in_order(cls, windows: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
        return tuple(sorted(windows, key=lambda window: window[1]))


class HistorySettings(Section):
    """State that survives a restart."""

    path: Annotated[Path, file_path(), Right("the path of an SQLite file")] | None = None
    """SQLite file for counters and the times of status changes. Default: the environment variable
    ZEGO_HISTORY_PATH. Without either, or with "", counters start at 0."""

    @field_validator("path", mode="before")
    @classmethod
    def _empty_is_none(cls, path: object) -> object:
        return None if path == "" else path


class WebSettings(Section):
    """The HTTP server."""

    listen_address: Annotated[
        tuple[ListenAddress, ...],
        Field(min_length=1),
        distinct(lambda address: address),
        Right('such as [":10317"]'),
    ] = (":10317",)
    """Addresses to listen on, each host:port. Without a host: all addresses."""

    telemetry_path: TelemetryPath = "/metrics"
    """Path of the metrics."""

    config_file: (
        Annotated[Path, file_path(open_once), Right("the path of a web configuration")] | None
    ) = None
    """File with TLS and basic auth, in the format of Prometheus' exporter-toolkit."""


class Settings(Section):
    """The whole configuration."""

    apps: Annotated[
        tuple[AppSettings, ...], Field(min_length=1), Right("one entry with app_id per app")
    ]
    """The apps, at least one."""

    collection: CollectionSettings = CollectionSettings()
    """How tasks are read from the API, for all apps."""

    tasks: TaskSettings = TaskSettings()
    """Series of single tasks, expiries and sources."""

    history: HistorySettings = HistorySettings()
    """State that survives a restart."""

    web: WebSettings = WebSettings()
    """The HTTP server."""

    _warnings: tuple[str, ...] = PrivateAttr(default=())

    @property
    def warnings(self) -> tuple[str, ...]:
        """Settings that are accepted and probably a mistake, one line each, for the log."""
        return self._warnings

    def resolved(self, warnings: tuple[str, ...]) -> Self:
        """Return these settings with these warnings, and one request rate for each AppId.

        Apps of one AppId share its rate at ZEGO: each of them gets the lowest that one has.
        """
        rates: dict[int, float] = {}
        for app in self.apps:
            rate = app.collection.requests_per_second
            rates[app.app_id] = min(rate, rates.get(app.app_id, rate))
        apps = []
        for app in self.apps:
            limit = {"requests_per_second": rates[app.app_id]}
            apps.append(
                app.model_copy(update={"collection": app.collection.model_copy(update=limit)})
            )
        copy = self.model_copy(update={"apps": tuple(apps)})
        copy._warnings = warnings
        return copy
