"""A diffuser that holds another model than its worker expects draws nothing for it.

What comes back of its classifier of pictures but a verdict is no pass.
"""

import pickle
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ray.exceptions import RayActorError, RayError, RayTaskError
from ray.serve.exceptions import RayServeException

from actors.classifiers.base import ClassifierAway
from actors.engine.memory import memory_of
from actors.engine.profiles import warm_up_request
from actors.engine.render import ModelDiffers
from actors.finishing.upscaling import NoUpscaler
from actors.serve.handles import Handle, RayModels, RayPictures, Replicas
from actors.serve.replica import DiffuserReplica
from actors.testing.scripted import ScriptedRenderer
from actors.testing.stored import StoredRenderer
from actors.worker.lanes import Share
from server.domain.joined import ALONE, Joined
from server.errors import Unavailable


@dataclass
class Answer:
    """A deployment's method that answers with a model's name, and counts who asks."""

    name: str
    asked: int = 0

    async def remote(self) -> str:
        """Returns the name."""
        self.asked += 1
        return self.name


@dataclass
class LoadedIn:
    """A deployment's method that answers how long its model took to load, or is lost."""

    lost: Exception | None = None

    async def remote(self) -> timedelta:
        """Returns the time."""
        if self.lost is not None:
            raise self.lost
        return timedelta(seconds=40)


@dataclass
class Diffuser:
    """A handle of a diffuser deployment, as far as RayModels calls it.

    `joined` is what its replicas say that they draw at once, or their errors.
    """

    model: Answer = field(default_factory=lambda: Answer("storybook"))
    loaded_in: LoadedIn = field(default_factory=LoadedIn)
    joined: list[Joined | Exception] = field(default_factory=list)

    def broadcast(self, method: str) -> Any:
        """Returns what all replicas answer."""

        async def results_async(*, return_exceptions: bool) -> list[Joined | Exception]:
            assert (method, return_exceptions) == ("joined", True)
            return self.joined

        return SimpleNamespace(results_async=results_async)


def models_of(diffuser: Diffuser, **options: Any) -> RayModels:
    """Returns the models of one worker on a deployment."""
    return RayModels(cast(Handle, diffuser), "storybook", **{"workers": lambda: 1, **options})


async def test_a_replica_refuses_a_render_of_another_model() -> None:
    renderer = ScriptedRenderer()
    replica = DiffuserReplica(renderer, NoUpscaler(), "storybook")
    request = warm_up_request("storybook")
    with pytest.raises(ModelDiffers, match='holds "storybook", not "sdxl"'):
        _ = [event async for event in replica.render(request, "sdxl")]
    assert renderer.renders == []
    events = [event async for event in replica.render(request, "storybook")]
    assert len(events) == request.steps + 1


@dataclass
class KeptRenders:
    """What a diffuser measures, kept."""

    steps: list[tuple[str, float]] = field(default_factory=list)
    looks: int = 0

    def step(self, model: str, seconds: float) -> None:
        """Keeps a step."""
        self.steps.append((model, seconds))

    def look(self) -> None:
        """Counts it."""
        self.looks += 1


async def test_a_replica_measures_each_step_but_the_first_which_waits_for_its_turn() -> None:
    kept = KeptRenders()
    replica = DiffuserReplica(ScriptedRenderer(0.01), NoUpscaler(), "storybook", metrics=kept)
    request = replace(warm_up_request("storybook"), steps=4)
    assert kept.looks == 1  # once it is loaded
    _ = [event async for event in replica.render(request, "storybook")]
    assert [model for model, _ in kept.steps] == ["storybook"] * 3
    assert all(seconds > 0 for _, seconds in kept.steps)
    assert kept.looks == 2


class NoMeasures:
    """What a diffuser measures on a device that does not tell."""

    def step(self, model: str, seconds: float) -> None:
        """Fails."""
        raise OSError("no metrics port")

    def look(self) -> None:
        """Fails, as a read of a GPU's memory may."""
        raise RuntimeError("no such device")


async def test_a_measure_that_fails_costs_no_picture(caplog: pytest.LogCaptureFixture) -> None:
    request = replace(warm_up_request("storybook"), steps=4)
    metrics = NoMeasures()
    replica = DiffuserReplica(ScriptedRenderer(), NoUpscaler(), "storybook", metrics=metrics)
    events = [event async for event in replica.render(request, "storybook")]
    assert len(events) == 5
    assert caplog.messages.count("not measured") == 1


