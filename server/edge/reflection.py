"""gRPC's reflection, v1 and v1alpha: what tools ask a server about itself."""

from collections.abc import AsyncIterator, Iterable

import grpc
import grpc.aio
from grpc_reflection.v1alpha.reflection_pb2 import (
    ErrorResponse,
    ExtensionNumberResponse,
    FileDescriptorResponse,
    ListServiceResponse,
    ServerReflectionRequest,
    ServerReflectionResponse,
    ServiceResponse,
)

from server.edge.descriptors import Descriptors
from server.identity.caller import Context

NAMES = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")
"""The service's names, the newer first; the two differ in nothing else."""


class Reflection:
    """Answers which services there are, and with the files that describe them.

    grpcio-reflection 1.85 serves v1alpha only, without comments, and finds no methods or fields.
    """

    def __init__(self, services: Iterable[str], descriptors: Descriptors) -> None:
        self._services = sorted({*services, *NAMES})
        self._descriptors = descriptors

    def register(self, server: grpc.aio.Server) -> None:
        """Serves both versions."""
        method = grpc.stream_stream_rpc_method_handler(
            self._answers,
            ServerReflectionRequest.FromString,
            ServerReflectionResponse.SerializeToString,
        )
        for name in NAMES:
            handler = grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": method})
            server.add_generic_rpc_handlers((handler,))

    async def _answers(
        self, requests: AsyncIterator[ServerReflectionRequest], _context: Context
    ) -> AsyncIterator[ServerReflectionResponse]:
        async for request in requests:
            answer = ServerReflectionResponse(valid_host=request.host, original_request=request)
            try:
                self._answer(request, answer)
            except KeyError as missing:
                message = f"{missing.args[0]} is not part of what this server describes"
                answer.error_response.CopyFrom(_error(grpc.StatusCode.NOT_FOUND, message))
            yield answer

    def _answer(self, request: ServerReflectionRequest, answer: ServerReflectionResponse) -> None:
        asked = request.WhichOneof("message_request")
        match asked:
            case "list_services":
                names = [ServiceResponse(name=name) for name in self._services]
                answer.list_services_response.CopyFrom(ListServiceResponse(service=names))
            case "all_extension_numbers_of_type":
                message = request.all_extension_numbers_of_type
                numbers = self._descriptors.extension_numbers(message)
                answer.all_extension_numbers_response.CopyFrom(
                    ExtensionNumberResponse(base_type_name=message, extension_number=numbers)
                )
            case None:
                error = _error(grpc.StatusCode.INVALID_ARGUMENT, "the request asks nothing")
                answer.error_response.CopyFrom(error)
            case _:
                answer.file_descriptor_response.CopyFrom(
                    FileDescriptorResponse(file_descriptor_proto=self._files(request, asked))
                )

    def _files(self, request: ServerReflectionRequest, asked: str) -> list[bytes]:
        if asked == "file_by_filename":
            return self._descriptors.file(request.file_by_filename)
        if asked == "file_containing_symbol":
            return self._descriptors.declaring(request.file_containing_symbol)
        extension = request.file_containing_extension
        return self._descriptors.extending(extension.containing_type, extension.extension_number)


def _error(code: grpc.StatusCode, message: str) -> ErrorResponse:
    return ErrorResponse(error_code=code.value[0], error_message=message)
