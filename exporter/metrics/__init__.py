"""The table of metrics, and its rendering; the only room that knows prometheus_client."""
