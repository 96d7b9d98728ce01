"""Jobs that no worker can finish."""

from tests.faults.builds import Build
from tests.faults.callers import RecordingCaller
from tests.faults.environment import FaultEnvironment, NeverHappened, administer, fault_environment
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule

_POISON = 13
_DAMAGE = ("spec - 'characters'", "spec - 'seed'")
_RENDERS = 4
"""The first attempt and three retries."""


async def poison_jobs(server: str, build: Build, quick: bool) -> Report:
    """Fails each render of a job and damages the content of others; then retries all of them."""
    problems: list[Problem] = []
    async with fault_environment(server, build) as environment:
        caller = await environment.caller((await environment.gateway()).port)
        bad_ones = [await _submit(caller, seed) for seed in (_POISON, *range(len(_DAMAGE)))]
        good_ones = [await _submit(caller, 100 + number) for number in range(2)]
        await administer(
            environment.database, "CREATE TABLE kept AS SELECT id, spec FROM image_generation_jobs"
        )
        for job, damage in zip(bad_ones[1:], _DAMAGE, strict=True):
            await administer(
                environment.database,
                f"UPDATE image_generation_jobs SET spec = {damage} WHERE id = '{job}'",
            )
        bad = await environment.worker("bad", "--poison", str(_POISON), "--backoff-s", "0.1")
        try:
            await environment.all_jobs_end()
            await bad.end()
            problems += await _reasons(environment, bad_ones, good_ones)
            await administer(
                environment.database,
                "UPDATE image_generation_jobs j SET spec = kept.spec FROM kept"
                " WHERE kept.id = j.id AND j.status = 'failed'",
            )
            for job in bad_ones:
                await caller.retry(job)
            await environment.worker("good")
            await environment.all_jobs_complete()
        except NeverHappened as never:
            problems.append(Problem(Rule.AWAITED, str(never)))
    return reported(
        "poison job and damaged content; RetryJob",
        f"1 poison, {len(_DAMAGE)} damaged",
        environment.history,
        None,
        problems,
    )


async def _submit(caller: RecordingCaller, seed: int) -> str:
    job = await caller.submit(seed=seed)
    assert job is not None
    return job.job_id


async def _reasons(environment: FaultEnvironment, bad: list[str], good: list[str]) -> list[Problem]:
    """Returns the jobs that did not end as expected."""
    rows = await environment.query(
        "SELECT id::text, concat_ws(' ', status, error_reason) FROM image_generation_jobs"
    )
    ends = {str(job): str(end) for job, end in rows}
    expected = dict.fromkeys(good, "completed") | dict.fromkeys(bad, "failed CONTENT_INVALID")
    expected[bad[0]] = "failed RENDER_FAILED"
    problems = [
        Problem(Rule.OUTCOME, f"job {job}: {ends[job]}, not {end}")
        for job, end in expected.items()
        if ends[job] != end
    ]
    renders = [action for action in environment.history.done("rendering") if action.job == bad[0]]
    if len(renders) != _RENDERS:
        problems.append(
            Problem(Rule.OUTCOME, f"the poison was rendered {len(renders)} times, not {_RENDERS}")
        )
    return problems
