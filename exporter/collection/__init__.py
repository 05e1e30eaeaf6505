"""Walks over all pages, and what they leave behind: snapshots and the state of each app."""
