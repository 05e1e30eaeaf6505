"""The incremental strategy: full scans now and then, and only the changes in between.

A reader who wants to know how tasks are collected by default need not open this package.
"""
