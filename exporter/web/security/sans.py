"""Subject Alternative Names of a client certificate, as Go writes them."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

_COMPARED = frozenset({"DNS", "email", "URI"})


def subject_alternative_names(certificate: Mapping[str, Any] | None) -> frozenset[str]:
    """Return the DNS names, IP addresses, e-mail addresses and URIs of a peer's certificate.

    `certificate` is what `ssl` gives for a verified one: empty or None where there is none.
    """
    names = (certificate or {}).get("subjectAltName", ())
    return frozenset(
        str(ipaddress.ip_address(value.strip())) if kind == "IP Address" else value
        for kind, value in names
        if kind in _COMPARED or (kind == "IP Address" and _is_address(value.strip()))
    )


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False  # "<invalid>", for one with a wrong length
    return True
