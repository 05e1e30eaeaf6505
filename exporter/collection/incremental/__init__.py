"""The incremental strategy: a full scan from time to time, and only the changes in between.

The default strategy, `full`, uses nothing from this package.
"""
