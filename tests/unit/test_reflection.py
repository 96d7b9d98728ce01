"""Reflection in both versions: what there is, with its comments, and what there is not."""

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.reflection_pb2 import (
    ErrorResponse,
    ExtensionRequest,
    ServerReflectionRequest,
    ServerReflectionResponse,
)

from server.edge.reflection import NAMES
from tests.endpoint import JOBS, STYLES, running_endpoint


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def ask(name: str, *requests: ServerReflectionRequest) -> list[ServerReflectionResponse]:
    """Asks all on one stream, without a token."""
    async with running_endpoint() as gateway:
        method = gateway.channel().stream_stream(
            f"/{name}/ServerReflectionInfo",
            request_serializer=ServerReflectionRequest.SerializeToString,
            response_deserializer=ServerReflectionResponse.FromString,
        )
        return [answer async for answer in method(iter(requests))]


def files_of(answer: ServerReflectionResponse) -> list[FileDescriptorProto]:
    octets = answer.file_descriptor_response.file_descriptor_proto
    return [FileDescriptorProto.FromString(one) for one in octets]


def read(files: list[FileDescriptorProto]) -> None:
    """Does what a tool does with an answer, which holds all imports; raises for bad files."""
    pool = DescriptorPool()
    left = {file.name: file for file in files}
    while left:
        [ready, *_] = [one for one in left.values() if not left.keys() & set(one.dependency)]
        pool.Add(left.pop(ready.name))
    for file in files:
        pool.FindFileByName(file.name)


async def test_both_versions_list_each_service_once(name: str) -> None:
    request = ServerReflectionRequest(host="gateway", list_services="*")
    [answer] = await ask(name, request)
    listed = [service.name for service in answer.list_services_response.service]
    assert listed == sorted([STYLES, JOBS, "grpc.health.v1.Health", *NAMES])
    assert answer.valid_host == "gateway"
    assert answer.original_request == request


@pytest.mark.parametrize(
    ("symbol", "file"),
    [
        (STYLES, "imggen/v1/style.proto"),
        (f"{STYLES}.ListStyles", "imggen/v1/style.proto"),
        ("imggen.v1.Style", "imggen/v1/style.proto"),
        ("imggen.v1.Style.version", "imggen/v1/style.proto"),
        ("imggen.v1.Event.change", "imggen/v1/event.proto"),
        ("imggen.v1.JobStatus", "imggen/v1/job.proto"),
        ("imggen.v1.JOB_STATUS_QUEUED", "imggen/v1/job.proto"),
        ("grpc.health.v1.Health.Check", "grpc_health/v1/health.proto"),
        ("grpc.health.v1.HealthCheckResponse.SERVING", "grpc_health/v1/health.proto"),
        (f"{NAMES[0]}.ServerReflectionInfo", "grpc_reflection/v1/reflection.proto"),
        (f"{NAMES[1]}.ServerReflectionInfo", "grpc_reflection/v1alpha/reflection.proto"),
        ("google.api.field_info", "google/api/field_info.proto"),
        ("google.protobuf.Timestamp.seconds", "google/protobuf/timestamp.proto"),
    ],
)
async def test_the_file_that_declares_a_name_comes_first_and_then_its_imports(
    name: str, symbol: str, file: str
) -> None:
    [answer] = await ask(name, ServerReflectionRequest(file_containing_symbol=symbol))
    files = files_of(answer)
    assert files[0].name == file
    assert len({one.name for one in files}) == len(files)
    read(files)


async def test_a_file_is_found_by_its_name_with_the_comments_of_the_contract(name: str) -> None:
    [answer] = await ask(name, ServerReflectionRequest(file_by_filename="imggen/v1/job.proto"))
    file, *imports = files_of(answer)
    assert file.name == "imggen/v1/job.proto"
    assert {"imggen/v1/errors.proto", "google/protobuf/descriptor.proto"} <= {
        one.name for one in imports
    }
    said = [location.leading_comments for location in file.source_code_info.location]
    assert " Watches and controls the caller's jobs.\n" in said


async def test_extensions_are_found_by_what_they_extend(name: str) -> None:
    options = "google.protobuf.FieldOptions"
    numbers, file, none = await ask(
        name,
        ServerReflectionRequest(all_extension_numbers_of_type=options),
        ServerReflectionRequest(
            file_containing_extension=ExtensionRequest(
                containing_type=options, extension_number=1052
            )
        ),
        ServerReflectionRequest(all_extension_numbers_of_type="imggen.v1.Job"),
    )
    found = numbers.all_extension_numbers_response
    assert found.base_type_name == options
    assert list(found.extension_number) == [1052, 1055, 291403980]
    assert files_of(file)[0].name == "google/api/field_behavior.proto"
    assert not none.all_extension_numbers_response.extension_number
    assert none.WhichOneof("message_response") == "all_extension_numbers_response"


@pytest.mark.parametrize("symbol", [f"{STYLES}.Paint", "imggen.v1.Nobody", "Nobody", ""])
async def test_what_there_is_not_is_an_answer_and_the_stream_goes_on(
    name: str, symbol: str
) -> None:
    extension = ExtensionRequest(containing_type="imggen.v1.Job", extension_number=7)
    *missing, styles = await ask(
        name,
        ServerReflectionRequest(file_containing_symbol=symbol),
        ServerReflectionRequest(file_by_filename=f"{symbol}.proto"),
        ServerReflectionRequest(file_containing_extension=extension),
        ServerReflectionRequest(all_extension_numbers_of_type=symbol),
        ServerReflectionRequest(file_containing_symbol=STYLES),
    )
    for answer in missing:
        assert answer.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
    assert files_of(styles)


async def test_a_request_that_asks_nothing_is_invalid(name: str) -> None:
    [answer] = await ask(name, ServerReflectionRequest())
    assert answer.error_response == ErrorResponse(
        error_code=grpc.StatusCode.INVALID_ARGUMENT.value[0],
        error_message="the request asks nothing",
    )


async def test_v1_is_v1alpha_under_another_name() -> None:
    async def declared(service: str) -> FileDescriptorProto:
        request = ServerReflectionRequest(file_containing_symbol=service)
        [answer] = await ask(service, request)
        [file] = files_of(answer)
        return file

    v1, v1alpha = [await declared(service) for service in NAMES]
    assert (v1.package, v1alpha.package) == ("grpc.reflection.v1", "grpc.reflection.v1alpha")
    [method] = v1.service[0].method
    assert method.input_type == ".grpc.reflection.v1.ServerReflectionRequest"
    assert [len(message.field) for message in v1.message_type] == [
        len(message.field) for message in v1alpha.message_type
    ]
