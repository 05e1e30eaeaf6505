"""The regions and their hosts."""

from __future__ import annotations

from exporter.zego.endpoints import REGIONS


def test_each_region_has_the_host_that_zego_names() -> None:
    """`docs/zego-api.md`, Requests; the words are the keys of `apps[].region`."""
    assert dict(REGIONS) == {
        "global": "https://cloud-player-api.zego.im",
        **{
            region: f"https://cloud-player-api-{region}.zego.im"
            for region in ("sha", "hkg", "fra", "lax", "bom", "sgp")
        },
    }
