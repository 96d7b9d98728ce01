"""The store: every SQL statement of imggen."""

from server.store.store import Store, open_store

__all__ = ["Store", "open_store"]
