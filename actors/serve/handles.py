"""Handles of model deployments, as the renderer, the encoder and the upscaler of stages."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from enum import Enum, auto
from functools import partial
from typing import Any, TypeVar, cast

from ray import serve
from ray.exceptions import RayActorError, RayError, RayTaskError
from ray.serve.exceptions import DeploymentUnavailableError, RayServeException
from ray.serve.handle import DeploymentHandle, DeploymentResponseGenerator
from ray.serve.schema import DeploymentStatusOverview

from actors.classifiers.base import ClassifierAway
from actors.engine.render import Embedding, ModelDiffers, RenderEvent, RenderRequest
from actors.finishing.upscaling import Enlarged, Tiles
from actors.serve.finishing import another_classifier
from actors.worker.lanes import Share
from imggen.v1.errors_pb2 import ErrorReason
from server.domain.joined import Joined, all_of
from server.domain.models import Size
from server.errors import Unavailable

Handle = DeploymentHandle[Any]
_T = TypeVar("_T")

_PATIENCE_S = 5.0
_UNMEASURED_START = timedelta(seconds=60)
"""How long a model takes to start before any start was measured."""
_SCALED = ("HEALTHY", "UPSCALING", "DOWNSCALING")
_ENDED = ("STOPPING", "STOPPED")
_LOOK_S = 60.0
"""How long a picture may be looked at: it takes its turn among the replica's threads."""


class RayRenderer:
    """Renders on a diffuser deployment, as long as that holds the model."""

    def __init__(self, diffuser: Handle, model: str) -> None:
        self._diffuser = diffuser
        self._model = model
        self._stream = diffuser.options(stream=True)

    async def stream(self, request: RenderRequest) -> AsyncGenerator[RenderEvent]:
        """Renders; yields each step as it is done, then the result.

        Raises the diffuser's own error, ModelDiffers when it holds another model, or Unavailable
        when it was lost.
        """
        # With `stream=True` the response is a generator.
        response = cast(
            DeploymentResponseGenerator[RenderEvent],
            self._stream.render.remote(request, self._model),
        )
        try:
            async for event in response:
                yield event
        except RayTaskError as error:
            raise error.cause from error
        except RayActorError as error:
            raise Unavailable(
                "the diffuser was lost while rendering; the job is tried again",
                ErrorReason.ERROR_REASON_RENDER_FAILED,
            ) from error
        finally:
            # A stream that is dropped without a cancel would go on rendering.
            response.cancel()  # type: ignore[no-untyped-call]  # ray 2.60

    async def show_previews(self, render: str) -> None:
        """Turns on the previews of the render with that id, on any replica."""
        shown = self._diffuser.broadcast("show_previews", render)
        # A replica that cannot be reached has no render to show.
        await shown.results_async(return_exceptions=True)


class RayEncoder:
    """Encodes references on a diffuser deployment, whose model reads them."""

    def __init__(self, diffuser: Handle) -> None:
        self._diffuser = diffuser

    async def encoder(self) -> str:
        """Returns the checksum of the deployment's encoder; empty where it has no adapter.

        Raises Unavailable when the deployment was lost.
        """
        with _answering("the encoder"):
            return str(await self._diffuser.encoder.remote())

    async def encode(self, png: bytes) -> Embedding:
        """Returns the embedding of a picture by the deployment's encoder.

        Raises the encoder's own error, or Unavailable when the deployment was lost.
        """
        with _answering("the encoder"):
            return cast(Embedding, await self._diffuser.encode.remote(png))


class RayUpscaler:
    """Upscales on the deployment that holds the upscaler."""

    def __init__(self, holder: Handle) -> None:
        self._stream = holder.options(stream=True)

    async def stream(self, png: bytes, to: Size | None = None) -> AsyncGenerator[Tiles | Enlarged]:
        """Enlarges a picture by the deployment's upscaler, as that does.

        Raises the upscaler's own error, or Unavailable when the deployment was lost.
        """
        response = cast(
            DeploymentResponseGenerator[Tiles | Enlarged], self._stream.upscale.remote(png, to)
        )
        try:
            with _answering("the upscaler"):
                async for event in response:
                    yield event
        finally:
            # A stream that is dropped without a cancel would go on enlarging.
            response.cancel()  # type: ignore[no-untyped-call]  # ray 2.60


