"""Settings of one app, and of its collections; part of the one model in `schema`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator

from exporter.config.fields import (
    BOOLEAN,
    DURATION,
    DURATION_SCHEMA,
    INTEGER,
    NUMBER,
    AppName,
    ComputedSeconds,
    Endpoint,
    Right,
    Seconds,
    right_duration,
)
from exporter.config.files import Secret, SecretFile, file_path, read_limited, read_secret_file
from exporter.durations import format_duration
from exporter.errors import AuthError, file_problem

STALE_INTERVALS = 5
"""Default of `stale_after`, in intervals: four collections in a row may fail unseen."""

MIN_DEADLINE_SECONDS = 600.0
"""Default of `deadline`, where the interval is not longer."""

MAX_CA_BYTES = 4 * 1024 * 1024
"""Maximum size of a file with certificates."""

_COMPUTED: Any = Field(default=None, validate_default=True)
"""Default in the file of a key whose value follows from others; its validator replaces it."""

Region = Literal["global", "sha", "hkg", "fra", "lax", "bom", "sgp"]
"""A region that ZEGO names; ZEGO asks callers to use the one that they call from."""

REGIONS: Mapping[Region, str] = {
    region: f"https://cloud-player-api{'' if region == 'global' else f'-{region}'}.zego.im"
    for region in get_args(Region)
}
"""The API's host in each region, as an origin (docs/zego-api.md, Requests)."""


