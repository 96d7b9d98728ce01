"""The errors of calls, by code and reason, with and without details."""

import re
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from imggen import Client, Job, errors
from imggen.errors import ImggenError, JobCancelled, JobFailed, kind_of, reason_name, reason_of
from imggen.status import error_of
from imggen.testing import FakeService
from imggen.testing.rejections import rejection
from imggen.v1.errors_pb2 import ERROR_REASON_UNSPECIFIED, ErrorReason
from imggen.v1.job_pb2 import JobError

CONTRACT = Path(__file__).parents[2] / "protos" / "imggen" / "v1" / "errors.proto"


@pytest.fixture
async def fake() -> AsyncIterator[FakeService]:
    async with FakeService() as fake:
        yield fake


@pytest.fixture
async def client(fake: FakeService) -> AsyncIterator[Client]:
    async with Client(fake.target) as client:
        yield client


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Yields a port that nobody listens on, reserved for the length of the test."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def reasons_of_calls() -> list[tuple[str, str]]:
    """Returns the pairs of code and reason in the contract's comments."""
    comment_then_name = r"// ([A-Z_]+): (?:(?!= \d+;).)*?ERROR_REASON_([A-Z_]+) ="
    return re.findall(comment_then_name, CONTRACT.read_text(), flags=re.DOTALL)


def test_the_contract_pairs_codes_and_reasons() -> None:
    assert ("INVALID_ARGUMENT", "STYLE_UNKNOWN") in reasons_of_calls()
    assert len(reasons_of_calls()) > 30


@pytest.mark.parametrize("reason", ErrorReason.values()[1:], ids=reason_name)
def test_every_reason_of_the_contract_has_an_error_class(reason: ErrorReason.ValueType) -> None:
    kind = kind_of(reason)
    assert kind is not None
    codes = {name: code for code, name in reasons_of_calls()}
    if reason_name(reason) in codes:
        assert kind.code.name == codes[reason_name(reason)]
    else:
        assert kind in (JobFailed, JobCancelled)


def test_a_reason_of_a_newer_server_is_shown_by_its_number() -> None:
    newer = cast(ErrorReason.ValueType, 9_999)
    failed = Job(error=JobError(reason=newer, message="the picture gate"))
    assert kind_of(newer) is None
    assert str(JobFailed(failed)) == "the picture gate [UNKNOWN_9999]"


@pytest.mark.parametrize(("code", "reason"), reasons_of_calls())
async def test_every_reason_is_raised_as_its_error_class(
    fake: FakeService, client: Client, code: str, reason: str
) -> None:
    # Only the first call of a watch is not retried automatically.
    fake.fail_next(reason_of(reason), method="WatchJob", message="what would be right")
    with pytest.raises(ImggenError) as raised:
        await anext(client.watch("68f9b9c8-4f3e-4c2a-8d5a-0f7a1f6f2b11"))
    assert raised.value.code == grpc.StatusCode[code]
    assert type(raised.value).code == raised.value.code
    assert reason_name(raised.value.reason) == reason
    assert raised.value.message == "what would be right"
    assert str(raised.value) == f"what would be right [{reason}]"


async def test_retry_after_says_how_long_to_wait(fake: FakeService, client: Client) -> None:
    fake.fail_next(
        ErrorReason.ERROR_REASON_BUDGET_EXHAUSTED, retry_after=timedelta(minutes=5, seconds=0.5)
    )
    with pytest.raises(errors.ResourceExhausted) as raised:
        await client.get_job("68f9b9c8-4f3e-4c2a-8d5a-0f7a1f6f2b11")
    assert raised.value.retry_after == timedelta(minutes=5, seconds=0.5)


async def test_a_token_travels_with_every_call() -> None:
    async def fresh() -> str:
        return "secret"

    async with FakeService(token="secret") as fake:
        for token in ("secret", lambda: "secret", fresh):
            async with Client(fake.target, token=token) as client:
                assert [style.id async for style in client.styles()]
        async with Client(fake.target) as client:
            with pytest.raises(errors.Unauthenticated) as raised:
                await client.create_character(name="Mia")
            assert raised.value.reason == ErrorReason.ERROR_REASON_TOKEN_MISSING
        async with Client(fake.target, token="guess") as client:
            with pytest.raises(errors.Unauthenticated) as raised:
                await client.create_character(name="Mia")
            assert raised.value.reason == ErrorReason.ERROR_REASON_TOKEN_INVALID


async def test_a_deadline_error_says_how_long_the_deadline_was() -> None:
    async with FakeService(latency=30) as fake, Client(fake.target, timeout=0.001) as client:
        with pytest.raises(
            errors.DeadlineExceeded, match=r"CreateCharacter .* within 0.001 s"
        ) as r:
            await client.create_character(name="Mia")
    assert r.value.reason == ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED
    assert isinstance(r.value, TimeoutError)


async def test_another_timeout_shares_the_channel() -> None:
    async with FakeService(latency=0.1) as fake, Client(fake.target) as client:
        mia = await client.create_character(name="Mia")
        with pytest.raises(errors.DeadlineExceeded):
            await client.with_timeout(0.001).get_character(mia)
        assert await client.get_character(mia) == mia


