"""Where the API is: one host for each region that ZEGO names.

Source: API notes, "Calling it". ZEGO asks callers to use the host of the region they call from.
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
"""Word of `apps[].region` (contract, section 3) to endpoint, without a trailing slash."""
