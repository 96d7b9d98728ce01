"""The production Serve application, but with a scripted diffuser."""

from typing import Any, cast

from ray import serve
from ray.serve import Application, Deployment

from actors.app import working_with
from actors.finishing.upscaling import NoUpscaler
from actors.serve.replica import DiffuserReplica
from actors.testing.scripted import ScriptedRenderer

_STEP_S = 0.1


@serve.deployment(name="diffuser", max_ongoing_requests=64)
class ScriptedDiffuser(DiffuserReplica):
    """A diffuser whose renderer has no model."""

    def __init__(self) -> None:
        super().__init__(ScriptedRenderer(_STEP_S), NoUpscaler(), "storybook")


def build(args: dict[str, Any]) -> Application:
    """Builds the application."""
    return working_with(cast(Deployment, ScriptedDiffuser).bind())
