"""Spans of single calls: whose they are, what they tell, and which have none."""

import asyncio
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from opentelemetry.trace import Tracer

from imggen import SyncClient
from imggen.v1 import job_pb2
from tests.collector import Collector
from tests.integration.gateway_fixture import GatewayFixture, open_gateway_fixture
from tests.integration.job_queue import JobQueue
from tests.integration.private_words import private_in
from tests.integration.test_traces import PARENT, a_scene, calling, token


@pytest.mark.parametrize("sent", ["zorblax", "00-0-0-01", f"{PARENT}-more", "", PARENT.upper()])
async def test_what_is_no_traceparent_begins_a_trace(
    database: str, tmp_path: Path, otlp: Collector, sent: str
) -> None:
    async with open_gateway_fixture(database, tmp_path, otlp_endpoint=otlp.endpoint) as gateway:
        mia = gateway.caller()
        await replace(mia, metadata=(*mia.metadata, ("traceparent", sent))).create_story()
    [call] = otlp.named("imggen.v1.StoryService/CreateStory")
    assert (call.parent, call.failed) == ("", False)
    assert private_in(otlp.said) == []


async def test_a_refused_call_tells_its_reason_and_is_no_failure_of_the_gateway(
    database: str, tmp_path: Path, otlp: Collector
) -> None:
    async with open_gateway_fixture(database, tmp_path, otlp_endpoint=otlp.endpoint) as gateway:
        mia = gateway.caller()
        request = job_pb2.GetJobRequest(job_id=str(uuid4()))
        assert (await mia.refused(mia.jobs.GetJob, request)).reason == "JOB_NOT_FOUND"
    [call] = otlp.spans
    assert call.attributes["imggen.reason"] == "JOB_NOT_FOUND"
    assert call.attributes["rpc.grpc.status_code"] == grpc.StatusCode.NOT_FOUND.value[0]
    assert not call.failed


async def test_health_checks_are_not_traced(database: str, tmp_path: Path, otlp: Collector) -> None:
    async with open_gateway_fixture(database, tmp_path, otlp_endpoint=otlp.endpoint) as gateway:
        stub = health_pb2_grpc.HealthStub(gateway.channel())
        await stub.Check(health_pb2.HealthCheckRequest())
    assert otlp.spans == []


async def test_the_sync_client_tells_its_span_too(
    database: str, tmp_path: Path, otlp: Collector, tracer: Tracer
) -> None:
    async with open_gateway_fixture(database, tmp_path, otlp_endpoint=otlp.endpoint) as gateway:
        address, key = gateway.address, token(gateway)

        def call() -> str:
            with (
                SyncClient(address, token=key) as client,
                tracer.start_as_current_span("a script") as span,
            ):
                list(client.styles())
            return f"{span.get_span_context().span_id:016x}"

        asked = await asyncio.to_thread(call)
    [styles] = otlp.spans
    assert styles.parent == asked


async def test_nothing_is_stored_while_traces_are_off(
    gateway: GatewayFixture, job_queue: JobQueue, tracer: Tracer
) -> None:
    async with calling(gateway) as client:
        with tracer.start_as_current_span("a page of the caller"):
            await a_scene(client)
    rows = await job_queue.store.database.fetch("SELECT traceparent FROM image_generation_jobs")
    assert [row["traceparent"] for row in rows] == [None]