async def test_an_unreachable_server_is_named_with_what_to_check(closed_port: int) -> None:
    async with Client(f"127.0.0.1:{closed_port}") as client:
        with pytest.raises(errors.Unavailable, match=f"127.0.0.1:{closed_port}.*check") as raised:
            await client.with_timeout(20).get_job("68f9b9c8-4f3e-4c2a-8d5a-0f7a1f6f2b11")
    assert raised.value.reason == ERROR_REASON_UNSPECIFIED


async def test_a_watch_of_an_unreachable_server_does_not_wait_for_it(closed_port: int) -> None:
    async with Client(f"127.0.0.1:{closed_port}", patience=3600) as client:
        with pytest.raises(errors.Unavailable, match="check"):
            await client.wait("68f9b9c8-4f3e-4c2a-8d5a-0f7a1f6f2b11")


async def test_a_message_that_is_too_large_says_so(client: Client) -> None:
    with pytest.raises(errors.ResourceExhausted, match="CreateStory is too large") as raised:
        await client.create_story(title="x" * 5_000_000)
    assert raised.value.reason == ErrorReason.ERROR_REASON_MESSAGE_TOO_LARGE


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        (grpc.StatusCode.CANCELLED, errors.Cancelled, "CALL_CANCELLED"),
        (grpc.StatusCode.UNIMPLEMENTED, errors.Unimplemented, "METHOD_UNKNOWN"),
        (grpc.StatusCode.UNKNOWN, errors.Internal, ""),
        (grpc.StatusCode.INTERNAL, errors.Internal, ""),
    ],
)
@pytest.mark.parametrize("details", [(), (("grpc-status-details-bin", b"\xff"),)])
def test_an_error_without_details_is_typed_by_its_code(
    code: grpc.StatusCode,
    kind: type[ImggenError],
    reason: str,
    details: tuple[tuple[str, bytes], ...],
) -> None:
    raised = grpc.aio.AioRpcError(
        code, grpc.aio.Metadata(), grpc.aio.Metadata(*details), details="what the library says"
    )
    error = error_of(raised, method="GetJob", target="host:1", timeout=None)
    assert type(error) is kind
    assert reason_name(error.reason) == reason


@pytest.mark.parametrize("kind", [ErrorInfo, BadRequest, RetryInfo])
@pytest.mark.parametrize("value", [b"\xff", b"\x0a\x05", b"\x0a\x02\xc3\x28"])
def test_details_that_cannot_be_read_are_left_out(kind: type[Message], value: bytes) -> None:
    spoilt = AnyMessage(type_url=f"type.googleapis.com/{kind.DESCRIPTOR.full_name}", value=value)
    error = error_with(spoilt, code=grpc.StatusCode.UNAVAILABLE)
    assert type(error) is errors.Unavailable
    assert error.message == "what imggen says"
    assert not error.violations
    assert error.retry_after is None


@pytest.mark.parametrize(
    "delay",
    [
        *(Duration(seconds=2**62), Duration(seconds=-(2**62)), Duration(seconds=-5)),
        *(Duration(seconds=1, nanos=2**31 - 1), Duration(seconds=5, nanos=-1)),
    ],
)
def test_a_delay_that_is_none_is_left_out(delay: Duration) -> None:
    retry = AnyMessage()
    retry.Pack(RetryInfo(retry_delay=delay))
    error = error_with(retry, code=grpc.StatusCode.UNAVAILABLE)
    assert error.retry_after is None or error.retry_after > timedelta()


def error_with(*details: AnyMessage, code: grpc.StatusCode) -> ImggenError:
    status = Status(message="what imggen says", details=details).SerializeToString()
    raised = grpc.aio.AioRpcError(
        code, grpc.aio.Metadata(), grpc.aio.Metadata(("grpc-status-details-bin", status))
    )
    return error_of(raised, method="GetJob", target="host:1", timeout=None)


async def test_an_answer_that_cannot_be_read_is_an_error() -> None:
    async def answer(_request: bytes, _context: object) -> bytes:
        return b"\xff\xff"

    server = grpc.aio.server()
    handler: Any = grpc.unary_unary_rpc_method_handler(cast(Any, answer))
    service = grpc.method_handlers_generic_handler("imggen.v1.JobService", {"GetJob": handler})
    server.add_generic_rpc_handlers([service])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with Client(f"127.0.0.1:{port}") as client:
        with pytest.raises(ImggenError, match=r"the answer to GetJob from .* cannot be read"):
            await client.get_job("68f9b9c8-4f3e-4c2a-8d5a-0f7a1f6f2b11")
    await server.stop(None)


def test_a_reason_of_a_newer_server_is_unspecified() -> None:
    assert reason_of("NOT_INVENTED_YET") == ERROR_REASON_UNSPECIFIED


def test_a_reason_of_a_job_is_not_one_of_a_call() -> None:
    with pytest.raises(ValueError, match="use fail_next_job"):
        rejection(ErrorReason.ERROR_REASON_RENDER_FAILED)


def test_the_errors_of_jobs_carry_the_job() -> None:
    job = Job(
        job_id="1", error=JobError(reason=ErrorReason.ERROR_REASON_WORKER_LOST, message="lost")
    )
    assert JobFailed(job).job is job
    assert str(JobFailed(job)) == "lost [WORKER_LOST, job_id=1]"
    assert str(JobCancelled(Job(job_id="2"))) == "the job was cancelled [JOB_CANCELLED, job_id=2]"
