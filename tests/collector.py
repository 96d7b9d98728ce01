"""An OpenTelemetry collector for tests: a real OTLP server that keeps what it is sent."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc.aio
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2


@dataclass(frozen=True)
class Received:
    """A span that has arrived; ids are in hexadecimal, as in a `traceparent`."""

    service: str
    name: str
    kind: str
    trace: str
    id: str
    parent: str
    attributes: Mapping[str, Any]
    links: tuple[str, ...]
    failed: bool
    message: str


@dataclass
class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """A collector, where it listens, and the spans that it has, in the order of their begin."""

    endpoint: str = ""
    requests: list[trace_service_pb2.ExportTraceServiceRequest] = field(default_factory=list)

    async def Export(
        self, request: trace_service_pb2.ExportTraceServiceRequest, context: object
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        """Keeps spans."""
        self.requests.append(request)
        return trace_service_pb2.ExportTraceServiceResponse()

    @property
    def said(self) -> str:
        """All that it was sent, as text."""
        return "\n".join(map(str, self.requests))

    @property
    def spans(self) -> list[Received]:
        """The spans, in the order of their begin."""
        found = sorted(self._spans(), key=lambda one: one[1].start_time_unix_nano)
        return [_received(service, span) for service, span in found]

    def named(self, name: str) -> list[Received]:
        """Returns the spans of a name."""
        return [span for span in self.spans if span.name == name]

    def tree(self, trace: str) -> list[str]:
        """Returns the names of a trace's spans, each after those that it is in, sorted."""
        spans = {span.id: span for span in self.spans if span.trace == trace}

        def path(span: Received) -> str:
            parent = spans.get(span.parent)
            return f"{path(parent)} > {span.name}" if parent else span.name

        return sorted(map(path, spans.values()))

    def _spans(self) -> Iterator[tuple[str, trace_pb2.Span]]:
        for request in self.requests:
            for of_service in request.resource_spans:
                service = _values(of_service.resource.attributes)["service.name"]
                for scope in of_service.scope_spans:
                    yield from ((service, span) for span in scope.spans)


@asynccontextmanager
async def collector() -> AsyncIterator[Collector]:
    """Runs a collector on a free port, in this loop."""
    collecting = Collector()
    server = grpc.aio.server()
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collecting, server)  # type: ignore[no-untyped-call]
    collecting.endpoint = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield collecting
    finally:
        await server.stop(1.0)


def _received(service: str, span: trace_pb2.Span) -> Received:
    return Received(
        service=service,
        name=span.name,
        kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        attributes=_values(span.attributes),
        links=tuple(link.span_id.hex() for link in span.links),
        failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
        message=span.status.message,
    )


def _values(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair) for pair in pairs}


def _value(pair: KeyValue) -> Any:
    return getattr(pair.value, str(pair.value.WhichOneof("value")))
