"""Attributes that are made at their first use."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class kept(Generic[Value]):
    """An attribute that is made at its first use, without a lock.

    `functools.cached_property` has one before Python 3.12, which a fork may leave locked for ever.
    """

    def __init__(self, make: Callable[[Any], Value]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    def __get__(self, owner: object, kind: type) -> Value:
        """Returns the attribute, from now on without coming here."""
        value = self._make(owner)
        vars(owner)[self._name] = value
        return value
