"""Prometheus exporter for the upload tasks of ZEGO Cloud Player."""

__version__ = "0.2.0"

ENDING_COMMANDS = frozenset({"check", "once", "tasks", "export"})
"""Sub-commands that end by themselves; the others serve until a signal comes."""
