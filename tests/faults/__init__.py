"""Faults: what breaks in production is broken here on purpose, and the history is checked."""
