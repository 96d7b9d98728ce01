"""Callers in a separate process: a plan on stdin, `ready`, `go`, then the latencies."""

import asyncio
import itertools
import json
import signal
import sys
import time
from contextlib import AsyncExitStack
from typing import Any

import grpc.aio
from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from benchmarks.load import fill
from imggen.v1 import generation_pb2, job_pb2

# The called services: importing a module adds its service to the descriptor pool.
_CALLED = (generation_pb2, job_pb2)


async def _call(plan: dict[str, Any]) -> dict[str, Any]:
    metadata = (("authorization", f"Bearer {plan['token']}"),)
    service, name = plan["method"].split("/")
    method = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    asked, answered = _message(method.input_type), _message(method.output_type)
    latencies: list[float] = []
    left = iter(range(plan["calls"]))
    requests = itertools.cycle(plan["requests"])
    async with AsyncExitStack() as stack:
        calls: list[Any] = []
        for _ in range(plan["connections"]):
            # Channels with the same options share a connection otherwise.
            options = [("grpc.use_local_subchannel_pool", 1)]
            channel = grpc.aio.insecure_channel(plan["address"], options)
            await stack.enter_async_context(channel)
            await channel.channel_ready()
            path = f"/{plan['method']}"
            calls.append(channel.unary_unary(path, asked.SerializeToString, answered.FromString))

        async def call_until_done(call: Any) -> None:
            for _ in left:
                request = json_format.Parse(fill(next(requests)), asked())
                began = time.perf_counter()
                await call(request, metadata=metadata, timeout=60)
                latencies.append((time.perf_counter() - began) * 1e3)

        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(plan["callers"]):
                group.create_task(call_until_done(calls[number % len(calls)]))
        return {"began": began, "ended": time.monotonic(), "latencies_ms": latencies}


def _message(descriptor: Descriptor) -> type[Message]:
    return message_factory.GetMessageClass(descriptor)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print(json.dumps(asyncio.run(_call(json.loads(sys.stdin.readline())))), flush=True)
