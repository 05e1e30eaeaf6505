"""Addresses in the configuration: the endpoint of the API, and addresses to listen on."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

MAX_PORT = 65_535


def check_endpoint(text: str) -> str:
    """Return an origin that requests may go to, without a trailing slash. Raises ValueError."""
    # The text is never shown: a URL can contain a password.
    url = _split(text)
    if url is None or url.scheme not in ("http", "https"):
        raise ValueError("is not an https URL")
    if url.username is not None or url.password is not None:
        raise ValueError("contains a user name or password")
    if url.path not in ("", "/") or "?" in text or "#" in text:
        raise ValueError("has more than a host and a port")
    host = url.hostname or ""
    address = _address(host)
    is_loopback = host == "localhost" if address is None else address.is_loopback
    if url.scheme == "http" and not is_loopback:
        raise ValueError("is http on a host that is not a loopback address")
    return f"{url.scheme}://{url.netloc.lower()}"


def _split(text: str) -> SplitResult | None:
    """Return the parts of a URL with a possible host and a port in range, else None."""
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return None
    # Not `url.hostname`, which accepts any characters, such as spaces.
    host = url.netloc.rpartition("@")[2].removesuffix(f":{port}")
    return url if text.isprintable() and port != 0 and _is_host(host) else None


def _is_host(text: str) -> bool:
    """Tell whether `text` is a host name, an IPv4 address, or an IPv6 address in brackets."""
    if text.startswith("[") and text.endswith("]"):
        return isinstance(_address(text[1:-1]), ipaddress.IPv6Address)
    return re.fullmatch(r"[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?", text) is not None


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def split_listen_address(text: str) -> tuple[str, int]:
    """Return host (empty: every interface; IPv6 without brackets) and port of `host:port`.

    The one grammar of addresses to listen on. Raises ValueError for anything else.
    """
    host, colon, port = text.rpartition(":")
    good_port = re.fullmatch("[0-9]{1,5}", port) and int(port) <= MAX_PORT
    if not colon or not good_port or (host and not _is_host(host)):
        raise ValueError("not an address to listen on")
    return host.removeprefix("[").removesuffix("]"), int(port)
