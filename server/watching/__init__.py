"""Watching: snapshots of jobs and batches, and the feed of all changes, for open streams.

It reads the store, and imports neither requests nor messages.
"""

from server.watching.watching import Watching

__all__ = ["Watching"]
