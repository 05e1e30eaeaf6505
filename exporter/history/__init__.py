"""What survives a restart: counters, and the last known status of every task."""
