"""The sub-commands that run once and end (`docs/guarantees.md`, section 14)."""
