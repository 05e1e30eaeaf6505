"""What the program works with: everything filled in, nothing left to decide."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from exporter.config.schema import (
    MIN_DEADLINE_SECONDS,
    STALE_INTERVALS,
    AppSection,
    CollectionSection,
    Document,
    HistorySettings,
    Section,
    TaskSettings,
    WebSettings,
)
from exporter.config.secret_files import read_secret_file
from exporter.errors import AuthError
from exporter.zego.endpoints import REGIONS


class CollectionSettings(CollectionSection):
    """How the tasks of one app are read; all times in seconds."""

    deadline: float = MIN_DEADLINE_SECONDS
    """Longest time that one collection may take."""

    stale_after: float = 300.0
    """Age at which the last complete snapshot is no longer exposed."""


class AppSettings(Section):
    """One app; `endpoint` is an origin without a trailing slash."""

    name: str
    app_id: int
    server_secret: SecretStr | None = None
    server_secret_file: Path | None = None
    region: str = "global"
    endpoint: str
    is_test: bool | None = None
    slots_limit: int = 10
    callback_secret: SecretStr | None = None
    callback_secret_file: Path | None = None
    collection: CollectionSettings = CollectionSettings()

    @property
    def takes_callbacks(self) -> bool:
        """Whether ZEGO's callbacks are taken for this app."""
        return self.callback_secret is not None or self.callback_secret_file is not None

    def read_secret(self) -> str:
        """Return the ServerSecret, read again where it stands in a file.

        Raises AuthError where the file cannot be read any more; its code is `secret_file`, and as
        no request was made it is no error of the API.
        """
        return _read_secret("server_secret", self.server_secret, self.server_secret_file)

    def read_callback_secret(self) -> str:
        """Return the CallbackSecret likewise."""
        return _read_secret("callback_secret", self.callback_secret, self.callback_secret_file)


def _read_secret(key: str, value: SecretStr | None, file: Path | None) -> str:
    if value is not None:
        return value.get_secret_value()
    if file is None:
        raise AuthError(f"there is no {key}", code="secret_file")
    try:
        return read_secret_file(file)
    except (OSError, ValueError) as error:
        what = error.strerror if isinstance(error, OSError) else error
        raise AuthError(
            f"{key}_file {file} cannot be used: {what}",
            code="secret_file",
            remedy="put the secret from the ZEGO console into the file, and nothing else",
        ) from None


class Settings(Section):
    """The whole configuration; `warnings` are for the log, one line each."""

    apps: tuple[AppSettings, ...]
    tasks: TaskSettings = TaskSettings()
    history: HistorySettings = HistorySettings()
    web: WebSettings = WebSettings()
    warnings: tuple[str, ...] = ()


def settings_of(document: Document, warnings: tuple[str, ...]) -> Settings:
    """Return `document` with all defaults resolved; apps of one AppId get one request rate."""
    rates: dict[int, float] = {}
    for app in document.apps:
        rate = app.collection.requests_per_second
        rates[app.app_id] = min(rate, rates.get(app.app_id, rate))
    return Settings(
        apps=tuple(_app_settings(app, rates[app.app_id]) for app in document.apps),
        tasks=document.tasks,
        history=document.history,
        web=document.web,
        warnings=warnings,
    )


def _app_settings(app: AppSection, requests_per_second: float) -> AppSettings:
    return AppSettings(
        name=app.name or str(app.app_id),
        app_id=app.app_id,
        server_secret=app.server_secret,
        server_secret_file=app.server_secret_file,
        region=app.region,
        endpoint=app.endpoint or REGIONS[app.region],
        is_test=app.is_test,
        slots_limit=app.slots_limit,
        callback_secret=app.callback_secret,
        callback_secret_file=app.callback_secret_file,
        collection=_collection_settings(app.collection, requests_per_second),
    )


def _collection_settings(
    section: CollectionSection, requests_per_second: float
) -> CollectionSettings:
    return CollectionSettings(
        interval=section.interval,
        timeout=section.timeout,
        deadline=section.deadline or max(section.interval, MIN_DEADLINE_SECONDS),
        requests_per_second=requests_per_second,
        page_size=section.page_size,
        max_retries=section.max_retries,
        stale_after=section.stale_after or STALE_INTERVALS * section.interval,
        strategy=section.strategy,
        resync_interval=section.resync_interval,
    )