def test_a_model_on_the_cpu_has_no_gpu_memory() -> None:
    assert memory_of("cpu") == {}


async def test_a_deployment_that_changes_its_model_is_away_until_it_changes_back() -> None:
    diffuser = Diffuser()
    models = models_of(diffuser)
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


@dataclass
class Seen:
    """What Serve tells of a deployment's replicas."""

    replicas: Replicas
    deployed_at: float = 1.0

    def __call__(self) -> tuple[Replicas, float]:
        return self.replicas, self.deployed_at


def sleeping(seen: Seen) -> tuple[RayModels, Answer]:
    """Returns a model that may sleep, and whom it asks."""
    diffuser = Diffuser()
    models = models_of(diffuser, sleeps=True, look=seen)
    return models, diffuser.model


async def test_a_model_that_sleeps_is_not_woken_by_a_look() -> None:
    seen = Seen(Replicas.NONE)
    models, model = sleeping(seen)
    # Nobody knows yet how long it takes.
    assert await models.check() == timedelta(seconds=60)
    seen.replicas = Replicas.WARM
    assert await models.check() is None
    for now in (Replicas.NONE, Replicas.STARTING, Replicas.STARTING):
        seen.replicas = now
        assert await models.check() == timedelta(seconds=40)
    assert model.asked == 1


async def test_a_model_that_may_sleep_is_asked_once_a_deployment() -> None:
    seen = Seen(Replicas.WARM)
    models, model = sleeping(seen)
    for _ in range(3):
        assert await models.check() is None
    assert model.asked == 1
    seen.deployed_at, model.name = 2.0, "sdxl"
    with pytest.raises(ModelDiffers):
        await models.check()


@pytest.mark.parametrize("replicas", [Replicas.STARTING, Replicas.BROKEN])
async def test_a_model_that_did_not_sleep_is_asked_while_none_runs(replicas: Replicas) -> None:
    models, model = sleeping(Seen(replicas))
    for _ in range(2):
        assert await models.check() is None
    assert model.asked == 2


async def test_a_model_that_breaks_while_it_wakes_is_asked() -> None:
    seen = Seen(Replicas.NONE)
    models, model = sleeping(seen)
    await models.check()
    seen.replicas = Replicas.BROKEN
    await models.check()
    assert model.asked == 1


async def test_a_replica_tells_how_many_pictures_its_renderer_draws_at_once() -> None:
    renderer = StoredRenderer([], render_s=1, at_once=3)
    assert await DiffuserReplica(renderer, NoUpscaler(), "storybook").joined() == Joined(3, 3.0)
    scripted = DiffuserReplica(ScriptedRenderer(), NoUpscaler(), "storybook")
    assert await scripted.joined() == ALONE


async def test_a_worker_has_its_share_of_what_all_replicas_draw_at_once() -> None:
    diffuser, workers = Diffuser(joined=[Joined(8, 2.5), Joined(4, 2.0)]), [2]
    models = models_of(diffuser, workers=workers.pop)
    await models.check()
    assert models.share == Share(Joined(12, 4.5), workers=2)
    # One was replaced by another kind, and one was lost; there is another worker.
    diffuser.joined = [Joined(2, 1.2), RayActorError()]
    workers.append(3)
    await models.check()
    assert models.share == Share(Joined(2, 1.2), workers=3)


async def test_replicas_of_the_version_before_leave_what_was_told_last() -> None:
    unknown = RayTaskError("joined", "a traceback", AttributeError("joined"))  # type: ignore[no-untyped-call]
    diffuser = Diffuser(joined=[unknown])
    models = models_of(diffuser)
    await models.check()
    untold = models.share is None
    assert untold
    diffuser.joined = [unknown, Joined(8, 2.8)]
    await models.check()
    diffuser.joined = [unknown]
    await models.check()
    assert models.share == Share(Joined(8, 2.8))


async def test_a_model_that_may_sleep_is_measured_again_with_other_replicas() -> None:
    seen = Seen(Replicas.WARM)
    diffuser = Diffuser(joined=[Joined(8, 2.8)])
    models = models_of(diffuser, sleeps=True, look=seen)
    for _ in range(2):
        await models.check()
        diffuser.joined = [Joined(8, 2.8)] * 2
    assert models.share == Share(Joined(8, 2.8))
    seen.deployed_at = 2.0
    await models.check()
    assert models.share == Share(Joined(16, 5.6))


