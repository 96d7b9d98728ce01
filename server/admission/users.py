"""Users: a caller's row stands before anything refers to it."""

from server.identity.caller import Caller
from server.store import Store

_MAX_KNOWN_USERS = 100_000


class KnownUsers:
    """Makes sure that a caller's row stands before anything refers to it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: set[object] = set()

    async def ensure(self, caller: Caller) -> None:
        """Stores the caller as a user, once in the life of this process."""
        if caller.user_id in self._known:
            return
        await self._store.users.ensure(caller.user_id, caller.issuer, caller.subject)
        if len(self._known) >= _MAX_KNOWN_USERS:
            self._known.clear()
        self._known.add(caller.user_id)
