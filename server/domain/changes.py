"""Changes: what the outbox tells of jobs, images and batches, in an order that can be resumed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from server.domain.ids import UserId

DELETED = "deleted"
"""The last status of an image in the outbox; the image itself keeps the one that it had."""


class ChangedKind(StrEnum):
    """Says what has changed."""

    JOB = "job"
    IMAGE = "image"
    BATCH = "batch"


class Cursor(NamedTuple):
    """A place in the outbox; the changes before it and at it have been seen."""

    xact: int
    id: int


@dataclass(frozen=True, slots=True)
class Change:
    """Is one committed change of status. `image_id` and `batch_id` are those of a job."""

    cursor: Cursor
    at: datetime
    user_id: UserId
    kind: ChangedKind
    object_id: UUID
    status: str
    image_id: UUID | None = None
    batch_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Says which changes somebody follows: of one user or of all, of some kinds or of any."""

    user_id: UserId | None = None
    kinds: frozenset[ChangedKind] = frozenset(ChangedKind)

    def holds(self, change: Change) -> bool:
        """Tells whether a change belongs to it."""
        return change.kind in self.kinds and self.user_id in (None, change.user_id)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Is a part of the outbox: its changes in order, all that there are up to `end`.

    `full` says that there may be more after it already, and `unsettled` that changes are
    committed which have to wait for another transaction.
    """

    changes: Sequence[Change]
    end: Cursor
    full: bool = False
    unsettled: bool = False
