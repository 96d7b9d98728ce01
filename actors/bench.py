"""The Serve application of load tests: all of `actors.app`, but stored pictures for a model.

It shows what the service takes, and not what a GPU does: the time of a picture is set, in
`cluster/serve/bench.yaml`.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import cast

from pydantic import BaseModel, ConfigDict, Field
from ray import serve
from ray.serve import Application, Deployment

from actors.app import WorkerDeployment
from actors.models.render import RenderEvent, RenderRequest
from actors.models.stored import StoredRenderer, draw_pictures
from server.routing.catalogue import STORYBOOK

# A replica of the model's own application says no to no caller either: the queue is inside.
_ONGOING = 1024


class Arguments(BaseModel):
    """Says in the config's `args` how the stored pictures come."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    render_s: float = Field(gt=0, description="How long every picture takes.")
    at_once: int = Field(gt=0, description="How many are rendered at the same time.")
    pictures: int = Field(gt=0, description="How many different ones there are.")


@serve.deployment(name="diffuser", max_ongoing_requests=_ONGOING)
class StoredDiffuserDeployment:
    """Holds pictures, and shows them after a set time."""

    def __init__(self, arguments: Arguments) -> None:
        """Draws the pictures that there will be."""
        side = next(iter(STORYBOOK.portraits.values())).native.width
        self._renderer = StoredRenderer(
            draw_pictures(arguments.pictures, side),
            render_s=arguments.render_s,
            at_once=arguments.at_once,
        )

    async def render(self, request: RenderRequest) -> AsyncGenerator[RenderEvent]:
        """Renders; yields each step as it is done, then the result."""
        async with aclosing(self._renderer.stream(request)) as events:
            async for event in events:
                yield event

    async def show_previews(self, render: str) -> None:
        """Makes previews of the render of that id from now on."""
        await self._renderer.show_previews(render)

    async def model(self) -> str:
        """Returns the name of the model that the pictures stand for."""
        return STORYBOOK.name


def build(args: Arguments) -> Application:
    """Builds the application; Serve calls it for `import_path: actors.bench:build`."""
    # The decorator's type forgets that it makes a Deployment (ray 2.60).
    diffuser = cast(Deployment, StoredDiffuserDeployment)
    worker = cast(Deployment, WorkerDeployment)
    return worker.bind(diffuser.bind(args))
