"""The regions and their hosts."""

from __future__ import annotations

from exporter.zego.endpoints import REGIONS


def test_each_region_has_the_host_that_zego_names() -> None:
    """API notes, "Calling it"; the words are those of the contract."""
    assert dict(REGIONS) == {
        "global": "https://cloud-player-api.zego.im",
        **{
            region: f"https://cloud-player-api-{region}.zego.im"
            for region in ("sha", "hkg", "fra", "lax", "bom", "sgp")
        },
    }
