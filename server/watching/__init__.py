"""Watching: committed changes of jobs and batches, and the feed of all of them, for open streams.

It reads the store and knows neither requests nor messages.
"""

from server.watching.watching import Watching

__all__ = ["Watching"]
