"""The Serve application with a diffuser that draws to a script: everything else is as it is."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, cast

from ray import serve
from ray.serve import Application, Deployment

from actors.app import WorkerDeployment
from actors.models.render import RenderEvent, RenderRequest
from actors.models.scripted import ScriptedRenderer

_STEP_S = 0.1


@serve.deployment(name="diffuser", max_ongoing_requests=64)
class ScriptedDiffuser:
    """Holds a renderer without a model."""

    def __init__(self) -> None:
        self._renderer = ScriptedRenderer(_STEP_S)

    async def render(self, request: RenderRequest) -> AsyncGenerator[RenderEvent]:
        """Renders; yields each step as it is done, then the result."""
        async with aclosing(self._renderer.stream(request)) as events:
            async for event in events:
                yield event

    async def show_previews(self, render: str) -> None:
        """Makes previews of the render of that id from now on."""
        await self._renderer.show_previews(render)

    async def model(self) -> str:
        """Returns the name of the model."""
        return "storybook"


def build(args: dict[str, Any]) -> Application:
    """Builds the application."""
    diffuser = cast(Deployment, ScriptedDiffuser)
    worker = cast(Deployment, WorkerDeployment)
    return worker.bind(diffuser.bind())
