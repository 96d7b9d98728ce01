"""Replays: a repeated request_id gets the answer that the first one got."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

from imggen.rules.states import request_id_reused
from server.domain.ids import UserId
from server.domain.jobs import RequestKey
from server.errors import ImggenError, Unavailable

T = TypeVar("T")

Find: TypeAlias = Callable[[UserId, RequestKey], Awaitable[tuple[T, bool] | None]]
"""Finds what a request_id made, and whether the same request made it; None if nothing was made."""


async def once(
    user: UserId, key: RequestKey | None, find: Find[T], make: Callable[[], Awaitable[T | None]]
) -> T:
    """Returns what an earlier create made under the request_id, else makes it.

    The look-up comes before all checks: what the request names may have changed since, or the
    queue may be full, and the answer stays the same. `make` returns None when another call with
    the same request_id was faster. Raises AlreadyExists when the request_id was used with another
    request.
    """
    earlier = await _replayed(user, key, find)
    if earlier is None:
        earlier = await _made_or_replayed(user, key, find, make)
    if earlier is None:
        raise ValueError("the create returned nothing and no earlier answer exists")
    return earlier


async def _made_or_replayed(
    user: UserId, key: RequestKey | None, find: Find[T], make: Callable[[], Awaitable[T | None]]
) -> T | None:
    try:
        made = await make()
    except Unavailable:
        raise
    except ImggenError:
        # The other call may have filled the queue, or changed what this one names.
        earlier = await _replayed(user, key, find)
        if earlier is None:
            raise
        return earlier
    return made if made is not None else await _replayed(user, key, find)


async def _replayed(user: UserId, key: RequestKey | None, find: Find[T]) -> T | None:
    found = await find(user, key) if key is not None else None
    if key is None or found is None:
        return None
    made, same = found
    if not same:
        raise request_id_reused(key.id)
    return made
