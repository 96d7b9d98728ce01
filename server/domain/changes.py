"""Changes of jobs, images and batches, in the order of the outbox, from which a feed resumes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from server.domain.ids import UserId

DELETED = "deleted"
"""The last status of an image in the outbox; the image itself keeps its status."""


class ChangedKind(StrEnum):
    """The kind of thing that has changed."""

    JOB = "job"
    IMAGE = "image"
    BATCH = "batch"


class Cursor(NamedTuple):
    """A place in the outbox: after the change that has these numbers."""

    xact: int
    id: int


@dataclass(frozen=True, slots=True)
class Change:
    """A committed change of status. `image_id` and `batch_id` are those of a job.

    `metadata` is that of the job, of the image's job, or of the batch. `checked_by` is the
    classifier that has looked at an image; empty where none has.
    """

    cursor: Cursor
    at: datetime
    user_id: UserId
    kind: ChangedKind
    object_id: UUID
    status: str
    image_id: UUID | None = None
    batch_id: UUID | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    checked_by: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """The changes that a feed has: of one user or of all, of some kinds or of all."""

    user_id: UserId | None = None
    kinds: frozenset[ChangedKind] = frozenset(ChangedKind)

    def holds(self, change: Change) -> bool:
        """Returns whether a change belongs to it."""
        return change.kind in self.kinds and self.user_id in (None, change.user_id)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the outbox: all its changes up to `end`, in order.

    `full` means that there may be more after it already, and `unsettled` that some committed
    changes cannot be read until another transaction has ended. `floor` is the oldest transaction
    of the server, whatever it does.
    """

    changes: Sequence[Change]
    end: Cursor
    full: bool = False
    unsettled: bool = False
    floor: int = 0


@dataclass(frozen=True, slots=True)
class Holder:
    """A transaction that holds back all changes after it, until it ends.

    It is that of a session, or one that was `prepared` under a name. Its age and its user are
    unknown where the database does not tell them.
    """

    xact: int
    pid: int | None
    prepared: str | None
    user: str | None
    application: str | None
    age: timedelta | None
