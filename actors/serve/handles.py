"""Handles of model deployments, as the seams that stages are written for."""

from collections.abc import AsyncGenerator
from typing import Any, cast

from ray.exceptions import RayActorError, RayTaskError
from ray.serve.handle import DeploymentHandle, DeploymentResponseGenerator

from actors.engine.render import RenderEvent, RenderRequest
from imggen.v1.errors_pb2 import ErrorReason
from server.errors import Unavailable

Handle = DeploymentHandle[Any]


class RayRenderer:
    """Renders on a diffuser deployment."""

    def __init__(self, diffuser: Handle) -> None:
        self._diffuser = diffuser
        self._stream = diffuser.options(stream=True)

    async def stream(self, request: RenderRequest) -> AsyncGenerator[RenderEvent]:
        """Renders; yields each step as it is done, then the result.

        Raises what the diffuser raised, and Unavailable when the diffuser itself was lost.
        """
        # By `stream=True` it is a generator.
        response = cast(
            DeploymentResponseGenerator[RenderEvent], self._stream.render.remote(request)
        )
        try:
            async for event in response:
                yield event
        except RayTaskError as error:
            raise error.cause from error
        except RayActorError as error:
            raise Unavailable(
                "the diffuser was lost while it rendered; the job starts again",
                ErrorReason.ERROR_REASON_RENDER_FAILED,
            ) from error
        finally:
            # A stream that is dropped without a cancel renders on, for nobody.
            response.cancel()  # type: ignore[no-untyped-call]  # ray 2.60

    async def show_previews(self, render: str) -> None:
        """Makes previews of the render of that id from now on, on whichever replica it is."""
        shown = self._diffuser.broadcast("show_previews", render)
        # A replica that is away draws nothing that could be shown.
        await shown.results_async(return_exceptions=True)


class RayUpscaler:
    """Upscales on a diffuser deployment, whose process holds the upscaler too."""

    def __init__(self, diffuser: Handle) -> None:
        self._diffuser = diffuser

    async def upscale(self, png: bytes) -> bytes:
        """Returns a picture as the deployment's upscaler makes it.

        Raises what the upscaler raised, and Unavailable when the deployment was lost.
        """
        try:
            return bytes(await self._diffuser.upscale.remote(png))
        except RayTaskError as error:
            raise error.cause from error
        except RayActorError as error:
            raise Unavailable(
                "the upscaler was lost while it worked; the job starts again",
                ErrorReason.ERROR_REASON_RENDER_FAILED,
            ) from error


async def wait_until_ready(diffuser: Handle) -> str:
    """Returns the name of the model that a deployment draws with, once one is warm."""
    return str(await diffuser.model.remote())
