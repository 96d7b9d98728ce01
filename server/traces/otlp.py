"""Traces over OTLP: spans of OpenTelemetry's SDK, sent in the background."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from threading import Thread

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler, SamplingResult
from opentelemetry.trace import (
    Link,
    SpanKind,
    StatusCode,
    Tracer,
    TraceState,
    set_span_in_context,
)
from opentelemetry.trace import Span as SdkSpan
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes

from server.traces.spans import Kind, Span, Value

_FLUSH_S = 2.0
_END_S = 0.5
_log = logging.getLogger(__name__)


class OtlpTraces:
    """Traces of one process, sent to a collector by a thread with a bounded queue.

    A collector that is away, or slow, costs spans and a log line, and nothing waits for it. The
    SDK's own variables count, too: OTEL_TRACES_SAMPLER, OTEL_BSP_*, OTEL_EXPORTER_OTLP_*.
    """

    def __init__(self, endpoint: str, service: str, instance: str) -> None:
        self._exporter = LoggedExporter(OTLPSpanExporter(endpoint=endpoint), endpoint)
        names = {"service.name": service, "service.instance.id": instance}
        # It would wait for the collector once more when the interpreter exits.
        self._provider = TracerProvider(resource=Resource.create(names), shutdown_on_exit=False)
        self._provider.sampler = LinkedSampler(self._provider.sampler)
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("imggen")

    def begin(self, name: str, kind: Kind, parent: str, attributes: Mapping[str, Value]) -> Span:
        """Begins a span within a `traceparent`, or a trace."""
        context = TraceContextTextMapPropagator().extract({"traceparent": parent}, Context())
        span = self._tracer.start_span(name, context, SpanKind[kind.name], dict(attributes))
        return OtlpSpan(self._tracer, span)

    async def close(self) -> None:
        """Sends what is left, for about 2 seconds at most."""
        # A thread of its own, for which the interpreter does not wait.
        ending = Thread(target=self._provider.shutdown, name="traces", daemon=True)
        ending.start()
        await asyncio.to_thread(ending.join, _FLUSH_S)
        if ending.is_alive():
            self._exporter.shutdown()  # ends the try under way
            await asyncio.to_thread(ending.join, _END_S)


class OtlpSpan:
    """A span of the SDK."""

    def __init__(self, tracer: Tracer, span: SdkSpan) -> None:
        self._tracer = tracer
        self._span = span
        self._failed = False

    @property
    def context(self) -> str:
        """The W3C `traceparent`; empty with OTEL_SDK_DISABLED."""
        context = self._span.get_span_context()
        if not context.is_valid:
            return ""
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    @property
    def trace_id(self) -> str:
        """The id of its trace; empty for one that is not sampled."""
        return f"{self._span.get_span_context().trace_id:032x}" if self._span.is_recording() else ""

    def child(self, name: str, kind: Kind, attributes: Mapping[str, Value]) -> Span:
        """Begins a span within it."""
        context = set_span_in_context(self._span, Context())
        span = self._tracer.start_span(name, context, SpanKind[kind.name], dict(attributes))
        return OtlpSpan(self._tracer, span)

    def linked(self, name: str, kind: Kind, attributes: Mapping[str, Value]) -> Span:
        """Begins a trace of its own, which links to this span and is sampled where this is."""
        if not self._span.is_recording():
            return self
        links = [Link(self._span.get_span_context())]
        span = self._tracer.start_span(
            name, Context(), SpanKind[kind.name], dict(attributes), links
        )
        return OtlpSpan(self._tracer, span)

    def set(self, attributes: Mapping[str, Value]) -> None:
        """Adds attributes."""
        self._span.set_attributes(dict(attributes))

    def fail(self, why: str) -> None:
        """Marks it as failed; the first reason counts."""
        if not self._failed:
            self._failed = True
            self._span.set_attribute("error.type", why)
            self._span.set_status(StatusCode.ERROR)

    def end(self) -> None:
        """Ends it."""
        self._span.end()


class LinkedSampler(Sampler):
    """A sampler that takes what links to a span that was taken; another decides on all others."""

    def __init__(self, others: Sampler) -> None:
        self._others = others

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Returns whether a span is recorded and sent."""
        linked = any(link.context.trace_flags.sampled for link in links or ())
        sampler = ALWAYS_ON if linked else self._others
        return sampler.should_sample(
            parent_context, trace_id, name, kind, attributes, links, trace_state
        )

    def get_description(self) -> str:
        """Returns what it does."""
        return f"LinkedSampler({self._others.get_description()})"


class LoggedExporter(SpanExporter):
    """An exporter that logs once when spans are lost, and once when they arrive again."""

    def __init__(self, exporter: SpanExporter, endpoint: str) -> None:
        self._exporter = exporter
        self._endpoint = endpoint
        self._lost = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Exports spans; returns FAILURE, and raises nothing, where they are lost."""
        cause: Exception | None = None
        try:
            result = self._exporter.export(spans)
        except Exception as error:
            result, cause = SpanExportResult.FAILURE, error
        fields: dict[str, object] = {"endpoint": self._endpoint}
        if result is SpanExportResult.FAILURE:
            if not self._lost:
                _log.warning("traces not sent", extra=fields, exc_info=cause)
            self._lost += len(spans)
        elif self._lost:
            _log.info("traces sent again", extra={**fields, "lost": self._lost})
            self._lost = 0
        return result

    def shutdown(self) -> None:
        """Ends the try under way; what is exported later is lost."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Returns what the exporter does."""
        return self._exporter.force_flush(timeout_millis)