class RayPictures:
    """Has pictures looked at on the deployment that holds the classifier.

    Whatever comes back but a verdict is a classifier that is away.
    """

    def __init__(
        self,
        holder: Handle,
        name: str,
        *,
        patience_s: float = _PATIENCE_S,
        look_s: float = _LOOK_S,
    ) -> None:
        """Takes the classifier's name, and how long a replica may take to answer, and to look."""
        self.name = name
        self._holder = holder
        self._patience_s = patience_s
        self._look_s = look_s

    async def check(self) -> None:
        """Raises ClassifierAway while no replica with a classifier answers."""
        held = await _verdict(self._holder.picture_classifier.remote(), self._patience_s)
        if held != self.name:
            raise ClassifierAway(another_classifier(str(held), self.name))

    async def refused_for(self, picture: bytes) -> tuple[str, ...]:
        """Returns the categories that a picture is refused for; raises ClassifierAway."""
        # Another replica than the one that was asked may answer, with an older classifier.
        asked = self._holder.refused_for.remote(picture, self.name)
        found = await _verdict(asked, self._look_s)
        if not isinstance(found, tuple):
            raise ClassifierAway("the replica answered without a verdict")
        return found


async def _verdict(response: Awaitable[object], timeout_s: float) -> object:
    try:
        async with asyncio.timeout(timeout_s):
            return await response
    except RayTaskError as error:
        if isinstance(error.cause, ClassifierAway):
            raise error.cause from error
        raise ClassifierAway("the classifier failed; the log of its replica says why") from error
    except (TimeoutError, RayError, RayServeException) as error:
        raise ClassifierAway("the replica that holds the classifier is away") from error


class Replicas(Enum):
    """The replicas of a deployment that Serve may scale to none."""

    NONE = auto()  # -> STARTING by a request, or by its policy
    STARTING = auto()  # -> WARM, or BROKEN
    WARM = auto()
    BROKEN = auto()  # none runs, and Serve does not scale it: it is deployed, or it has failed


Look = Callable[[], tuple[Replicas, Hashable]]
"""Returns the replicas of a deployment, and what changes with each that comes or goes."""


class RayModels:
    """The model that a worker expects of a diffuser deployment."""

    def __init__(
        self,
        diffuser: Handle,
        model: str,
        *,
        patience_s: float = _PATIENCE_S,
        sleeps: bool = False,
        look: Look | None = None,
        workers: Callable[[], int] | None = None,
    ) -> None:
        """Takes how long a replica may take to answer, and whether Serve may stop all of them.

        `look` tells which replicas there are, and `workers` how many share them; by default Serve
        does.
        """
        self._diffuser = diffuser
        self._model = model
        self._found = model
        self._patience_s = patience_s
        self._look = (look or partial(_replicas, diffuser)) if sleeps else None
        self._asleep = False
        self._asked_of: Hashable = None
        self._workers = workers or _workers
        self._drawn: Joined | None = None
        self._sharing: int | None = None
        self._cold_start: timedelta | None = None

    async def check(self) -> timedelta | None:
        """Returns how long the model takes to start where Serve has stopped it, else None.

        Raises Unavailable while no replica with the model, warm, answers.
        """
        cold_start = await self._find()
        await self._count_workers()
        return cold_start

    async def _find(self) -> timedelta | None:
        if self._look is None:
            await self._ask()
            return None
        replicas, asked_of = await asyncio.to_thread(self._look)
        woken = self._asleep and replicas is Replicas.STARTING
        self._asleep = woken or replicas is Replicas.NONE
        if self._asleep:
            return self._cold_start or _UNMEASURED_START
        # To Serve a question is work, for which it keeps a replica, or starts one. So the same
        # replicas are asked once.
        if replicas is not Replicas.WARM or asked_of != self._asked_of:
            await self._ask()
            self._cold_start = await self._answer(self._diffuser.loaded_in.remote())
            self._asked_of = asked_of
        return None

    async def _ask(self) -> None:
        self._found = str(await self._answer(self._diffuser.model.remote()))
        if self._found != self._model:
            raise ModelDiffers(f'model: the diffuser holds "{self._found}", not "{self._model}"')
        await self._measure()

    async def _answer(self, response: Awaitable[_T]) -> _T:
        """Returns what a replica answers; raises Unavailable where none does in time."""
        try:
            async with asyncio.timeout(self._patience_s):
                return await response
        except (TimeoutError, RayError, RayServeException) as error:
            raise Unavailable(
                "no diffuser answers; its status in Serve, and its log, say why",
                ErrorReason.ERROR_REASON_RENDER_FAILED,
            ) from error

    @property
    def share(self) -> Share | None:
        """What the worker has of all that the replicas draw at once, as they said last."""
        if self._drawn is None or self._sharing is None:
            return None
        return Share(self._drawn, self._sharing)

    async def _measure(self) -> None:
        """Asks all replicas how many pictures they draw at once; without an answer, nothing."""
        try:
            async with asyncio.timeout(self._patience_s):
                told = await self._diffuser.broadcast("joined").results_async(
                    return_exceptions=True
                )
        except (TimeoutError, RayError, RayServeException):
            return
        # One of the version before does not know the question.
        if devices := [each for each in told if isinstance(each, Joined)]:
            self._drawn = all_of(devices)

    async def _count_workers(self) -> None:
        """Counts who shares the replicas; they come and go without any change of those."""
        with suppress(TimeoutError, RayError, RayServeException):
            async with asyncio.timeout(self._patience_s):
                self._sharing = max(1, await asyncio.to_thread(self._workers))

    def check_same(self) -> None:
        """Raises RuntimeError when another model answered last: its worker must be replaced."""
        if self._found != self._model:
            raise RuntimeError(f"the diffuser holds {self._found} now, not {self._model}")


