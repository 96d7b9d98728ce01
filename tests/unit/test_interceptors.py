"""Every call gets a caller, a deadline, a log line, a count and a Status with a reason."""

import asyncio
import json
import logging
from datetime import timedelta
from uuid import UUID

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from imggen.v1 import errors_pb2 as reasons
from imggen.v1 import job_pb2, job_pb2_grpc, style_pb2
from server.errors import InvalidRequest, NotFound, ResourceExhausted, Violation
from server.identity.caller import Caller, Role, caller
from server.logs import JsonFormatter
from server.store.causes import Again, Cause, Meaning
from tests.endpoint import JOBS, LIST_STYLES, STYLES, failure, running_endpoint


async def test_a_call_with_a_good_token_is_served_as_its_caller() -> None:
    seen: list[Caller] = []

    async def answer() -> None:
        seen.append(caller())

    async with running_endpoint(answer) as gateway:
        token = gateway.token("5f1c9a52-0d59-4f3b-9e57-6f2a0c3f2b11", (Role.ADMIN,))
        call = await gateway.list_styles(gateway.bearer(token))

        assert await call.code() is grpc.StatusCode.OK
    assert seen == [
        Caller(
            user_id=seen[0].user_id,
            subject="5f1c9a52-0d59-4f3b-9e57-6f2a0c3f2b11",
            issuer="imggen-dev",
            roles=frozenset({Role.ADMIN}),
        )
    ]
    assert seen[0].user_id == UUID("5f1c9a52-0d59-4f3b-9e57-6f2a0c3f2b11")


async def test_callers_of_calls_at_the_same_time_are_not_mixed_up() -> None:
    everyone = asyncio.Barrier(8)
    seen: set[tuple[str, str]] = set()

    async def answer() -> None:
        before = caller().subject
        await everyone.wait()
        seen.add((before, caller().subject))

    async with running_endpoint(answer) as gateway:
        names = [f"user-{number}" for number in range(8)]
        await asyncio.gather(
            *(gateway.list_styles(gateway.bearer(gateway.token(name))) for name in names)
        )

    assert seen == {(name, name) for name in names}


async def test_a_call_that_met_another_one_in_the_database_is_made_again() -> None:
    made = list[int]()

    async def answer() -> None:
        made.append(1)
        if len(made) < 3:
            raise Again(Cause(Meaning.AGAIN, "the statement met another one"), whole=True)

    async with running_endpoint(answer) as gateway:
        call = await gateway.list_styles(gateway.bearer(gateway.token()))
        assert await call.code() is grpc.StatusCode.OK
    assert len(made) == 3


