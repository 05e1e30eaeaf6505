"""What is accepted and yet probably not meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from exporter.config.problems import Place, Problem
from exporter.config.schema import ZEGO_REQUESTS_PER_SECOND, AppSection, Document
from exporter.config.secret_files import read_secret_file

_RATE = "requests_per_second"


def warnings_of(document: Document) -> list[Problem]:
    """Return what an operator should look at, in the order of the file."""
    found = [warning for index in range(len(document.apps)) for warning in _of_app(document, index)]
    return [*found, *_too_fast(document.collection.requests_per_second, ("collection", _RATE))]


def _of_app(document: Document, index: int) -> Iterator[Problem]:
    app, place = document.apps[index], ("apps", index)
    rate, rate_place = app.collection.requests_per_second, (*place, "collection", _RATE)
    yield from _unlikely_secret(app, place)
    if rate != document.collection.requests_per_second:
        yield from _too_fast(rate, rate_place)
    for earlier, other in enumerate(document.apps[:index]):
        if other.app_id == app.app_id and other.collection.requests_per_second != rate:
            lower = min(rate, other.collection.requests_per_second)
            text = f"differs from apps[{earlier}] with the same AppId (the lower holds: {lower:g})"
            yield Problem(rate_place, text)
            return


def _too_fast(rate: float, place: Place) -> Iterator[Problem]:
    if rate > ZEGO_REQUESTS_PER_SECOND:
        text = f"is {rate:g}, above the {ZEGO_REQUESTS_PER_SECOND} of ZEGO (unless ZEGO raised it)"
        yield Problem(place, text)


def _unlikely_secret(app: AppSection, place: Place) -> Iterator[Problem]:
    """Yield a warning for a secret in another form than ZEGO's; it is not shown."""
    key, secret = "server_secret", ""
    if app.server_secret is not None:
        secret = app.server_secret.get_secret_value()
    elif app.server_secret_file is not None:
        key, secret = "server_secret_file", read_secret_file(app.server_secret_file)
    if secret.startswith("$"):
        yield Problem((*place, key), "begins with $ (write ${NAME} for a variable)")
    elif not re.fullmatch("[0-9A-Fa-f]{32}", secret):
        text = "does not look like a ServerSecret (32 hexadecimal characters)"
        yield Problem((*place, key), text)
