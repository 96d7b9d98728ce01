"""A diffuser that holds another model than its worker expects draws nothing for it."""

import pickle
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from actors.engine.profiles import warm_up_request
from actors.engine.render import ModelDiffers
from actors.finishing.upscaling import NoUpscaler
from actors.serve.handles import Handle, RayModels
from actors.serve.replica import DiffuserReplica
from actors.testing.scripted import ScriptedRenderer


@dataclass
class Answer:
    """A deployment's method that answers with a model's name."""

    name: str

    async def remote(self) -> str:
        """Returns the name."""
        return self.name


@dataclass
class Diffuser:
    """A handle of a diffuser deployment, as far as RayModels calls it."""

    model: Answer = field(default_factory=lambda: Answer("storybook"))


async def test_a_replica_refuses_a_render_of_another_model() -> None:
    renderer = ScriptedRenderer()
    replica = DiffuserReplica(renderer, NoUpscaler(), "storybook")
    request = warm_up_request("storybook")
    with pytest.raises(ModelDiffers, match='holds "storybook", not "sdxl"'):
        _ = [event async for event in replica.render(request, "sdxl")]
    assert renderer.renders == []
    events = [event async for event in replica.render(request, "storybook")]
    assert len(events) == request.steps + 1


async def test_a_deployment_that_changes_its_model_is_away_until_it_changes_back() -> None:
    diffuser = Diffuser()
    models = RayModels(cast(Handle, diffuser), "storybook")
    await models.check()
    models.check_same()
    diffuser.model.name = "sdxl"
    with pytest.raises(ModelDiffers, match='holds "sdxl", not "storybook"'):
        await models.check()
    with pytest.raises(RuntimeError, match="holds sdxl now, not storybook"):
        models.check_same()
    diffuser.model.name = "storybook"
    await models.check()
    models.check_same()


def test_the_refusal_comes_back_from_a_replica() -> None:
    again: Any = pickle.loads(pickle.dumps(ModelDiffers("another one")))
    assert (type(again), again.message) == (ModelDiffers, "another one")
