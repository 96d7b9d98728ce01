"""Who is calling: the caller of the RPC that is being served, and what it may do."""

from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from uuid import NAMESPACE_URL, UUID, uuid5

from imggen.v1 import errors_pb2 as reasons
from server.domain.ids import UserId
from server.errors import PermissionDenied


class Role(StrEnum):
    """Is what a token's `roles` claim may name; other names in it mean nothing here."""

    REVIEWER = "reviewer"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """Is somebody whose token was verified."""

    user_id: UserId
    subject: str
    issuer: str
    roles: frozenset[Role] = frozenset()

    @property
    def is_admin(self) -> bool:
        """Whether the caller may do what only operators may."""
        return Role.ADMIN in self.roles

    def require(self, role: Role) -> None:
        """Raises PermissionDenied unless the caller has the role."""
        if role not in self.roles:
            raise PermissionDenied(
                f'the call needs the role "{role}"; the token of "{self.subject}" has '
                f"{', '.join(sorted(self.roles)) or 'none'}; ask {self.issuer} for it",
                reasons.ERROR_REASON_ROLE_REQUIRED,
                metadata={"role": role},
            )


def user_id_of(issuer: str, subject: str) -> UserId:
    """Returns the subject where it is a UUID, else UUIDv5 of issuer and subject."""
    try:
        return UserId(UUID(subject))
    except ValueError:
        return UserId(uuid5(uuid5(NAMESPACE_URL, issuer), subject))


# gRPC serves each call in a task of its own, so that a value set here ends with the call.
_CALLER: ContextVar[Caller] = ContextVar("caller")


def caller() -> Caller:
    """Returns the caller of the RPC that is being served; raises LookupError outside of one."""
    return _CALLER.get()


def serve_as(somebody: Caller) -> None:
    """Makes `somebody` the caller for the rest of this task."""
    _CALLER.set(somebody)
