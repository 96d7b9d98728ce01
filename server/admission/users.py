"""Users: a caller's row is stored before anything refers to it."""

from server.identity.caller import Caller
from server.store import Store

_MAX_KNOWN_USERS = 100_000


class KnownUsers:
    """The users that this process has stored."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: set[object] = set()

    async def ensure(self, caller: Caller) -> None:
        """Stores the caller as a user, unless this process did so before."""
        if caller.user_id in self._known:
            return
        await self._store.users.ensure(caller.user_id, caller.issuer, caller.subject)
        if len(self._known) >= _MAX_KNOWN_USERS:
            self._known.clear()
        self._known.add(caller.user_id)
