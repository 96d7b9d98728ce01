"""Callers in a process of their own: an order on stdin, `ready`, `go`, then what came of it."""

import asyncio
import json
import signal
import sys
import time
from typing import Any

import grpc.aio

from benchmarks.load import new_request
from imggen.v1.generation_pb2_grpc import GenerationServiceStub


async def _call(order: dict[str, Any]) -> dict[str, Any]:
    metadata = (("authorization", f"Bearer {order['token']}"),)
    latencies: list[float] = []
    left = iter(range(order["calls"]))
    async with grpc.aio.insecure_channel(order["address"]) as channel:
        await channel.channel_ready()
        stub: Any = GenerationServiceStub(channel)

        async def call_until_done() -> None:
            for _ in left:
                request = new_request(order["character_id"])
                began = time.perf_counter()
                await stub.GeneratePortrait(request, metadata=metadata, timeout=60)
                latencies.append((time.perf_counter() - began) * 1e3)

        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for _ in range(order["callers"]):
                group.create_task(call_until_done())
        return {"began": began, "ended": time.monotonic(), "latencies_ms": latencies}


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print(json.dumps(asyncio.run(_call(json.loads(sys.stdin.readline())))), flush=True)
