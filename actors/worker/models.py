"""The models that a worker draws with, as far as its loops ask for them."""

from datetime import timedelta
from typing import Protocol

from actors.worker.lanes import Share


class Models(Protocol):
    """The models that a worker's stages need."""

    async def check(self) -> timedelta | None:
        """Returns how long a model takes to start that was stopped meanwhile, None if it is warm.

        Raises Unavailable, and says why, while one of them does not answer.
        """
        ...

    @property
    def share(self) -> Share | None:
        """What the worker has of all that they draw at once, as they said last."""
        ...
