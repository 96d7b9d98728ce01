"""Checks the arguments of a method against its annotations, before anything is made of them."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from math import isnan
from operator import index
from os import PathLike
from types import NoneType, UnionType
from typing import Any, Literal, Union, Unpack, get_args, get_origin, get_type_hints

from imggen.errors import BadArgument, Violation

# A value of another type altogether; every other fault is told in words.
_OTHER_TYPE = ""
_LONGEST_INT = 64
_LONGEST_KEY = 80
# The second is numpy's before 2.0; neither of numpy's is an int.
_BOOLS = ("bool", "bool_")


class Arguments:
    """The parameters of a method with the types that its annotations give them."""

    def __init__(self, method: Callable[..., Any]) -> None:
        self._signature = inspect.signature(method)
        hints = get_type_hints(method)
        self._types: dict[str, Any] = {}
        self._others: dict[str, Any] = {}
        self._others_name = ""
        for name, parameter in self._signature.parameters.items():
            if parameter.kind is inspect.Parameter.VAR_KEYWORD and name in hints:
                self._others_name = name
                self._others = _fields(hints[name])
            elif name in hints:
                self._types[name] = hints[name]

    def checked(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> inspect.BoundArguments:
        """Returns the arguments by name, with numbers of other libraries as Python's own.

        What can be iterated once only becomes a list. A keyword of `**fields` that is None is
        left out, unless its type has None.

        Raises:
            BadArgument: Some are missing, unknown or of a wrong type; it names all of them.
        """
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError as wrong:
            raise BadArgument(str(wrong)) from wrong
        violations = list(_check(bound.arguments, self._types, known=False))
        if self._others_name in bound.arguments:
            violations += _check(bound.arguments[self._others_name], self._others, known=True)
        if violations:
            raise BadArgument.of(violations)
        return bound


def _fields(annotation: Any) -> dict[str, Any]:
    """Returns the types of keyword arguments that a TypedDict declares."""
    [fields] = get_args(annotation) if get_origin(annotation) is Unpack else [annotation]
    return get_type_hints(fields)


def _check(given: dict[str, Any], types: Mapping[str, Any], *, known: bool) -> Iterator[Violation]:
    """Yields what is wrong with the arguments; `known` says that only those with types may be."""
    for name, value in list(given.items()):
        if name not in types:
            if known:
                yield Violation(name, f"is no argument; use some of {', '.join(sorted(types))}")
            continue
        if known and value is None and NoneType not in _kinds(types[name]):
            del given[name]
            continue
        if _wants_sequence(types[name]) and _is_read_once(value):
            given[name] = list(value)
        given[name] = plain(types[name], given[name])
        wrong = fault(types[name], given[name])
        if wrong is not None:
            yield Violation(name, wrong or f"must be {wording(types[name])}, not {shown(value)}")


def plain(wanted: Any, value: object) -> object:
    """Returns a number of another library as Python's own, also in a list; else the value.

    An int 0 or 1 where only a bool is wanted is one; the contract's own messages take both.
    """
    kinds = _kinds(wanted)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        items = [get_args(kind)[0] for kind in kinds if get_origin(kind) is Sequence]
        return [plain(items[0], each) for each in value] if items else value
    if type(value).__name__ in _BOOLS:
        return bool(value)
    # An array of several numbers has the methods, and refuses.
    with suppress(TypeError, ValueError, OverflowError):
        if bool in kinds and hasattr(value, "__index__") and index(value) in (0, 1):
            return bool(value)
        if int in kinds and hasattr(value, "__index__"):
            return index(value)
        if float in kinds and hasattr(value, "__float__") and not isinstance(value, int):
            return float(value)
    return value


def _kinds(wanted: Any) -> tuple[Any, ...]:
    union = isinstance(wanted, UnionType) or get_origin(wanted) is Union
    return get_args(wanted) if union else (wanted,)


def fault(wanted: Any, value: object) -> str | None:
    """Returns what is wrong with a value; None for nothing, an empty text for its type."""
    if len(_kinds(wanted)) > 1:
        return _fault_of_union(_kinds(wanted), value)
    match get_origin(wanted) or wanted:
        case kind if kind is str or kind is Literal:  # number_of knows the names
            return _fault_of_text(value)
        case kind if kind is int:
            return _fault_of_int(value)
        case kind if kind is float:
            return _fault_of_float(value)
        case kind if kind is Sequence:
            return _fault_of_items(get_args(wanted)[0], value)
        case kind if kind is Mapping:
            return _fault_of_pairs(get_args(wanted), value)
        case kind if isinstance(kind, type):
            return None if isinstance(value, kind) else _OTHER_TYPE
        case _:
            return None


def _fault_of_union(kinds: Sequence[Any], value: object) -> str | None:
    # The system's own decoding of a file name may have surrogates.
    if isinstance(value, str) and any(get_origin(kind) is PathLike for kind in kinds):
        return None
    faults = [fault(kind, value) for kind in kinds]
    return None if None in faults else max(faults, key=lambda each: len(each or ""))


def _fault_of_text(value: object) -> str | None:
    if not isinstance(value, str):
        return _OTHER_TYPE
    try:
        value.encode()
    except UnicodeEncodeError as wrong:
        number = ord(value[wrong.start])
        return (
            f"has a lone surrogate (U+{number:04X}) at position {wrong.start}, which is no "
            "character; decode the text as what it is"
        )
    return None


def _fault_of_int(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return _OTHER_TYPE
    if value.bit_length() > _LONGEST_INT:
        return f"is out of range: an int of {value.bit_length()} bits"
    return None


def _fault_of_float(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _OTHER_TYPE
    try:
        return "is not a number (NaN)" if isnan(value) else None
    except OverflowError:
        return "is out of range"


def _fault_of_items(wanted: Any, value: object) -> str | None:
    if isinstance(value, str):
        return f"must be a list of {wording(wanted, article=False)}, not one str; put it in a list"
    if isinstance(value, bytes | Mapping) or not isinstance(value, Sequence):
        return _OTHER_TYPE
    for number, item in enumerate(value):
        wrong = fault(wanted, item)
        if wrong is not None:
            what = wrong or f"must be {wording(wanted)}, not {shown(item)}"
            return f"item {number} {what}"
    return None


def _fault_of_pairs(wanted: Sequence[Any], value: object) -> str | None:
    if not isinstance(value, Mapping):
        return _OTHER_TYPE
    for pair in value.items():
        for kind, part, what in zip(wanted, pair, ("key", "value"), strict=True):
            wrong = fault(kind, part)
            if wrong is not None:
                told = f"has a {what} that {wrong or f'must be {wording(kind)}, not {shown(part)}'}"
                of_key = what == "value" and len(pair[0]) <= _LONGEST_KEY
                return f'{told}, for the key "{pair[0]}"' if of_key else told
    return None


def wording(wanted: Any, *, article: bool = True) -> str:
    """Returns a type in words, for instance `a Character or a str`."""
    if isinstance(wanted, UnionType) or get_origin(wanted) is Union:
        # A name of an enum's value is a str, and an enum's number an int, with either annotation.
        words = dict.fromkeys(wording(kind, article=article) for kind in get_args(wanted))
        return " or ".join(words)
    kind = get_origin(wanted) or wanted
    if kind is NoneType:
        return "None"
    if kind is Literal:
        kind = str
    if kind is Sequence:
        name = f"list of {wording(get_args(wanted)[0], article=False)}"
    else:
        name = str(getattr(kind, "__name__", kind))
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}" if article else name


def shown(value: object) -> str:
    """Returns a value as a message shows it: short ones as they are, others by their type."""
    if value is None or isinstance(value, bool | float):
        return repr(value)
    return f"{'an' if type(value).__name__[0] in 'aeiou' else 'a'} {type(value).__name__}"


def _wants_sequence(wanted: Any) -> bool:
    return any(get_origin(kind) is Sequence for kind in _kinds(wanted))


def _is_read_once(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, Sequence | str | bytes | Mapping)
