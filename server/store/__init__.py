"""The store: every SQL statement of the house."""

from server.store.store import Store, open_store

__all__ = ["Store", "open_store"]
