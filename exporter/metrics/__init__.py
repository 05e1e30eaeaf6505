"""The table of metrics, and its rendering. Only this package imports prometheus_client."""
