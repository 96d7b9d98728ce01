"""A writer of workers' progress in a separate process: a plan on stdin, `ready`, `go`, times.

All times are of CLOCK_MONOTONIC, which all processes of a machine share.
"""

import asyncio
import json
import signal
import sys
import time
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

from server.domain.jobs import Claim, Progress
from server.domain.states import Lane, Stage
from server.store import Store, open_store
from server.store.signals import CHANGED, Signals

_LEASE = timedelta(hours=1)


async def _step(plan: dict[str, Any]) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        store = await enter(open_store(plan["database_url"], max_connections=4))
        progress = await enter(
            open_store(plan["database_url"], max_connections=4, synchronous_commit=False)
        )
        signals = Signals(store.database)
        await enter(signals.running())
        claims = await store.leases.claim("stepping", Lane.LOCAL, plan["jobs"], _LEASE)
        if len(claims) != plan["jobs"]:
            raise RuntimeError(f"only {len(claims)} of {plan['jobs']} jobs could be claimed")
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            tasks = {
                str(claim.job_id): group.create_task(
                    _report(progress, signals, claim, plan, began + place / len(claims))
                )
                for place, claim in enumerate(claims)
            }
        return {job_id: task.result() for job_id, task in tasks.items()}


async def _report(
    store: Store, signals: Signals, claim: Claim, plan: dict[str, Any], begin: float
) -> list[tuple[float, float]]:
    """Writes the steps of a job at their times; returns when each was sent and committed."""
    times = []
    for step in range(1, plan["steps"] + 1):
        await asyncio.sleep(begin + step / plan["rate"] - time.monotonic())
        sent = time.monotonic()
        report = Progress(step, Stage.RENDERING, step, plan["steps"], step / plan["steps"])
        await store.leases.report(claim, report)
        times.append((sent, time.monotonic()))
        signals.say(CHANGED, str(claim.job_id))
    return times


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print(json.dumps(asyncio.run(_step(json.loads(sys.stdin.readline())))), flush=True)
