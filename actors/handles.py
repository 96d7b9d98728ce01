"""Handles of model deployments, as the seams that stages are written for."""

from collections.abc import AsyncGenerator

from ray.serve.handle import DeploymentHandle

from actors.models.render import RenderEvent, RenderRequest


class RayRenderer:
    """Renders on a diffuser deployment."""

    def __init__(self, diffuser: DeploymentHandle) -> None:
        self._diffuser = diffuser.options(stream=True)

    async def stream(self, request: RenderRequest) -> AsyncGenerator[RenderEvent]:
        """Renders; yields each step as it is done, then the result."""
        response = self._diffuser.render.remote(request)
        try:
            async for event in response:
                yield event
        finally:
            # A stream that is dropped without a cancel renders on, for nobody.
            response.cancel()


async def wait_until_ready(diffuser: DeploymentHandle) -> str:
    """Returns the name of the model that a deployment draws with, once one is warm."""
    return str(await diffuser.model.remote())
