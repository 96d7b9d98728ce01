"""A draining gateway: calls complete, or end with a reason."""

import asyncio

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from imggen.v1 import job_pb2, job_pb2_grpc
from tests.endpoint import STYLES, at_once, failure, running_endpoint

NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def test_an_open_stream_ends_with_the_shutdown_as_its_reason() -> None:
    async with running_endpoint(drain_s=10) as gateway:
        stub = job_pb2_grpc.JobServiceStub(gateway.channel())
        watch = stub.WatchJob(job_pb2.WatchJobRequest(job_id="7"), metadata=gateway.bearer())
        first = await watch.read()
        async with asyncio.timeout(5):
            await gateway.endpoint.drain()
        failed = await failure(watch)

        assert isinstance(first, job_pb2.WatchJobResponse)
        assert (failed.code, failed.reason) == (grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")
        assert failed.retry_after_s == 1
        assert gateway.jobs.left.is_set()


async def test_a_stream_whose_answer_is_being_written_ends_with_the_reason_too() -> None:
    async with running_endpoint(drain_s=10) as gateway, asyncio.TaskGroup() as group:
        gateway.jobs.told = "x" * 3_000_000  # more than flow control lets pass unread
        stub = job_pb2_grpc.JobServiceStub(gateway.channel())
        watch = stub.WatchJob(job_pb2.WatchJobRequest(job_id="7"), metadata=gateway.bearer())
        await watch.initial_metadata()
        drain = group.create_task(gateway.endpoint.drain())
        await gateway.jobs.left.wait()
        first = await watch.read()
        failed = await failure(watch)
        await drain

    assert isinstance(first, job_pb2.WatchJobResponse)
    assert (failed.code, failed.reason) == (grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")


async def test_a_call_that_is_being_served_completes() -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def answer() -> None:
        begun.set()
        await may_end.wait()

    async with running_endpoint(answer, drain_s=10) as gateway, asyncio.TaskGroup() as group:
        call = group.create_task(gateway.list_styles())
        await begun.wait()
        stub = job_pb2_grpc.JobServiceStub(gateway.channel())
        watch = stub.WatchJob(job_pb2.WatchJobRequest(), metadata=gateway.bearer())
        await watch.read()
        drain = group.create_task(gateway.endpoint.drain())
        # The drain ends streams; unary calls may go on.
        await gateway.jobs.left.wait()
        may_end.set()

        assert await (await call).code() is grpc.StatusCode.OK
        await drain


async def test_a_call_that_outlasts_the_grace_period_ends_with_its_reason() -> None:
    async def answer() -> None:
        begun.set()
        await asyncio.Event().wait()

    begun = asyncio.Event()
    async with running_endpoint(answer, drain_s=0.05) as gateway, asyncio.TaskGroup() as group:
        call = group.create_task(gateway.list_styles(timeout=None))
        await begun.wait()
        await gateway.endpoint.drain()
        failed = await failure(await call)

    assert (failed.code, failed.reason) == (grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")


async def test_a_drained_server_takes_no_calls() -> None:
    async with running_endpoint() as gateway:
        channel = gateway.channel()
        await channel.channel_ready()
        await gateway.endpoint.drain()
        call = await gateway.list_styles()

        assert await call.code() is grpc.StatusCode.UNAVAILABLE


async def test_health_is_not_serving_before_calls_are_refused() -> None:
    async with running_endpoint() as gateway:
        health = health_pb2_grpc.HealthStub(gateway.channel())
        watch = health.Watch(health_pb2.HealthCheckRequest(service=STYLES))
        await watch.read()
        await gateway.endpoint.announce_shutdown()
        announced = await watch.read()
        served = await gateway.list_styles()
        await gateway.endpoint.set_serving(True)
        check = await health.Check(health_pb2.HealthCheckRequest(service=STYLES))

    assert isinstance(announced, health_pb2.HealthCheckResponse)
    assert announced.status == NOT_SERVING
    assert await served.code() is grpc.StatusCode.OK
    assert check.status == NOT_SERVING


async def test_a_new_call_on_an_old_connection_is_refused_as_draining() -> None:
    async with running_endpoint(at_once) as gateway:
        gateway.endpoint.calls.draining = True
        failed = await failure(await gateway.list_styles())

    assert (failed.code, failed.reason) == (grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")
