"""The boundary of the client: whatever goes wrong in a method is raised as an ImggenError."""

import inspect
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from functools import wraps
from typing import Any, TypeVar

from imggen.arguments import Arguments
from imggen.errors import BadArgument, ImggenError, NotSaved, Violation
from imggen.keeping import kept

Kind = TypeVar("Kind", bound=type)


def bounded(kind: Kind) -> Kind:
    """Puts the boundary around every public method of a class, and around its making."""
    for name, method in list(vars(kind).items()):
        if inspect.isfunction(method) and (name == "__init__" or not name.startswith("_")):
            setattr(kind, name, _bounded(method))
    return kind


def _bounded(method: Callable[..., Any]) -> Callable[..., Any]:
    boundary = _Boundary(method)

    @wraps(method)
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        with boundary.around(args, kwargs) as bound:
            return await method(*bound.args, **bound.kwargs)

    @wraps(method)
    def called(*args: Any, **kwargs: Any) -> Any:
        with boundary.around(args, kwargs) as bound:
            made: Any = method(*bound.args, **bound.kwargs)
        return boundary.items(made) if inspect.isasyncgen(made) else made

    return awaited if inspect.iscoroutinefunction(method) else called


class _Boundary:
    """What one method refuses and raises."""

    def __init__(self, method: Callable[..., Any]) -> None:
        self._method = method

    @kept
    def _arguments(self) -> Arguments:
        # Annotations are read by the first call: imports need not wait for it.
        return Arguments(self._method)

    @contextmanager
    def around(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Iterator[inspect.BoundArguments]:
        """Yields the checked arguments of a call; what it raises is an ImggenError."""
        bound = self._arguments.checked(args, kwargs)
        with self._typed(bound.arguments):
            yield bound

    async def items(self, items: AsyncGenerator[Any, Any]) -> AsyncGenerator[Any, None]:
        """Yields the items of a method; what their fetching raises is an ImggenError."""
        async with aclosing(items):
            with self._typed({}):
                async for item in items:
                    yield item

    @contextmanager
    def _typed(self, given: dict[str, Any]) -> Iterator[None]:
        try:
            yield
        except ImggenError:
            raise
        except OSError as raised:
            raise NotSaved(raised) from raised
        except (TypeError, ValueError, AttributeError, ArithmeticError, LookupError) as raised:
            raise BadArgument.of([self._violation(raised, given)]) from raised
        except Exception as raised:
            name = self._method.__name__
            raise ImggenError(
                f"{name} failed in the client: {type(raised).__name__}: {raised}"
            ) from raised

    def _violation(self, raised: Exception, given: dict[str, Any]) -> Violation:
        """Returns what is wrong; protobuf says the value that a field cannot have, not its name."""
        text = str(raised) or type(raised).__name__
        for name, value in _flat(given):
            if type(value) is int and text.endswith(f" {value}"):
                return Violation(name, f"{value} is out of range")
        name, separator, rest = text.partition(": ")
        if separator and name in dict(_flat(given)):
            return Violation(name, rest)
        return Violation(self._method.__name__, text)


def _flat(given: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in given.items():
        if isinstance(value, dict):
            yield from value.items()
        yield name, value