def _workers() -> int:
    """Returns how many replicas run of the worker's own deployment; raises RayError."""
    own = serve.get_replica_context()
    application = serve.status().applications.get(own.app_name)
    found = application and application.deployments.get(own.deployment)
    return _running(found) if found else 1


def _running(found: DeploymentStatusOverview) -> int:
    # Strings, though their types say enums; those are no public part of Ray 2.60.
    return sum(number for state, number in found.replica_states.items() if str(state) == "RUNNING")


def _replicas(diffuser: Handle) -> tuple[Replicas, Hashable]:
    """Returns which replicas Serve has of a deployment; BROKEN while Serve cannot tell."""
    try:
        application = serve.status().applications.get(diffuser.app_name)
    except (RayError, RayServeException):
        return Replicas.BROKEN, None
    found = application and application.deployments.get(diffuser.deployment_name)
    if not application or not found:
        return Replicas.BROKEN, None
    return _kind(found), (application.last_deployed_time_s, _running(found))


def _kind(found: DeploymentStatusOverview) -> Replicas:
    states = {str(state) for state, number in found.replica_states.items() if number}
    if _running(found):
        return Replicas.WARM
    if found.status not in _SCALED:
        return Replicas.BROKEN
    return Replicas.STARTING if states.difference(_ENDED) else Replicas.NONE


@contextmanager
def _answering(who: str) -> Iterator[None]:
    """Raises a deployment's own error as itself, and Unavailable when it was lost."""
    try:
        yield
    except RayTaskError as error:
        raise error.cause from error
    except (RayActorError, DeploymentUnavailableError) as error:
        raise Unavailable(
            f"{who} was lost while working; the job is tried again",
            ErrorReason.ERROR_REASON_RENDER_FAILED,
        ) from error


async def wait_until_ready(diffuser: Handle) -> str:
    """Returns the name of a deployment's model, once a replica is warm.

    Raises Unavailable when the deployment has failed, so that none will come.
    """
    try:
        return str(await diffuser.model.remote())
    except DeploymentUnavailableError as error:
        raise Unavailable(
            "there is no model: the diffuser did not start; its status in Serve says why",
            ErrorReason.ERROR_REASON_RENDER_FAILED,
        ) from error


async def wait_until_loaded(holder: Handle) -> bool:
    """Returns whether a deployment holds an upscaler, once a replica of it has loaded.

    Raises Unavailable when the deployment has failed, so that none will come.
    """
    try:
        return bool(await holder.upscales.remote())
    except DeploymentUnavailableError as error:
        raise Unavailable(
            "there is no upscaler: its deployment did not start; its status in Serve says why",
            ErrorReason.ERROR_REASON_RENDER_FAILED,
        ) from error
