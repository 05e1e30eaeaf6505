"""The configuration file as it may be written (contract, section 3).

These models are the one description of the file: names, types, defaults, limits, and the text
under each key, from which documentation and JSON Schema are made. What the program works with,
after everything is filled in, is in `settings`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator

from exporter.config.durations import Duration, Window, format_duration
from exporter.config.fields import Boolean, Items, Member, Number, OneOf, WholeNumber
from exporter.config.texts import (
    AppName,
    Endpoint,
    FilePath,
    ListenAddress,
    Secret,
    SecretFile,
    TelemetryPath,
)
from exporter.tasks import TaskStatus
from exporter.zego.endpoints import REGIONS

STALE_INTERVALS = 5
"""Default of `stale_after`, in intervals: four collections in a row may fail unseen."""

MIN_DEADLINE_SECONDS = 600.0
"""Default of `deadline`, where the interval is not longer."""

ZEGO_REQUESTS_PER_SECOND = 20
"""What ZEGO allows per AppId and action unless it was raised (API notes: Calling it)."""


class Section(BaseModel):
    """Base of all sections: immutable, no unknown keys, no value in any message."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )


class CollectionSection(Section):
    """How the tasks of an app are read from the API."""

    interval: Annotated[float, Duration(1.0, "a shorter one only costs requests")] = 60.0
    """Time from the start of one collection to the start of the next."""

    timeout: Annotated[float, Duration()] = 10.0
    """Longest time that one request to the API may take."""

    deadline: Annotated[float, Duration()] | None = None
    """Longest time that one collection may take. Default: the larger of interval and 10 minutes."""

    requests_per_second: Annotated[float, Number(0.001, 10_000, "requests a second")] = 10.0
    """Requests a second, retries included, of the 20 that ZEGO allows per AppId and action. Apps
    with the same AppId share them. More than 20 is accepted with a warning: ZEGO can raise it."""

    page_size: Annotated[int, WholeNumber(1, 50, "tasks of one request")] = 50
    """Tasks that one request asks for."""

    max_retries: Annotated[int, WholeNumber(0, 10, "further attempts")] = 3
    """How often a request that may yet succeed is sent again, at growing random distances."""

    stale_after: Annotated[float, Duration()] | None = None
    """Age at which the last complete snapshot is no longer exposed. Default: 5 x interval."""

    strategy: Annotated[Literal["full", "incremental"], OneOf(("full", "incremental"))] = "full"
    """full pages through all tasks at every interval. incremental asks for what has changed, as
    long as the API proves fit for it; worth it from some thousand tasks on."""

    resync_interval: Annotated[float, Duration(60.0, "each one is a full walk")] = 3600.0
    """With incremental: time between two full walks that check what is believed."""

    @field_validator("stale_after")
    @classmethod
    def _outlasts_the_interval(cls, value: float | None, info: ValidationInfo) -> float | None:
        interval = info.data.get("interval")
        if value is not None and interval is not None and value < interval:
            raise ValueError(
                f"is {format_duration(value)}, shorter than the interval of "
                f"{format_duration(interval)} (at least the interval, or the series would come "
                "and go with every collection)"
            )
        return value