async def test_one_that_meets_another_each_time_is_unavailable() -> None:
    async def answer() -> None:
        raise Again(Cause(Meaning.AGAIN, "the statement met another one"), whole=True)

    async with running_endpoint(answer) as gateway:
        failed = await failure(await gateway.list_styles(gateway.bearer(gateway.token())))
    assert (failed.code, failed.reason) == (grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE")


@pytest.mark.parametrize("metadata", [(), (("authorization", "Basic abc"),)])
async def test_a_call_without_a_bearer_token_is_refused(
    metadata: tuple[tuple[str, str], ...],
) -> None:
    async with running_endpoint() as gateway:
        failed = await failure(await gateway.list_styles(metadata))

    assert (failed.code, failed.reason) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING")
    assert "authorization: Bearer" in failed.message


async def test_an_expired_token_is_refused() -> None:
    async with running_endpoint() as gateway:
        failed = await failure(await gateway.list_styles(gateway.bearer(gateway.token(ttl_s=-60))))

    assert (failed.code, failed.reason) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_EXPIRED")


async def test_an_error_of_the_service_reaches_the_caller_whole() -> None:
    async def answer() -> None:
        raise NotFound(
            "character: you have no character 7; list yours",
            reasons.ERROR_REASON_CHARACTER_NOT_FOUND,
            metadata={"character_id": "7"},
        )

    async with running_endpoint(answer) as gateway:
        failed = await failure(await gateway.list_styles())

    assert (failed.code, failed.reason) == (grpc.StatusCode.NOT_FOUND, "CHARACTER_NOT_FOUND")
    assert failed.info.domain == "imggen.dev"
    assert dict(failed.info.metadata) == {"character_id": "7"}
    assert failed.message == "character: you have no character 7; list yours"


async def test_a_retry_delay_reaches_the_caller() -> None:
    async def answer() -> None:
        raise ResourceExhausted(
            "the budget is spent",
            reasons.ERROR_REASON_BUDGET_EXHAUSTED,
            retry_after=timedelta(seconds=90),
        )

    async with running_endpoint(answer) as gateway:
        failed = await failure(await gateway.list_styles())

    assert failed.retry_after_s == 90


async def test_every_bad_field_is_named() -> None:
    async def answer() -> None:
        raise InvalidRequest.of(
            [
                Violation("style", "is empty", reasons.ERROR_REASON_FIELD_REQUIRED),
                Violation("options.size", "is odd", reasons.ERROR_REASON_SIZE_NOT_OFFERED),
            ]
        )

    async with running_endpoint(answer) as gateway:
        failed = await failure(await gateway.list_styles())

    assert failed.code is grpc.StatusCode.INVALID_ARGUMENT
    assert failed.fields == ["style", "options.size"]


async def test_more_bad_fields_than_metadata_can_carry_still_give_a_status() -> None:
    async def answer() -> None:
        raise InvalidRequest.of(
            [
                Violation(f"pages[{n}].text", "ä" * 300, reasons.ERROR_REASON_TEXT_TOO_LONG)
                for n in range(200)
            ]
        )

    async with running_endpoint(answer) as gateway:
        failed = await failure(await gateway.list_styles())

    assert (failed.code, failed.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "TEXT_TOO_LONG")
    assert failed.fields[0] == "pages[0].text"
    assert failed.fields[-1] == ""


async def test_an_unknown_exception_is_internal_and_reveals_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def answer() -> None:
        raise RuntimeError("SELECT secret FROM vault")

    async with running_endpoint(answer) as gateway:
        call = await gateway.list_styles((*gateway.bearer(), ("x-request-id", "abc-1")))
        failed = await failure(call)

    assert (failed.code, failed.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert "secret" not in repr(failed)
    assert failed.metadata == {"request_id": "abc-1"}
    traced = [record for record in caplog.records if record.exc_info]
    assert len(traced) == 1
    assert "SELECT secret" in JsonFormatter().format(traced[0])


async def test_a_call_without_a_deadline_gets_one() -> None:
    async def answer() -> None:
        await asyncio.Event().wait()

    async with running_endpoint(answer, default_deadline_s=0.05) as gateway:
        failed = await failure(await gateway.list_styles(timeout=None))

    assert (failed.code, failed.reason) == (
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "DEADLINE_EXCEEDED",
    )


async def test_a_deadline_of_a_millisecond_ends_the_call_and_frees_its_work() -> None:
    left = asyncio.Event()

    async def answer() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            left.set()

    async with running_endpoint(answer) as gateway:
        first = await gateway.list_styles(timeout=0.2)
        await asyncio.wait_for(left.wait(), 10)
        second = await gateway.list_styles(timeout=0.001)

        assert await first.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert await second.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        await asyncio.wait_for(gateway.endpoint.calls.idle(), 10)


async def test_a_cancelled_call_stops_its_work_and_is_logged_as_cancelled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "imggen.calls")
    async with running_endpoint() as gateway:
        stub = job_pb2_grpc.JobServiceStub(gateway.channel())
        call = stub.WatchJob(job_pb2.WatchJobRequest(), metadata=gateway.bearer())
        await call.read()
        call.cancel()
        await asyncio.wait_for(gateway.jobs.left.wait(), 10)
        await asyncio.wait_for(gateway.endpoint.calls.idle(), 10)

    assert [record.__dict__["code"] for record in caplog.records] == ["CANCELLED"]


async def test_a_request_over_the_limit_is_refused_with_the_limit() -> None:
    async with running_endpoint(max_request_bytes=1024) as gateway:
        request = style_pb2.ListStylesRequest(page_token="x" * 2000)
        failed = await failure(await gateway.list_styles(request=request))

    assert (failed.code, failed.reason) == (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "MESSAGE_TOO_LARGE",
    )
    assert "1024" in failed.message


async def test_a_request_far_over_the_limit_is_not_even_read() -> None:
    async with running_endpoint(max_request_bytes=1024) as gateway:
        request = style_pb2.ListStylesRequest(page_token="x" * 10_000)
        call = await gateway.list_styles(request=request)

        assert await call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_bytes_that_are_not_a_request_are_refused() -> None:
    async with running_endpoint() as gateway:
        failed = await failure(gateway.raw(LIST_STYLES, b"\xff\xff\xff"))

    assert failed.code is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("method", ["/imggen.v1.StyleService/Paint", "/nowhere.Service/Do"])
async def test_an_unknown_method_is_unimplemented_with_a_reason(method: str) -> None:
    async with running_endpoint() as gateway:
        failed = await failure(gateway.raw(method))

    assert (failed.code, failed.reason) == (grpc.StatusCode.UNIMPLEMENTED, "METHOD_UNKNOWN")


async def test_health_and_reflection_need_no_token() -> None:
    async with running_endpoint() as gateway:
        channel = gateway.channel()
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("", STYLES, JOBS):
            answer = await health.Check(health_pb2.HealthCheckRequest(service=name))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        reflection = reflection_pb2_grpc.ServerReflectionStub(channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        listed = [answer async for answer in reflection.ServerReflectionInfo(iter([request]))]

    names = {service.name for service in listed[0].list_services_response.service}
    assert {STYLES, JOBS, "grpc.health.v1.Health"} <= names


async def test_a_service_that_does_not_exist_has_no_health() -> None:
    async with running_endpoint() as gateway:
        call = health_pb2_grpc.HealthStub(gateway.channel()).Check(
            health_pb2.HealthCheckRequest(service="nobody")
        )

        assert await call.code() is grpc.StatusCode.NOT_FOUND


async def test_the_request_id_is_returned_and_one_is_made_if_none_is_given() -> None:
    async with running_endpoint() as gateway:
        given = await gateway.list_styles((*gateway.bearer(), ("x-request-id", "abc-2")))
        made = await gateway.list_styles()
        too_long = await gateway.list_styles((*gateway.bearer(), ("x-request-id", "x" * 500)))

        assert dict(await given.trailing_metadata() or ())["x-request-id"] == "abc-2"
        assert dict(await made.trailing_metadata() or ())["x-request-id"]
        assert len(dict(await too_long.trailing_metadata() or ())["x-request-id"]) == 32


async def test_a_call_is_one_log_line_without_its_content(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "imggen.calls")
    async with running_endpoint() as gateway:
        request = style_pb2.ListStylesRequest(page_token="Mia in the forest")
        await gateway.list_styles((*gateway.bearer(), ("x-request-id", "abc-3")), request)

    [record] = caplog.records
    line = json.loads(JsonFormatter().format(record))
    assert line["event"] == "call"
    assert (line["method"], line["code"]) == (LIST_STYLES, "OK")
    assert line["request_id"] == "abc-3"
    assert UUID(line["user_id"]).version == 5
    assert line["ms"] >= 0
    assert "Mia" not in json.dumps(line)


async def test_calls_are_counted_and_timed_by_method_and_code() -> None:
    async with running_endpoint() as gateway:
        await gateway.list_styles()
        await gateway.list_styles(())
        await gateway.raw("/nowhere.Service/Do").code()
        page = gateway.metrics.page().decode()

    assert f'imggen_grpc_calls_total{{code="OK",method="{LIST_STYLES}"}} 1.0' in page
    assert f'imggen_grpc_calls_total{{code="UNAUTHENTICATED",method="{LIST_STYLES}"}} 1.0' in page
    assert 'imggen_grpc_calls_total{code="UNIMPLEMENTED",method="unknown"} 1.0' in page
    assert f'imggen_grpc_call_seconds_count{{method="{LIST_STYLES}"}} 2.0' in page
    assert "imggen_grpc_open_calls 0.0" in page


@pytest.mark.parametrize("size", [8_000, 10_000, 16_000, 24_000, 31_000])
async def test_a_long_token_is_read_every_time(size: int) -> None:
    async with running_endpoint() as gateway:
        reasons_seen = set()
        for _ in range(20):
            failed = await failure(await gateway.list_styles(gateway.bearer("x" * size)))
            reasons_seen.add(failed.reason)

    assert reasons_seen == {"TOKEN_INVALID"}


@pytest.mark.parametrize("size", [33_000, 60_000, 100_000])
async def test_metadata_over_the_limit_is_refused_with_the_limit_and_counted(size: int) -> None:
    async with running_endpoint() as gateway:
        failed = await failure(await gateway.list_styles(gateway.bearer("x" * size)))
        page = gateway.metrics.page().decode()

    assert (failed.code, failed.reason) == (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "MESSAGE_TOO_LARGE",
    )
    assert failed.metadata["limit"] == str(32 * 1024)
    assert int(failed.metadata["bytes"]) > size
    assert "metadata" in failed.message
    assert 'imggen_refused_calls_total{reason="MESSAGE_TOO_LARGE"} 1.0' in page


@pytest.mark.parametrize("same", [True, False])
async def test_two_tokens_are_refused_whichever_is_good(same: bool) -> None:
    async with running_endpoint() as gateway:
        good = gateway.bearer()
        other = good if same else gateway.bearer("forged")
        for metadata in (good + other, other + good):
            failed = await failure(await gateway.list_styles(metadata))
            assert (failed.code, failed.reason) == (
                grpc.StatusCode.UNAUTHENTICATED,
                "TOKEN_INVALID",
            )
            assert "2 `authorization` headers" in failed.message


async def test_a_watch_of_two_tokens_is_refused_too() -> None:
    async with running_endpoint() as gateway:
        stub = job_pb2_grpc.JobServiceStub(gateway.channel())
        watch = stub.WatchJob(job_pb2.WatchJobRequest(), metadata=gateway.bearer() * 2)
        failed = await failure(watch)

    assert failed.reason == "TOKEN_INVALID"


async def test_the_log_line_of_a_fault_has_its_code(caplog: pytest.LogCaptureFixture) -> None:
    async def answer() -> None:
        raise RuntimeError("boom")

    with caplog.at_level(logging.INFO):
        async with running_endpoint(answer) as gateway:
            failed = await failure(await gateway.list_styles())

    assert failed.code is grpc.StatusCode.INTERNAL
    lines = [vars(one) for one in caplog.records if one.name == "imggen.calls"]
    assert [(one["message"], one["code"]) for one in lines] == [
        ("call failed", "INTERNAL"),
        ("call", "INTERNAL"),
    ]
