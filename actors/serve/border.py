"""The border of a replica: its errors are read in processes that lack the libraries of models."""

import pickle
import pickletools
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

_OF_CALLERS = frozenset(
    {
        "actors.classifiers.base",
        "actors.engine.render",
        "actors.finishing.files",
        "actors.finishing.forms",
        "imggen.errors",
    }
)
"""Where the errors are that callers tell apart; none of these modules needs a library of models."""


@asynccontextmanager
async def crossing() -> AsyncGenerator[None]:
    """Tells an error that the caller's process could not load as a plain one, by its name.

    Ray pickles the errors of a replica, and a worker has no torch: of an error that it cannot load
    it has a trace of lines and no class.
    """
    try:
        yield
    except Exception as error:
        if crosses(error):
            raise
        raise RuntimeError(f"{type(error).__name__}: {error}") from error


def crosses(error: Exception) -> bool:
    """Returns whether an error, with all that it holds, is loaded without a library of models."""
    try:
        # Protocol 2 has one operation for classes, with the module's name in it.
        pickled = pickle.dumps(error, protocol=2)
        if not all(map(_is_everywhere, _modules(pickled))):
            return False
        pickle.loads(pickled)  # made here: some errors need more arguments than they keep
    except Exception:  # whatever an error's own code raises there
        return False
    return True


def _modules(pickled: bytes) -> list[str]:
    return [
        str(name).split(" ")[0]
        for operation, name, _ in pickletools.genops(pickled)
        if operation.name == "GLOBAL"
    ]


def _is_everywhere(module: str) -> bool:
    # `exceptions` and others are what protocol 2 calls modules of Python 3.
    standard = sys.stdlib_module_names | {"__builtin__", "copy_reg", "exceptions"}
    return module in _OF_CALLERS or module.partition(".")[0] in standard
