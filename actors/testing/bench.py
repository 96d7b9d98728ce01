"""The Serve application of load tests: all of `actors.app`, with stored pictures for a model.

It measures the service, not a GPU: the time of a picture is set in `cluster/serve/bench.yaml`.
"""

from typing import cast

from pydantic import BaseModel, ConfigDict, Field
from ray import serve
from ray.serve import Application, Deployment

from actors.app import working_with
from actors.finishing.upscaling import NoUpscaler
from actors.serve.replica import DiffuserReplica
from actors.testing.stored import StoredRenderer, draw_pictures
from server.routing.catalogue import STORYBOOK

# Like the replicas of `actors.app`, this one rejects no caller: its queue is inside it.
_ONGOING = 1024


class Arguments(BaseModel):
    """The `args` of the config: how stored pictures are rendered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    render_s: float = Field(gt=0, description="How long every picture takes.")
    at_once: int = Field(gt=0, description="How many are rendered at the same time.")
    pictures: int = Field(gt=0, description="How many different ones there are.")


@serve.deployment(name="diffuser", max_ongoing_requests=_ONGOING)
class StoredDiffuserDeployment(DiffuserReplica):
    """A diffuser of stored pictures, each returned after a set time."""

    def __init__(self, arguments: Arguments) -> None:
        """Draws the pictures that are shown later."""
        side = next(iter(STORYBOOK.portraits.values())).native.width
        renderer = StoredRenderer(
            draw_pictures(arguments.pictures, side),
            render_s=arguments.render_s,
            at_once=arguments.at_once,
        )
        super().__init__(renderer, NoUpscaler(), STORYBOOK.name)


def build(args: Arguments) -> Application:
    """Builds the application; Serve calls it for `import_path: actors.testing.bench:build`."""
    return working_with(cast(Deployment, StoredDiffuserDeployment).bind(args))