async def test_workers_that_come_and_go_share_a_model_that_may_sleep() -> None:
    """They are no replicas of the diffuser, which is not asked again for them."""
    seen, workers = Seen(Replicas.WARM), [2, 3, 1]
    diffuser = Diffuser(joined=[Joined(8, 2.8)])
    models = models_of(diffuser, sleeps=True, look=seen, workers=workers.pop)
    for replicas, expected in ((Replicas.WARM, 1), (Replicas.WARM, 3), (Replicas.NONE, 2)):
        seen.replicas = replicas
        await models.check()
        assert models.share == Share(Joined(8, 2.8), workers=expected)
    assert diffuser.model.asked == 1


@pytest.mark.parametrize("lost", [RayActorError(), RayServeException("no replica"), TimeoutError()])
async def test_a_replica_that_is_lost_between_two_questions_is_away(lost: Exception) -> None:
    diffuser = Diffuser(loaded_in=LoadedIn(lost))
    models = models_of(diffuser, sleeps=True, look=Seen(Replicas.WARM))
    with pytest.raises(Unavailable, match="no diffuser answers"):
        await models.check()
    diffuser.loaded_in.lost = None
    assert await models.check() is None


def test_the_refusal_comes_back_from_a_replica() -> None:
    again: Any = pickle.loads(pickle.dumps(ModelDiffers("another one")))
    assert (type(again), again.message) == (ModelDiffers, "another one")


class Held:
    """A classifier of a replica, with a verdict or an error."""

    name = "owner/model"

    def __init__(self, verdict: tuple[str, ...] | Exception) -> None:
        self._verdict = verdict

    async def check(self) -> None:
        """Passes."""

    async def refused_for(self, picture: bytes) -> tuple[str, ...]:
        """Returns the verdict, or raises the error."""
        if isinstance(self._verdict, Exception):
            raise self._verdict
        return self._verdict


class Deployment:
    """A handle whose methods are called as a replica's are; an error may come instead."""

    def __init__(self, replica: DiffuserReplica, error: Exception | None = None) -> None:
        self._replica = replica
        self._error = error

    def __getattr__(self, method: str) -> Any:
        async def remote(*arguments: object) -> object:
            if self._error is not None:
                raise self._error
            try:
                return await getattr(self._replica, method)(*arguments)
            except Exception as error:
                raise RayTaskError(method, "a traceback", error) from error  # type: ignore[no-untyped-call]

        return SimpleNamespace(remote=remote)


def pictures(held: Held | None, error: Exception | None = None) -> RayPictures:
    """Returns the classifier of a worker, whose diffuser holds another one, or none."""
    replica = DiffuserReplica(ScriptedRenderer(), NoUpscaler(), "storybook", held)
    return RayPictures(cast(Handle, Deployment(replica, error)), "owner/model")


async def test_a_verdict_comes_from_the_replica_that_holds_the_classifier() -> None:
    looks = pictures(Held(("sexual",)))
    await looks.check()
    assert await looks.refused_for(b"png") == ("sexual",)


async def test_a_replica_without_a_classifier_or_with_another_one_is_no_pass() -> None:
    with pytest.raises(ClassifierAway, match='holds the classifier "", not "owner/model"'):
        await pictures(None).check()
    with pytest.raises(ClassifierAway, match="holds no classifier"):
        await pictures(None).refused_for(b"png")
    other = Held(())
    other.name = "older/model"
    with pytest.raises(ClassifierAway, match='holds the classifier "older/model"'):
        await pictures(other).refused_for(b"png")


@pytest.mark.parametrize(
    "error",
    [RayActorError(), RayError("lost"), RayServeException("no replica"), TimeoutError()],
    ids=lambda error: type(error).__name__,
)
async def test_a_replica_that_is_lost_is_no_pass(error: Exception) -> None:
    looks = pictures(Held(()), error)
    with pytest.raises(ClassifierAway, match="is away"):
        await looks.check()
    with pytest.raises(ClassifierAway, match="is away"):
        await looks.refused_for(b"png")


async def test_a_classifier_that_fails_or_answers_without_a_verdict_is_no_pass() -> None:
    with pytest.raises(ClassifierAway, match="the classifier failed"):
        await pictures(Held(RuntimeError("out of memory"))).refused_for(b"png")
    with pytest.raises(ClassifierAway, match="is nan"):
        await pictures(Held(ClassifierAway("the score is nan"))).refused_for(b"png")
    with pytest.raises(ClassifierAway, match="without a verdict"):
        await pictures(Held(cast(Any, None))).refused_for(b"png")
