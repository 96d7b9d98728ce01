"""The contract read from its descriptors: every method and every field of every request."""

from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message_factory import GetMessageClass

from imggen.v1 import (
    admin_pb2,
    batch_pb2,
    budget_pb2,
    character_pb2,
    event_pb2,
    generation_pb2,
    image_pb2,
    job_pb2,
    routing_pb2,
    story_pb2,
    style_pb2,
)

_FILES = (
    admin_pb2,
    batch_pb2,
    budget_pb2,
    character_pb2,
    event_pb2,
    generation_pb2,
    image_pb2,
    job_pb2,
    routing_pb2,
    story_pb2,
    style_pb2,
)


def methods() -> dict[str, MethodDescriptor]:
    """Returns every method by `Service.Method`."""
    return {
        f"{service.name}.{method.name}": method
        for file in _FILES
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }


def path_of(method: MethodDescriptor) -> str:
    """Returns the gRPC path of a method."""
    service: Any = method.containing_service
    return f"/{service.full_name}/{method.name}"


def request_fields(message: Descriptor, prefix: str = "") -> Iterator[tuple[str, FieldDescriptor]]:
    """Yields the path and descriptor of every leaf field of a request."""
    for field in message.fields:
        path = f"{prefix}{field.name}"
        inner = field.message_type
        is_map = inner is not None and inner.GetOptions().map_entry
        if inner is not None and inner.file.package == message.file.package and not is_map:
            yield from request_fields(inner, f"{path}.")
        else:
            yield path, field


def is_resource_id(field: FieldDescriptor) -> bool:
    """Returns whether a field holds ids of resources that have an owner."""
    return field.name == "id" or (
        field.name.endswith(("_id", "_ids")) and field.name != "request_id"
    )


async def ask(channel: Any, method: MethodDescriptor, request: Any, metadata: Any) -> Any:
    """Calls a method and returns its answer; of a stream, the first that is not a checkpoint."""
    answer = GetMessageClass(method.output_type)
    kind = channel.unary_stream if method.server_streaming else channel.unary_unary
    call = kind(
        path_of(method),
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=answer.FromString,
    )(request, metadata=metadata)
    if not method.server_streaming:
        return await call
    first = await call.read()
    while method.name == "WatchEvents" and first.event.HasField("checkpoint"):
        first = await call.read()
    call.cancel()
    return first
