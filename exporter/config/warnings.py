"""Warnings: settings that are accepted and are probably a mistake."""

from __future__ import annotations

import re
from collections.abc import Iterator

from exporter.config.app import AppSettings
from exporter.config.files import read_secret_file
from exporter.config.problems import Place, Problem
from exporter.config.schema import Settings

ZEGO_REQUESTS_PER_SECOND = 20
"""Default limit of ZEGO for one AppId and action (`docs/zego-api.md`, Requests)."""

_RATE = "requests_per_second"


def warnings_of(settings: Settings) -> list[Problem]:
    """Return the warnings about valid settings, in the order of the file."""
    found = [warning for index in range(len(settings.apps)) for warning in _of_app(settings, index)]
    return [*found, *_too_fast(settings.collection.requests_per_second, ("collection", _RATE))]


def _of_app(settings: Settings, index: int) -> Iterator[Problem]:
    app, place = settings.apps[index], ("apps", index)
    rate, rate_place = app.collection.requests_per_second, (*place, "collection", _RATE)
    yield from _unlikely_secret(app, place)
    if rate != settings.collection.requests_per_second:
        yield from _too_fast(rate, rate_place)
    for earlier, other in enumerate(settings.apps[:index]):
        if other.app_id == app.app_id and other.collection.requests_per_second != rate:
            lower = min(rate, other.collection.requests_per_second)
            text = (
                f"differs from apps[{earlier}] with the same AppId (the lower applies: {lower:g})"
            )
            yield Problem(rate_place, text)
            return


def _too_fast(rate: float, place: Place) -> Iterator[Problem]:
    if rate > ZEGO_REQUESTS_PER_SECOND:
        text = f"is {rate:g}, above the {ZEGO_REQUESTS_PER_SECOND} of ZEGO (unless ZEGO raised it)"
        yield Problem(place, text)


def _unlikely_secret(app: AppSettings, place: Place) -> Iterator[Problem]:
    """Yield a warning for a secret in another form than ZEGO's; it is not shown."""
    key, secret = "server_secret", ""
    if app.server_secret is not None:
        secret = app.server_secret.get_secret_value()
    elif app.server_secret_file is not None:
        key, secret = "server_secret_file", read_secret_file(app.server_secret_file)
    if secret.startswith("$"):
        yield Problem((*place, key), "begins with $ (write ${NAME} for a variable)")
    elif re.fullmatch("(['\"]).*\\1|“.*”|‘.*’|「.*」|＂.*＂|＇.*＇", secret):  # noqa: RUF001
        yield Problem((*place, key), "has quotes around it (remove the quotes)")
    elif re.match("[A-Za-z_][A-Za-z0-9_]*=", secret):
        yield Problem((*place, key), "begins with NAME= (keep only what follows the =)")
    elif not re.fullmatch("[0-9A-Fa-f]{32}", secret):
        text = "does not look like a ServerSecret (32 hexadecimal characters)"
        yield Problem((*place, key), text)
