"""Queued jobs, submitted directly to the database, for benchmarks of later stages."""

from uuid import uuid4

from server.domain.ids import ImageId, JobId, UserId
from server.domain.jobs import NewJob, Placement
from server.domain.lanes import JobLane
from server.domain.spec import RenderSpec
from server.domain.states import ImageType, Lane, Quality
from server.store import Store

_SUBMITTED_AT_ONCE = 500


async def submit(store: Store, count: int) -> list[JobId]:
    """Submits jobs of a new user for the same scene; returns their ids."""
    jobs = await new_jobs(store, count)
    for start in range(0, count, _SUBMITTED_AT_ONCE):
        await store.submits.submit_each(jobs[start : start + _SUBMITTED_AT_ONCE])
    return [job.id for job in jobs]


async def new_jobs(store: Store, count: int) -> list[NewJob]:
    """Returns jobs of a new user for the same scene, which are not submitted yet."""
    user = UserId(uuid4())
    await store.users.ensure(user, "benchmarks", str(user))
    [style] = [one for one in await store.styles.list() if one.id == "storybook"]
    spec = RenderSpec(
        image_type=ImageType.SCENE,
        style=style,
        characters=(),
        scene="",
        page_text="One sunny morning Mia found an old map in the meadow.",
        model="storybook",
        width=1024,
        height=1024,
        quality=Quality.STANDARD,
        seed=7,
    )
    return [_job(user, spec) for _ in range(count)]


def _job(user: UserId, spec: RenderSpec) -> NewJob:
    return NewJob(
        id=JobId(uuid4()),
        image_id=ImageId(uuid4()),
        user_id=user,
        spec=spec,
        placement=Placement(),
        lanes=(JobLane(Lane.LOCAL, (spec.model,)),),
        provider="local",
        price_micros=0,
        priority=2,
        request=None,
    )
