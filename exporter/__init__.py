"""Prometheus exporter for the upload tasks of ZEGO Cloud Player."""

__version__ = "0.1.0"