class Section(BaseModel):
    """Base of all sections: immutable, no unknown keys, no value in any message."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,  # a value may be a secret
        use_attribute_docstrings=True,
    )


class CollectionSettings(Section):
    """How the tasks of an app are read from the API."""

    interval: Annotated[
        float,
        Field(strict=True, ge=1.0),
        DURATION,
        DURATION_SCHEMA,
        right_duration(1.0, "a shorter one only costs requests"),
    ] = 60.0
    """Time from the start of one collection to the start of the next."""

    timeout: Seconds = 10.0
    """Longest time of one request to the API."""

    deadline: ComputedSeconds = _COMPUTED
    """Longest time of one collection. Default: the larger of interval and 10 minutes."""

    requests_per_second: Annotated[
        float,
        Field(strict=True, ge=0.001, le=10_000),
        NUMBER,
        Right("requests a second, 0.001 to 10000"),
    ] = 10.0
    """Highest rate of requests, retries included. ZEGO allows 20 a second for each AppId and
    action. Apps with the same AppId share the rate. More than 20 is accepted with a warning,
    because ZEGO can raise the limit."""

    page_size: Annotated[
        int, Field(strict=True, ge=1, le=50), INTEGER, Right("tasks of one request, 1 to 50")
    ] = 50
    """Tasks on one page."""

    max_retries: Annotated[
        int, Field(strict=True, ge=0, le=10), INTEGER, Right("further attempts, 0 to 10")
    ] = 3
    """Retries of a request that failed for a temporary reason, after increasing random delays."""

    stale_after: ComputedSeconds = _COMPUTED
    """Age at which the last complete snapshot is no longer exposed. Default: 5 x interval."""

    strategy: Literal["full", "incremental"] = "full"
    """full reads all pages at every interval. incremental reads what has changed, if the API
    supports that. It is useful from a few thousand tasks on."""

    resync_interval: Annotated[
        float,
        Field(strict=True, ge=60.0),
        DURATION,
        DURATION_SCHEMA,
        right_duration(60.0, "each one is a full walk"),
    ] = 3600.0
    """With incremental: time between two full walks that check the known tasks."""

    # A validator sees only the fields above its own, so the order of the fields matters.

    @field_validator("deadline", mode="before")
    @classmethod
    def _default_deadline(cls, value: Any, info: ValidationInfo) -> Any:
        interval = info.data.get("interval", MIN_DEADLINE_SECONDS)
        return max(interval, MIN_DEADLINE_SECONDS) if value is None else value

    @field_validator("stale_after", mode="before")
    @classmethod
    def _default_stale_after(cls, value: Any, info: ValidationInfo) -> Any:
        return STALE_INTERVALS * info.data.get("interval", 60.0) if value is None else value

    @field_validator("stale_after")
    @classmethod
    def _outlasts_the_interval(cls, value: float, info: ValidationInfo) -> float:
        interval = info.data.get("interval")
        if interval is not None and value < interval:
            raise ValueError(
                f"is {format_duration(value)}, shorter than the interval of "
                f"{format_duration(interval)} (at least the interval, or the series would come "
                "and go with every collection)"
            )
        return value


def _read_certificates(path: Path) -> bytes:
    content = read_limited(path, MAX_CA_BYTES)
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise ValueError("it contains no certificate in PEM")
    return content


class AppSettings(Section):
    """One app: an AppId and its secret."""

    app_id: Annotated[
        int,
        Field(strict=True, ge=1, le=2**32 - 1),
        INTEGER,
        Right("the AppId from the ZEGO console, 1 to 4294967295"),
    ]
    """AppId from the ZEGO console."""

    name: AppName = _COMPUTED
    """Name of the app, the value of the label `zego_app`. Default: the AppId."""

    server_secret_file: (
        Annotated[
            SecretFile,
            Right("a file that holds the ServerSecret from the ZEGO console and nothing else"),
        ]
        | None
    ) = None
    """File that contains the ServerSecret. It is read at every collection, so the secret can be
    changed without a reload. Set this or server_secret."""

    server_secret: (
        Annotated[
            Secret,
            Right("the ServerSecret from the ZEGO console, or ${NAME} for a variable"),
        ]
        | None
    ) = Field(default=None, validate_default=True)
    """ServerSecret from the ZEGO console, preferably as ${NAME} from the environment. Set this or
    server_secret_file."""

    region: Region = "global"
    """Region whose API host is used. Choose the one where the exporter runs."""

    endpoint: Endpoint = _COMPUTED
    """URL of the API, takes precedence over region. https, or http on a loopback address. Default:
    the host of the region."""

    is_test: Annotated[bool, Field(strict=True), BOOLEAN, Right("true or false")] | None = None
    """Sends IsTest with this value. Required for projects created on or before 2021-11-16."""

    slots_limit: Annotated[
        int,
        Field(strict=True, ge=1, le=1_000_000),
        INTEGER,
        Right("tasks waiting or uploading, 1 to 1000000"),
    ] = 10
    """Maximum number of tasks of this AppId that ZEGO allows to be waiting or uploading."""

    ca_file: (
        Annotated[
            Path,
            file_path(_read_certificates),
            Right("a file with certificates of authorities in PEM"),
        ]
        | None
    ) = None
    """File with CA certificates in PEM that are trusted for the API in addition to the usual ones,
    for example of a proxy that inspects TLS."""

    callback_secret_file: (
        Annotated[
            SecretFile,
            Right("a file that holds the CallbackSecret of the project and nothing else"),
        ]
        | None
    ) = None
    """File that contains the CallbackSecret. With it, ZEGO's callbacks are accepted at
    /callback/<name>. It is read at every callback. Set at most one of this and callback_secret."""

    callback_secret: (
        Annotated[Secret, Right("the CallbackSecret of the project, or ${NAME} for a variable")]
        | None
    ) = None
    """CallbackSecret of the project, preferably as ${NAME} from the environment. Set at most one of
    this and callback_secret_file."""

    collection: CollectionSettings = CollectionSettings()
    """Any key of the section collection below, for this app only."""

    # As above: app_id is before name, region before endpoint, each file before its text.

    @field_validator("name", mode="before")
    @classmethod
    def _default_name(cls, value: Any, info: ValidationInfo) -> Any:
        return str(info.data.get("app_id", "-")) if value is None else value

    @field_validator("endpoint", mode="before")
    @classmethod
    def _default_endpoint(cls, value: Any, info: ValidationInfo) -> Any:
        return REGIONS[info.data.get("region", "global")] if value is None else value

    @field_validator("server_secret")
    @classmethod
    def _one_secret(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        # pydantic leaves a field with an error out of `data`: ... stands for a file that cannot be
        # used, whose problem is already reported.
        file = info.data.get("server_secret_file", ...)
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

    @property
    def takes_callbacks(self) -> bool:
        """Whether ZEGO's callbacks are taken for this app."""
        return self.callback_secret is not None or self.callback_secret_file is not None

    def read_secret(self) -> str:
        """Return the ServerSecret, read again where it is in a file.

        Raises AuthError where the file cannot be read any more, with the code `secret_file`, which
        the collector counts among the errors of the API.
        """
        return _current_secret("server_secret", self.server_secret, self.server_secret_file)

    def read_callback_secret(self) -> str:
        """Return the CallbackSecret, read again where it is in a file. Raises AuthError."""
        return _current_secret("callback_secret", self.callback_secret, self.callback_secret_file)


def _current_secret(key: str, value: SecretStr | None, file: Path | None) -> str:
    if value is not None:
        return value.get_secret_value()
    if file is None:
        raise AuthError(f"there is no {key}", code="secret_file")
    try:
        return read_secret_file(file)
    except (OSError, ValueError) as error:
        what = file_problem(error) if isinstance(error, OSError) else error
        raise AuthError(
            f"{key}_file {file} cannot be used: {what}",
            code="secret_file",
            remedy="put the secret from the ZEGO console into the file, and nothing else",
        ) from None
