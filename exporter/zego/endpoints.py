"""Where the API is: one host for each region that ZEGO names.

Source: `docs/zego-api.md`, Requests. ZEGO asks callers to use the region that they call from.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

REGIONS: Mapping[str, str] = MappingProxyType(
    {
        "global": "https://cloud-player-api.zego.im",
        "sha": "https://cloud-player-api-sha.zego.im",
        "hkg": "https://cloud-player-api-hkg.zego.im",
        "fra": "https://cloud-player-api-fra.zego.im",
        "lax": "https://cloud-player-api-lax.zego.im",
        "bom": "https://cloud-player-api-bom.zego.im",
        "sgp": "https://cloud-player-api-sgp.zego.im",
    }
)
"""Endpoint of each value of `apps[].region`, without a trailing slash."""
