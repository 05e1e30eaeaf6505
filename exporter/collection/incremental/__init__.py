"""The incremental strategy: full scans now and then, and only the changes in between."""
