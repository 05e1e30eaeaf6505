"""The sub-commands that run once and end (contract, section 4)."""
