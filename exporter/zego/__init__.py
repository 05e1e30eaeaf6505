"""Everything that knows the API of ZEGO Cloud Player: signing, limits, transport, decoding."""
