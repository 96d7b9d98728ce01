"""The caller of the RPC that is being served, and its roles."""

from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import grpc.aio

from server.domain.ids import UserId

Context = grpc.aio.ServicerContext[Any, Any]
"""The context that gRPC passes to every method of a service."""


class Role(StrEnum):
    """A role that a token's `roles` claim may name; other names in it are ignored."""

    REVIEWER = "reviewer"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """The user that a verified token speaks for."""

    user_id: UserId
    subject: str
    issuer: str
    roles: frozenset[Role] = frozenset()

    @property
    def is_admin(self) -> bool:
        """Whether the caller has the role `admin`."""
        return Role.ADMIN in self.roles


def user_id_of(issuer: str, subject: str) -> UserId:
    """Returns the subject where it is a UUID, else UUIDv5 of issuer and subject."""
    try:
        return UserId(UUID(subject))
    except ValueError:
        return UserId(uuid5(uuid5(NAMESPACE_URL, issuer), subject))


# gRPC serves each call in its own task, so a value set here ends with the call.
_CALLER: ContextVar[Caller] = ContextVar("caller")


def caller() -> Caller:
    """Returns the caller of the RPC that is being served; raises LookupError outside of one."""
    return _CALLER.get()


def serve_as(verified: Caller) -> None:
    """Makes `verified` the caller for the rest of this task."""
    _CALLER.set(verified)
