"""Writes the reference pages from the code, so that they cannot differ from it."""
