"""The descriptors of everything that is served, with the comments of the contract."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from google.protobuf import text_format
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

# `make protos` writes it. The stubs hold the same descriptors, without comments.
_CONTRACT = Path(__file__).with_name("contract.protoset")


class Descriptors:
    """Files of descriptors, found by their name, by what they declare or what they extend."""

    def __init__(self, files: Iterable[FileDescriptorProto]) -> None:
        self._imports: dict[str, list[str]] = {}
        self._octets: dict[str, bytes] = {}
        self._declared: dict[str, str] = {}
        self._extended: dict[str, dict[int, str]] = defaultdict(dict)
        for file in files:
            self._imports[file.name] = list(file.dependency)
            self._octets[file.name] = file.SerializeToString()
            for symbol in _declared(file):
                self._declared[symbol] = file.name
            for extension in _extensions(file):
                self._extended[extension.extendee.removeprefix(".")][extension.number] = file.name

    def file(self, name: str) -> list[bytes]:
        """Returns a file and then all that it imports; raises KeyError if there is none."""
        names = {name: None}
        waiting = [name]
        for one in waiting:
            new = [imported for imported in self._imports[one] if imported not in names]
            names.update(dict.fromkeys(new))
            waiting.extend(new)
        return [self._octets[one] for one in names]

    def declaring(self, symbol: str) -> list[bytes]:
        """Returns the file that declares a name, and its imports; raises KeyError for none."""
        return self.file(self._declared[symbol])

    def extending(self, message: str, number: int) -> list[bytes]:
        """Returns the file of an extension, and its imports; raises KeyError for none."""
        return self.file(self._extended.get(message, {})[number])

    def extension_numbers(self, message: str) -> list[int]:
        """Returns the numbers that extend a message; raises KeyError for an unknown message."""
        if message not in self._declared:
            raise KeyError(message)
        return sorted(self._extended.get(message, {}))


@cache
def read_descriptors() -> Descriptors:
    """Returns the descriptors of the contract, of health and of both versions of reflection."""
    health, reflection = FileDescriptorProto(), FileDescriptorProto()
    health_pb2.DESCRIPTOR.CopyToProto(health)
    reflection_pb2.DESCRIPTOR.CopyToProto(reflection)
    contract = FileDescriptorSet.FromString(_CONTRACT.read_bytes())
    return Descriptors([*contract.file, health, reflection, _as_v1(reflection)])


def _as_v1(reflection: FileDescriptorProto) -> FileDescriptorProto:
    """Returns v1, which grpcio-reflection 1.85 does not have: v1alpha under another name."""
    text = text_format.MessageToString(reflection).replace("v1alpha", "v1")
    return text_format.Parse(text, FileDescriptorProto())


def _declared(file: FileDescriptorProto) -> Iterator[str]:
    """Yields the full name of everything that a file declares, methods and fields included."""
    scope = f"{file.package}." if file.package else ""
    for service in file.service:
        yield f"{scope}{service.name}"
        for method in service.method:
            yield f"{scope}{service.name}.{method.name}"
    for message in file.message_type:
        yield from _in_message(message, scope)
    yield from _in_enums(file.enum_type, scope)
    for extension in file.extension:
        yield f"{scope}{extension.name}"


def _in_message(message: DescriptorProto, outer: str) -> Iterator[str]:
    yield f"{outer}{message.name}"
    scope = f"{outer}{message.name}."
    for field in (*message.field, *message.extension):
        yield f"{scope}{field.name}"
    for oneof in message.oneof_decl:
        yield f"{scope}{oneof.name}"
    for nested in message.nested_type:
        yield from _in_message(nested, scope)
    yield from _in_enums(message.enum_type, scope)


def _in_enums(enums: Iterable[EnumDescriptorProto], scope: str) -> Iterator[str]:
    # A value lies beside its enum, not in it: protobuf has the scopes of C++.
    for enum in enums:
        yield f"{scope}{enum.name}"
        for value in enum.value:
            yield f"{scope}{value.name}"


def _extensions(scope: FileDescriptorProto | DescriptorProto) -> Iterator[FieldDescriptorProto]:
    yield from scope.extension
    inner = scope.message_type if isinstance(scope, FileDescriptorProto) else scope.nested_type
    for message in inner:
        yield from _extensions(message)
