"""A change of a field of a request, and what it refers to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.integration.callers import Caller

Value = Any

REQUEST_ID = "00000000-0000-4000-8000-000000000001"
SOME_ID = "00000000-0000-4000-8000-000000000002"
PAGED = {"page_size": 1}


@dataclass(frozen=True)
class CallerWithResources:
    """A caller with resources; `names` holds a name for each id and checksum."""

    caller: Caller
    names: dict[str, str]
    tokens: dict[str, str]

    def id(self, name: str) -> str:
        """Returns the id of a resource."""
        return next(id_ for id_, known in self.names.items() if known == name)


@dataclass(frozen=True)
class Of:
    """A value that depends on the caller: the id of a resource, or the token of a list."""

    name: str = ""
    token: str = ""

    def of(self, resources: CallerWithResources) -> str:
        """Returns the value for a caller."""
        return resources.tokens[self.token] if self.token else resources.id(self.name)


@dataclass(frozen=True)
class Change:
    """A value that makes a difference, given the other fields in `given`."""

    value: Value
    given: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    """A value that is refused, and so is read."""

    value: Value


@dataclass(frozen=True)
class NotRead:
    """A value that is ignored, as only the service sets the field."""

    value: Value


@dataclass(frozen=True)
class FieldChanges:
    """A valid request, and a change of each of its fields."""

    base: Mapping[str, Value]
    changes: Mapping[str, Value | Change | Refused | NotRead]


def under(prefix: str, values: Mapping[str, Value], kind: type[Any] | None = None) -> Any:
    """Returns the values with their fields' paths under `prefix`, each wrapped in `kind`."""
    return {f"{prefix}.{name}": kind(value) if kind else value for name, value in values.items()}
