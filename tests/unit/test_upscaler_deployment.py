"""The deployment that holds the upscaler: its calls, and what its worker hears when it is lost."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Self, cast

import pytest
from ray.exceptions import RayActorError, RayTaskError
from ray.serve._private.common import DeploymentID
from ray.serve.exceptions import DeploymentUnavailableError

from actors.engine.render import PictureBroken
from actors.finishing.upscaling import Enlarged, NoUpscaler, Tiles, Upscaler, upscaled
from actors.serve.finishing import FinishingReplica
from actors.serve.handles import Handle, RayUpscaler, wait_until_loaded
from actors.serve.replica import DiffuserReplica
from actors.testing.scripted import ScriptedRenderer
from server.domain.models import Size
from server.errors import Unavailable

LARGE = Enlarged(b"large", 512)
FAILED = DeploymentUnavailableError(DeploymentID("upscaler", "imggen"))


class InTiles:
    """An upscaler of four tiles, which may fail after some, or wait there."""

    def __init__(self, fails: Exception | None = None, *, waits: bool = False) -> None:
        self.given: list[Size | None] = []
        self.closed = asyncio.Event()
        self._fails = fails
        self._waits = waits

    async def stream(self, png: bytes, to: Size | None = None) -> AsyncGenerator[Tiles | Enlarged]:
        self.given.append(to)
        try:
            for done in range(1, 5):
                yield Tiles(done, 4)
                if done == 2 and self._fails:
                    raise self._fails
                if done == 2 and self._waits:
                    await asyncio.Event().wait()
        finally:
            self.closed.set()
        yield LARGE


class Answer:
    """The answer of a replica to a call that streams: it stops where it is cancelled."""

    def __init__(self, events: AsyncGenerator[Any], lost: Exception | None) -> None:
        self._events = events
        self._lost = lost
        self._closing: asyncio.Task[None] | None = None

    async def __aiter__(self) -> AsyncIterator[Any]:
        if self._lost is not None:
            raise self._lost
        try:
            async for event in self._events:
                yield event
        except Exception as error:
            raise RayTaskError("upscale", "a traceback", error) from error  # type: ignore[no-untyped-call]

    def cancel(self) -> None:
        self._closing = asyncio.create_task(self._close())

    async def _close(self) -> None:
        await self._events.aclose()


class Holder:
    """A handle of the deployment that holds the upscaler, as far as workers call it."""

    def __init__(self, replica: FinishingReplica, lost: Exception | None = None) -> None:
        self._replica = replica
        self._lost = lost
        self.upscale = SimpleNamespace(remote=self._upscale)
        self.upscales = SimpleNamespace(remote=self._upscales)

    def options(self, *, stream: bool) -> Self:
        assert stream
        return self

    def _upscale(self, png: bytes, to: Size | None) -> Answer:
        return Answer(self._replica.upscale(png, to), self._lost)

    async def _upscales(self) -> bool:
        if self._lost is not None:
            raise self._lost
        return await self._replica.upscales()


def on(upscaler: Upscaler, lost: Exception | None = None) -> RayUpscaler:
    return RayUpscaler(cast(Handle, Holder(FinishingReplica(upscaler), lost)))


async def test_tiles_come_as_they_are_done_and_the_picture_at_last() -> None:
    upscaler, told = InTiles(), list[tuple[int, int]]()
    size = Size(2048, 2048)
    made = await upscaled(on(upscaler), b"png", size, lambda done, of: told.append((done, of)))
    assert (made, upscaler.given) == (LARGE, [size])
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


async def test_a_worker_that_turns_away_stops_the_upscaler() -> None:
    upscaler = InTiles(waits=True)
    at_tile = asyncio.Event()
    reading = asyncio.create_task(upscaled(on(upscaler), b"png", None, lambda *_: at_tile.set()))
    await at_tile.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await upscaler.closed.wait()


async def test_the_upscalers_own_error_comes_back() -> None:
    with pytest.raises(PictureBroken, match="not finite"):
        await upscaled(on(InTiles(PictureBroken("not finite"))), b"png")


@pytest.mark.parametrize("lost", [RayActorError(), FAILED], ids=lambda error: type(error).__name__)
async def test_a_picture_whose_upscaler_is_lost_is_tried_again(lost: Exception) -> None:
    with pytest.raises(Unavailable, match="the upscaler was lost while working"):
        await upscaled(on(InTiles(), lost), b"png")


@pytest.mark.parametrize(("upscaler", "held"), [(InTiles, True), (NoUpscaler, False)])
async def test_a_worker_asks_whether_there_is_an_upscaler(upscaler: Any, held: bool) -> None:
    alone = FinishingReplica(upscaler())
    beside = DiffuserReplica(ScriptedRenderer(), upscaler(), "storybook")
    for replica in (alone, beside):
        assert await wait_until_loaded(cast(Handle, Holder(replica))) is held


async def test_a_worker_does_not_start_where_the_upscaler_has_failed() -> None:
    holder = Holder(FinishingReplica(InTiles()), FAILED)
    with pytest.raises(Unavailable, match="its deployment did not start"):
        await wait_until_loaded(cast(Handle, holder))


@dataclass
class KeptTiles:
    """What an upscaler measures, kept."""

    seconds: list[float] = field(default_factory=list)

    def tile(self, seconds: float) -> None:
        self.seconds.append(seconds)


async def test_each_tile_but_the_first_is_measured() -> None:
    kept = KeptTiles()
    replica = FinishingReplica(InTiles(), tiles=kept)
    _ = [event async for event in replica.upscale(b"png")]
    assert len(kept.seconds) == 3
    diffuser = DiffuserReplica(ScriptedRenderer(), InTiles(), "storybook", tiles=kept)
    _ = [event async for event in diffuser.upscale(b"png")]
    assert len(kept.seconds) == 6


def test_a_replica_whose_device_is_broken_is_unhealthy() -> None:
    def check() -> None:
        raise RuntimeError("the device is broken")

    FinishingReplica(NoUpscaler()).check_health()
    with pytest.raises(RuntimeError, match="the device is broken"):
        FinishingReplica(NoUpscaler(), check=check).check_health()
