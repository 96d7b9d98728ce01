"""The store: every SQL statement of imggen.

No rules and no messages: the domain decides, and admission and the worker open transactions.
"""

from server.store.store import Store, open_store

__all__ = ["Store", "open_store"]