class AppSection(Section):
    """One app, which is one AppId and its secret."""

    name: Annotated[str, AppName()] | None = None
    """Name of the app, the value of the label `zego_app`. Default: the AppId."""

    app_id: Annotated[int, WholeNumber(1, 2**32 - 1, "the AppId from the ZEGO console")]
    """AppId from the ZEGO console."""

    server_secret_file: Annotated[Path, SecretFile()] | None = None
    """File that holds the ServerSecret. It is read again at every collection, so the secret can be
    changed without a reload. Give this or server_secret."""

    server_secret: (
        Annotated[
            SecretStr, Secret("the ServerSecret from the ZEGO console, or ${NAME} for a variable")
        ]
        | None
    ) = Field(default=None, validate_default=True)
    """ServerSecret from the ZEGO console, best as ${NAME} from the environment. Give this or
    server_secret_file."""

    region: Annotated[str, OneOf(tuple(REGIONS))] = "global"
    """Region whose API host is used; best the one that the exporter runs in."""

    endpoint: Annotated[str, Endpoint()] | None = None
    """URL of the API; wins over region. https, or http on a loopback address."""

    is_test: Annotated[bool, Boolean()] | None = None
    """Sends IsTest with this value. Needed for projects created on or before 2021-11-16."""

    slots_limit: Annotated[int, WholeNumber(1, 1_000_000, "tasks waiting or uploading")] = 10
    """Tasks that ZEGO lets this AppId have waiting or uploading at once; 10 unless raised."""

    callback_secret_file: (
        Annotated[
            Path, SecretFile("a file that holds the CallbackSecret of the project and nothing else")
        ]
        | None
    ) = None
    """File that holds the CallbackSecret; with it, ZEGO's callbacks are taken at
    /callback/<name>. It is read again at every callback. Give this, callback_secret or neither."""

    callback_secret: (
        Annotated[SecretStr, Secret("the CallbackSecret of the project, or ${NAME} for a variable")]
        | None
    ) = None
    """CallbackSecret of the project, best as ${NAME} from the environment. Give this,
    callback_secret_file or neither."""

    collection: CollectionSection = CollectionSection()
    """Any key of the section collection below, for this app alone."""

    @field_validator("server_secret")
    @classmethod
    def _one_secret(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        file = info.data.get("server_secret_file", ...)  # ... where it is given and unusable
        if value is None and file is None:
            raise ValueError(
                "is missing (the ServerSecret from the ZEGO console, or server_secret_file)"
            )
        if value is not None and file is not None:
            raise ValueError("is given and server_secret_file too (exactly one of the two)")
        return value

    @field_validator("callback_secret")
    @classmethod
    def _one_callback_secret(
        cls, value: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        if value is not None and info.data.get("callback_secret_file") is not None:
            raise ValueError("is given and callback_secret_file too (at most one of the two)")
        return value


class TaskSettings(Section):
    """Which series are exposed for single tasks, and for expiries."""

    limit: Annotated[int, WholeNumber(0, 10_000_000, "tasks with series of their own")] = 500
    """Most tasks of one app that get series of their own, the most useful first; 0 for none."""

    statuses: Annotated[
        tuple[Annotated[TaskStatus, Member(TaskStatus)], ...],
        Items("the statuses whose tasks get series", same=lambda status: status),
    ] = (
        TaskStatus.WAITING,
        TaskStatus.UPLOADING,
        TaskStatus.WAITING_RETRY,
        TaskStatus.SUCCEEDED,
        TaskStatus.FAILED,
        TaskStatus.EXPIRED,
    )
    """Statuses whose tasks get series of their own."""

    title: Annotated[Literal["full", "hash", "none"], OneOf(("full", "hash", "none"))] = "full"
    """What the label title holds: the title, a short hash of it, or nothing."""

    expiry_windows: Annotated[
        tuple[Annotated[tuple[str, float], Window()], ...],
        Items("such as [1h, 6h, 1d]", same=lambda window: window[1], order=lambda w: w[1]),
    ] = (
        ("1h", 3600.0),
        ("6h", 21_600.0),
        ("1d", 86_400.0),
        ("3d", 259_200.0),
        ("7d", 604_800.0),
    )
    """Values of the label within: files that expire within that time are counted. May be empty."""


class HistorySettings(Section):
    """What survives a restart."""

    path: Annotated[Path, FilePath("the path of an SQLite file")] | None = None
    """SQLite file in which counters and the times of status changes survive a restart. Default:
    the environment variable ZEGO_HISTORY_PATH; without either, counters start at 0."""


class WebSettings(Section):
    """Where the exporter answers."""

    listen_address: Annotated[
        tuple[Annotated[str, ListenAddress()], ...],
        Items('such as [":10317"]', at_least=1, same=lambda address: address),
    ] = (":10317",)
    """Addresses to listen on, each host:port; without a host on all addresses."""

    telemetry_path: Annotated[str, TelemetryPath()] = "/metrics"
    """Path of the metrics page."""

    config_file: Annotated[Path, FilePath("the path of a web configuration")] | None = None
    """File with TLS and basic auth, in the format of Prometheus' exporter-toolkit."""


class Document(Section):
    """The whole file."""

    apps: Annotated[tuple[AppSection, ...], Items("one entry with app_id per app", at_least=1)]
    """The apps, at least one."""

    collection: CollectionSection = CollectionSection()
    """How tasks are read from the API, for all apps."""

    tasks: TaskSettings = TaskSettings()
    """Which series are exposed for single tasks, and for expiries."""

    history: HistorySettings = HistorySettings()
    """What survives a restart."""

    web: WebSettings = WebSettings()
    """Where the exporter answers."""
