"""Prometheus exporter for the upload tasks of ZEGO Cloud Player."""

__version__ = "0.2.0"
