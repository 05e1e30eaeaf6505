"""Signed requests to a simulated app, in-process and over a socket."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlencode

from exporter.simulator.app import SimulatedApp, handle
from exporter.simulator.http_server import SimulatorServer
from exporter.simulator.lifecycle import Lifecycle
from tests.faults import FaultyApp

NOW = 1_700_000_000.0
SECRET = "a-secret-that-opens-nothing"
_NONCES = itertools.count(1)


def frozen_app(tasks: int = 0, app_id: int = 1, **switches: Any) -> FaultyApp:
    """Return an app without a rate limit, whose `tasks` (all seven statuses) stand still."""
    life = Lifecycle(pace=0, start=NOW)
    life.add_tasks(tasks, statuses=(1, 2, 3, 4, 5, 6, 7))
    return FaultyApp(app_id, SECRET, life, **{"rate_limit": None, **switches})


def signed_query(app: SimulatedApp, *, now: float = NOW, **changes: str | None) -> dict[str, str]:
    """Return correct query parameters with `changes`; None leaves one out."""
    nonce, timestamp = f"{next(_NONCES):016x}", str(int(now))
    text = f"{app.app_id}{nonce}{app.server_secret}{timestamp}"
    query: dict[str, str | None] = {
        "Action": "DescribeUploadTasks",
        "AppId": str(app.app_id),
        "SignatureNonce": nonce,
        "Timestamp": timestamp,
        "Signature": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
        "SignatureVersion": "2.0",
    }
    query.update(changes)
    return {name: value for name, value in query.items() if value is not None}


def answer(
    app: SimulatedApp,
    query: dict[str, str],
    body: bytes = b"{}",
    *,
    now: float = NOW,
    **arguments: Any,
) -> Any:
    """Return the JSON value of the answer to a request; `arguments` are those of `handle`."""
    return json.loads(handle({app.app_id: app}, query, body, now, **arguments).body)


def call(app: SimulatedApp, *, now: float = NOW, **fields: Any) -> Any:
    """Return the answer's JSON value to a correct request with the body `fields`."""
    return answer(app, signed_query(app, now=now), json.dumps(fields).encode(), now=now)


def walk(app: SimulatedApp, *, limit: int = 1000, **fields: Any) -> Iterator[dict[str, Any]]:
    """Yield the Data of page after page, at most `limit` of them."""
    token = ""
    for _ in range(limit):
        data = call(app, **fields, PageToken=token)["Data"]
        yield data
        token = data["NextPageToken"]
        if not token:
            return


def tasks_of(data: dict[str, Any]) -> list[Any]:
    """Return the entries of a page."""
    entries: list[Any] = data["UploadTask"]
    return entries


def ids(pages: Iterator[dict[str, Any]]) -> list[str]:
    """Return the ids of all entries of `pages`."""
    return [entry["UploadTaskId"] for data in pages for entry in tasks_of(data)]


def connect(server: SimulatorServer, timeout: float = 10.0) -> HTTPConnection:
    """Return a connection to `server`; close it."""
    return HTTPConnection("127.0.0.1", server.port, timeout=timeout)


def send(
    connection: HTTPConnection,
    app: SimulatedApp,
    *,
    now: float = NOW,
    accept_encoding: str = "identity",
) -> HTTPResponse:
    """Send a correct request for the first page and return the response, its body unread."""
    target = "/?" + urlencode(signed_query(app, now=now))
    headers = {"Content-Type": "application/json", "Accept-Encoding": accept_encoding}
    connection.request("POST", target, b"{}", headers)
    return connection.getresponse()


def read(server: SimulatorServer, app: SimulatedApp) -> tuple[int, Any]:
    """Return status and JSON value of the answer to a correct request."""
    with closing(connect(server)) as connection:
        response = send(connection, app)
        return response.status, json.loads(response.read())
