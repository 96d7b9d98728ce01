"""What a lane has to draw, and the replicas that a policy of Serve wants of it."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from ray.serve.config import AutoscalingContext

from actors.serve.scaling import BacklogPolicy
from server.domain.ids import JobId
from server.domain.jobs import NewJob, NewUpscale, Outcome
from server.domain.lanes import JobLane
from server.domain.models import Size
from server.domain.states import Lane, Stage
from server.domain.upscales import Upscale
from server.store import Store
from tests.builders import new_user, outcome
from tests.integration.lane_jobs import BOTH, LEASE, LOCAL, submit

RENDERED_MS = (900, 1000, 5000, 9000)


async def test_what_waits_runs_and_was_drawn_is_counted(store: Store) -> None:
    user = await new_user(store)
    assert (await store.demands.of(Lane.LOCAL)).render is None
    await submit(store, user, 6, LOCAL)
    claims = await store.leases.claim("w", Lane.LOCAL, 6, LEASE)
    for claim, ms in zip(claims, RENDERED_MS, strict=False):
        made = Outcome("a prompt", "", (), {Stage.RENDERING: ms, Stage.FINISHING: 70}, 0)
        assert await store.leases.complete(claim, made)
    await submit(store, user, 3, *BOTH)
    await store.database.execute("UPDATE job_lanes SET queued_at = now() - interval '90 s'")
    demand = await store.demands.of(Lane.LOCAL)
    assert (demand.waiting, demand.running) == (3, 2)
    assert 90 <= demand.oldest.total_seconds() < 150
    # Those of a replica whose turn came at once, not those that waited inside it.
    assert demand.render is not None
    assert demand.render.total_seconds() == 0.9
    assert (await store.demands.of(Lane.HOSTED)).running == 0


async def test_what_one_model_of_a_lane_has_to_draw_is_counted_alone(
    store: Store, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await new_user(store)
    await submit(store, user, 2, JobLane(Lane.LOCAL, ("storybook",)))
    await submit(store, user, 1, JobLane(Lane.LOCAL, ("sdxl", "storybook")))
    await submit(store, user, 4, JobLane(Lane.LOCAL, ("sdxl",)))
    waiting = [(await store.demands.of(Lane.LOCAL, name)).waiting for name in ("storybook", "sdxl")]
    assert waiting == [3, 5]
    assert (await store.demands.of(Lane.LOCAL)).waiting == 7
    assert await store.leases.claim("w", Lane.LOCAL, 1, LEASE)
    others = await store.demands.of(Lane.LOCAL, "another")
    assert (others.running, (await store.demands.of(Lane.LOCAL, "storybook")).running) == (0, 1)
    monkeypatch.setenv("IMGGEN_DATABASE_URL", database)
    assert await answered(BacklogPolicy(model="sdxl", unmeasured_s=60, poll_s=0.05)) == 5
    assert await answered(BacklogPolicy(model="another", poll_s=0.05)) == 0


async def test_upscales_are_counted_in_their_lane_by_the_models_of_their_images(
    store: Store, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await new_user(store)
    image, *_ = await submit(store, user, 1, LOCAL)
    [drawn] = await store.leases.claim("w", Lane.LOCAL, 1, LEASE)
    assert await store.leases.complete(drawn, outcome(drawn.job_id))
    for _ in range(5):
        assert await store.upscales.submit(upscale_of(image))
    assert (await store.demands.of(Lane.UPSCALE)).render is None
    [first, _] = await store.leases.claim("w", Lane.UPSCALE, 2, LEASE)
    made = Outcome("", "", (), {Stage.RESOLVING: 50, Stage.FINISHING: 7000}, 0)
    assert await store.complete(first, made)
    for model, counted in ((None, (3, 1)), ("storybook", (3, 1)), ("sdxl", (0, 0))):
        demand = await store.demands.of(Lane.UPSCALE, model)
        assert (demand.waiting, demand.running) == counted
    assert demand.render is None
    assert (await store.demands.of(Lane.UPSCALE)).render == timedelta(seconds=7)
    assert (await store.demands.of(Lane.LOCAL)).waiting == 0
    monkeypatch.setenv("IMGGEN_DATABASE_URL", database)
    for lanes, wanted in ((["local"], 0), (["upscale"], 4), (["local", "upscale"], 4)):
        assert await answered(BacklogPolicy(lanes=lanes, drawn_within_s=7, poll_s=0.05)) == wanted


async def test_the_policy_wants_what_the_database_says(
    store: Store, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGGEN_DATABASE_URL", database)
    await submit(store, await new_user(store), 30, LOCAL)
    policy = BacklogPolicy(drawn_within_s=100, unmeasured_s=10, poll_s=0.05)
    # Nothing is known before the first answer.
    assert policy(with_target(2)) == (2, {})
    assert await answered(policy) == 3


async def test_while_the_database_is_away_replicas_stay_as_they_are(
    store: Store, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGGEN_DATABASE_URL", database)
    policy = BacklogPolicy(poll_s=0.05)
    assert await answered(policy) == 0
    monkeypatch.setenv("IMGGEN_DATABASE_URL", "postgresql://127.0.0.1:1/imggen")
    async with asyncio.timeout(30):
        while policy(with_target(7)) != (7, {}):
            await asyncio.sleep(0.02)
    # For as long as it is away.
    await asyncio.sleep(0.3)
    assert policy(with_target(5)) == (5, {})
    monkeypatch.setenv("IMGGEN_DATABASE_URL", database)
    assert await answered(policy) == 0


async def test_replicas_that_join_pictures_are_fewer(
    store: Store, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two draw 5 pictures in the time of a lone one, so that 4 draw 100 of 6 s in a minute."""
    monkeypatch.setenv("IMGGEN_DATABASE_URL", database)
    await submit(store, await new_user(store), 100, LOCAL)
    await store.workers.ready("w", {Lane.LOCAL: 20}, LEASE, models=["storybook"], gain=5.0)
    policy = BacklogPolicy(drawn_within_s=60, unmeasured_s=6, model="storybook")
    assert await answered(policy, running=2) == 4
    # Those that come are in what is told a moment later, and ask for no others until then.
    assert policy(with_target(99, running=4)) == (4, {})
    # Once none runs, what was told is still that of two.
    assert policy(with_target(99, running=0)) == (4, {})
    other = BacklogPolicy(drawn_within_s=60, unmeasured_s=6, model="sdxl")
    assert await answered(other, running=2) == 0


async def test_replicas_stay_while_serve_would_start_one_again(
    store: Store, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGGEN_DATABASE_URL", database)
    policy = BacklogPolicy()
    assert await answered(policy) == 0
    assert policy(with_target(1, requests=0.01)) == (1, {})
    assert policy(with_target(1)) == (0, {})


def upscale_of(image: NewJob) -> NewUpscale:
    return NewUpscale(
        id=JobId(uuid4()),
        user_id=image.user_id,
        upscale=Upscale(image.image_id, Size(2048, 2048)),
        model="storybook",
        priority=2,
        request=None,
    )


def with_target(replicas: int, *, requests: float = 0.0, running: int = 1) -> AutoscalingContext:
    """Returns the context of a deployment, as far as the policy reads it."""
    read = SimpleNamespace(
        target_num_replicas=replicas, current_num_replicas=running, total_num_requests=requests
    )
    return cast(AutoscalingContext, read)


async def answered(policy: BacklogPolicy, *, running: int = 1) -> Any:
    """Returns what a policy wants once the database has answered."""
    async with asyncio.timeout(30):
        while (wanted := policy(with_target(99, running=running))[0]) == 99:
            await asyncio.sleep(0.02)
    return wanted
