"""Watchers in a separate process: a plan on stdin, `ready`, `stop`, then the receipts."""

import asyncio
import json
import signal
import sys
import time
from contextlib import AsyncExitStack
from typing import Any

import grpc
import grpc.aio

from imggen.v1.job_pb2 import WatchJobRequest, WatchJobResponse

_METHOD = "/imggen.v1.JobService/WatchJob"
# A separate connection for the watchers of each job, as for separate callers.
_OPTIONS = [("grpc.use_local_subchannel_pool", 1)]

Received = tuple[float, bytes]


async def _watch(plan: dict[str, Any]) -> list[dict[str, Any]]:
    metadata = (("authorization", f"Bearer {plan['token']}"),)
    async with AsyncExitStack() as stack:
        streams = []
        for job_id in plan["job_ids"]:
            channel = grpc.aio.insecure_channel(plan["address"], options=_OPTIONS)
            await stack.enter_async_context(channel)
            # Parsed at the end: parsing takes time that would count as the gateway's.
            method: Any = channel.unary_stream(_METHOD, WatchJobRequest.SerializeToString)
            streams += [
                (job_id, method(WatchJobRequest(job_id=job_id), metadata=metadata))
                for _ in range(plan["watchers"])
            ]
        received: list[list[Received]] = [[] for _ in streams]
        for log, (_, call) in zip(received, streams, strict=True):
            first = await call.read()
            log.append((time.monotonic(), first))
        readers = [
            asyncio.create_task(_read(call, log))
            for log, (_, call) in zip(received, streams, strict=True)
        ]
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        for reader in readers:
            reader.cancel()
        ended = await asyncio.gather(*readers, return_exceptions=True)
        wrong = [error for error in ended if not isinstance(error, asyncio.CancelledError)]
        if wrong:
            raise RuntimeError(f"{len(wrong)} streams ended early, one with {wrong[0]!r}")
    return [
        {"job_id": job_id, "seen": [(at, _step_of(message)) for at, message in log]}
        for log, (job_id, _) in zip(received, streams, strict=True)
    ]


async def _read(call: Any, log: list[Received]) -> None:
    while (message := await call.read()) is not grpc.aio.EOF:
        log.append((time.monotonic(), message))


def _step_of(message: bytes) -> int:
    return WatchJobResponse.FromString(message).job.step


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print(json.dumps(asyncio.run(_watch(json.loads(sys.stdin.readline())))), flush=True)
