"""Sends one request and returns its answer; the only seam to the network.

Rules that this file keeps:

- A request ends within its time-out, whatever the peer does, and holds at most 16 MiB.
- No redirect is followed: a signature must never travel to another host.
- No library error passes, and no error of ours holds a URL's query.
- It never sends a request twice: each try is for the rate limiter to allow.
"""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import requests

from exporter import __version__
from exporter.errors import ApiError, Stopped
from exporter.zego.body import read_body
from exporter.zego.cutoff import Cutoff, CutoffAdapter
from exporter.zego.failures import LIBRARY_ERRORS, timed_out, translate

USER_AGENT = f"zego-upload-exporter/{__version__}"

_HEADERS = {
    "User-Agent": USER_AGENT,
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "Content-Type": "application/json",
}
_SUCCESS = range(200, 300)
_PIECE_BYTES = 64 * 1024

# At debug, and for a broken header at warning, urllib3 logs the request's URL with its signature.
logging.getLogger("urllib3").setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: `headers` are case-insensitive, `body` is decoded, `elapsed` is in seconds."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)  # media URLs in it carry tokens
    elapsed: float


class Transport:
    """One kept-alive connection to one endpoint; for one thread, except for `abort`."""

    def __init__(self) -> None:
        self._cutoff = Cutoff()
        self._session = _new_session(self._cutoff)

    def post(self, url: str, *, params: Mapping[str, str], body: bytes, timeout: float) -> Response:
        """Send one POST request and return its answer, whatever its status.

        The body is read for a success (2xx) alone: any other answer says all with its status.
        `timeout` bounds the whole request, in seconds. Raises NetworkError, RequestTimeout or
        ProtocolError, and Stopped once `abort` was called.
        """
        if self._cutoff.aborted:
            raise Stopped
        outcome: Response | ApiError
        with self._cutoff.request(timeout):
            try:
                outcome = self._exchange(url, params, body, timeout)
            except LIBRARY_ERRORS as error:
                outcome = translate(error, timeout=timeout)
            except ApiError as error:
                outcome = error
        if self._cutoff.aborted:
            raise Stopped
        if self._cutoff.timed_out:
            raise timed_out(timeout)
        if isinstance(outcome, ApiError):
            # Raised here, after the handler, so that the library's error is not its context.
            raise outcome
        return outcome

    def abort(self) -> None:
        """Cut a request in flight and refuse all later ones: both raise Stopped. Any thread."""
        self._cutoff.abort()

    def close(self) -> None:
        """Close the kept connection."""
        self._session.close()

    def _exchange(
        self, url: str, params: Mapping[str, str], body: bytes, timeout: float
    ) -> Response:
        started = time.monotonic()
        answer = self._session.post(
            url,
            params=params,
            data=body,
            timeout=timeout,
            stream=True,
            allow_redirects=False,
            proxies=_proxies_for(url),
        )
        # Closing the raw answer drops the connection, unless it was read to its end.
        with closing(answer.raw):
            content = _read(answer) if answer.status_code in _SUCCESS else b""
        elapsed = time.monotonic() - started
        return Response(answer.status_code, answer.headers, content, elapsed)


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Know no redirects: even unfollowed ones would be read without a bound."""


def _new_session(cutoff: Cutoff) -> requests.Session:
    session = _Session()
    session.headers.clear()
    session.headers.update(_HEADERS)
    session.auth = lambda request: request  # without one, credentials in .netrc would be sent
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, CutoffAdapter(cutoff))
    return session


def _read(answer: requests.Response) -> bytes:
    pieces = answer.raw.stream(_PIECE_BYTES, decode_content=False)
    return read_body(pieces, encoding=answer.headers.get("Content-Encoding", ""))


def _proxies_for(url: str) -> dict[str, str] | None:
    """Return what keeps the environment's proxies out of a loopback address, else None."""
    return {"http": "", "https": ""} if _is_loopback(url) else None


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
