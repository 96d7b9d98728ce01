"""Signals that never arrive."""

import asyncio

from tests.faults.builds import Build
from tests.faults.lossy import lossy_wire
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule
from tests.faults.site import POLL_S, NeverHappened, site

_SLACK_S = 3.0
"""What a busy machine may take besides: two processes and a database take part."""

_WATCH_POLL_S = 2.0


async def lost_notifications(server: str, build: Build, quick: bool) -> Report:
    """Loses every NOTIFY on its way to workers and gateways; the safety polls cover it."""
    problems: list[Problem] = []
    claims: list[float] = []
    ends: list[float] = []
    async with lossy_wire(server) as (wire, through), site(server, build) as place:
        wire.deaf = True
        place.settings["IMGGEN_DATABASE_URL"] = through(place.database)
        caller = await place.caller((await place.gateway()).port)
        worker = await place.worker("w", "--takes-s", "0.01")
        await worker.ready.wait()
        loop = asyncio.get_running_loop()
        for number in range(3 if quick else 10):
            # The worker and the watch are idle: nothing but a signal or a poll wakes them.
            job = await caller.submit()
            assert job is not None
            began = loop.time()
            watch = asyncio.create_task(caller.watch(job.job_id, number))
            try:
                ended = await place.everything_ends()
                async with asyncio.timeout(place.patience_s):
                    await watch
            except (NeverHappened, TimeoutError) as never:
                watch.cancel()
                problems.append(
                    Problem(Rule.AWAITED, str(never) or "the watch did not hear of the end")
                )
                break
            ends.append(loop.time() - ended)
            claims.append(place.history.done("claimed")[-1].at - began)
    if not wire.lost:
        problems.append(Problem(Rule.INJECTED, "no notification was lost"))
    if max(claims, default=0.0) > POLL_S + _SLACK_S:
        problems.append(Problem(Rule.SOON, f"a claim came after {max(claims):.1f} s"))
    if max(ends, default=0.0) > _WATCH_POLL_S + _SLACK_S:
        problems.append(Problem(Rule.SOON, f"a watch heard of the end after {max(ends):.1f} s"))
    return reported(
        "every NOTIFY lost",
        f"{wire.lost} notifications",
        place.history,
        max(claims + ends, default=None),
        problems,
    )
