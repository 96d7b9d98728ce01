"""Errors cross the border of a replica: a process without torch loads them as what they are."""

import importlib
import pickle
import pkgutil
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import pytest
import torch
from safetensors import SafetensorError

import actors.classifiers
import actors.engine
import actors.finishing
import actors.serve
from actors.classifiers.base import ClassifierAway
from actors.engine.profiles import warm_up_request
from actors.engine.render import DeviceBroken, Embedding, RenderCancelled, RenderEvent
from actors.serve.border import crosses
from actors.serve.replica import DiffuserReplica
from server.domain.joined import Joined
from server.errors import ImggenError, Unavailable

_LOAD = """
import pickle, sys
for name in ("torch", "diffusers", "transformers", "safetensors"):
    sys.modules[name] = None
for error in pickle.load(sys.stdin.buffer):
    found = pickle.loads(error)
    print(type(found).__module__, type(found).__name__, ascii(str(found)))
"""


def loaded(*errors: Exception) -> list[str]:
    """Returns errors as a process sees them that fails to import torch."""
    told = pickle.dumps([pickle.dumps(error) for error in errors])
    done = subprocess.run(
        [sys.executable, "-c", _LOAD], input=told, capture_output=True, check=False
    )
    assert not done.returncode, done.stderr.decode()
    return done.stdout.decode().splitlines()


def seen(error: Exception) -> str:
    return f"{type(error).__module__} {type(error).__name__} {str(error)!a}"


def _own_errors() -> Iterator[type[ImggenError]]:
    """Yields every error of a replica's packages that has a reason for callers."""
    for package in (actors.engine, actors.finishing, actors.classifiers, actors.serve):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            found = vars(importlib.import_module(module.name)).values()
            yield from (
                one
                for one in found
                if isinstance(one, type)
                and issubclass(one, ImggenError)
                and one.__module__ == module.name
            )


def test_every_error_of_a_replica_is_loaded_without_torch() -> None:
    kinds: Any = list(_own_errors())
    assert DeviceBroken in kinds
    assert len(kinds) >= 10
    errors = [kind("why") for kind in kinds]
    errors += [RenderCancelled("why"), ClassifierAway("why"), ValueError("why")]
    assert all(map(crosses, errors))
    assert loaded(*errors) == list(map(seen, errors))
    again = [pickle.loads(pickle.dumps(error)) for error in errors]
    assert [vars(error) for error in again] == [vars(error) for error in errors]


class TwoArguments(ValueError):
    """An error that pickle makes and cannot load."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(one + other)


FOREIGN = [
    torch.OutOfMemoryError("CUDA out of memory"),
    SafetensorError("cut off"),
    ValueError(torch.ones(1)),
    TwoArguments("a", "b"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no text"),
    Unavailable("away"),
    DeviceBroken.by(torch.AcceleratorError("CUDA error: gone")),
]
"""What models and libraries raise, and what else may come with it."""


class Failing:
    """A renderer whose calls fail."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def stream(self, _: Any, __: Any = None) -> AsyncGenerator[Any]:
        for event in list[Any]():
            yield event
        raise self._error

    async def show_previews(self, _: str) -> None:
        raise self._error

    async def joined(self) -> Joined:
        raise self._error

    async def encoder(self) -> str:
        raise self._error

    async def encode(self, _: bytes) -> Embedding:
        raise self._error


class Looking:
    """A classifier that fails."""

    name = "owner/model"

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def check(self) -> None:
        """Passes."""

    async def refused_for(self, _: bytes) -> tuple[str, ...]:
        raise self._error


async def _rendered(events: AsyncGenerator[RenderEvent | Any]) -> None:
    async for _ in events:
        pass


@pytest.mark.parametrize("error", FOREIGN, ids=lambda error: type(error).__name__)
async def test_what_a_replica_raises_is_loaded_without_torch(error: Exception) -> None:
    replica = DiffuserReplica(Failing(error), Failing(error), "storybook", Looking(error))
    calls = [
        _rendered(replica.render(warm_up_request("storybook"), "storybook")),
        replica.show_previews("id"),
        replica.joined(),
        replica.encoder(),
        replica.encode(b""),
        _rendered(replica.upscale(b"")),
        replica.refused_for(b"", "owner/model"),
    ]
    raised = []
    for call in calls:
        with pytest.raises(Exception, match=r".") as caught:
            await call
        raised.append(caught.value)
    lines = loaded(*raised)
    if isinstance(error, ImggenError | UnicodeDecodeError):
        assert lines == [seen(error)] * len(calls)
    else:
        told = RuntimeError(f"{type(error).__name__}: {error}")
        assert lines == [seen(told)] * len(calls)
