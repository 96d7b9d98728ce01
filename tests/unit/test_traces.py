"""Traces are off until an endpoint is set, and cost nothing until then."""

import subprocess
import sys
from collections.abc import Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from pydantic import ValidationError

from actors.settings import WorkerSettings
from imggen.tracing import trace_metadata
from server.settings import GatewaySettings
from server.traces import NO_SPAN, NO_TRACES, Kind, Span, child, current, open_traces, within
from server.traces.otlp import LoggedExporter, OtlpTraces

_IMPORTED = """
import sys
import server.app, actors.worker.loop, actors.worker.routed, imggen
from imggen.tracing import trace_metadata
assert trace_metadata() == ()
print(*(name for name in sys.modules if name.startswith("opentelemetry")))
"""


def test_without_an_endpoint_nothing_of_opentelemetry_is_imported() -> None:
    found = subprocess.run(
        [sys.executable, "-c", _IMPORTED], check=True, capture_output=True, text=True
    )
    assert found.stdout.split() == []


async def test_without_an_endpoint_no_span_is_made() -> None:
    async with open_traces("", "imggen-gateway") as traces:
        assert traces is NO_TRACES
        span = traces.begin("a call", Kind.SERVER, "", {})
        assert span is NO_SPAN
        with within(span), child("a part") as part:
            assert part is NO_SPAN
    assert (span.context, span.trace_id) == ("", "")


def test_a_caller_without_a_span_sends_no_traceparent() -> None:
    assert trace_metadata() == ()


@pytest.mark.parametrize("settings", [GatewaySettings, WorkerSettings])
@pytest.mark.parametrize(
    "endpoint",
    [
        "collector:4317",
        "grpc://collector:4317",
        "http://collector",
        "http://:4317",
        "http://collector:4317/v1/traces",
        "http://user:secret@collector:4317",
        "http://collector:port",
    ],
)
def test_an_endpoint_that_is_none_is_refused_at_the_start(
    settings: type[GatewaySettings | WorkerSettings], endpoint: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(otlp_endpoint=endpoint)
    assert "http://collector:4317" in str(refused.value)
    assert "secret" not in str(refused.value)


def fail_twice(span: Span) -> None:
    with within(span):
        span.fail("rate_limited")
        raise ValueError("zorblax")


async def test_the_first_reason_of_a_failure_counts_and_no_message_is_told() -> None:
    traces = OtlpTraces("http://127.0.0.1:1", "imggen-worker", "w")
    span = traces.begin("attempt", Kind.CONSUMER, "", {}).child("call render", Kind.CLIENT, {})
    with pytest.raises(ValueError, match="zorblax"):
        fail_twice(span)
    assert current() is NO_SPAN
    await traces.close()
    # The SDK has no public way to read a span that was not exported.
    told = span._span.to_json()  # type: ignore[attr-defined]
    assert '"error.type": "rate_limited"' in told
    assert "zorblax" not in told


class Scripted(SpanExporter):
    """An exporter whose exports end as a test says."""

    def __init__(self, *ends: SpanExportResult | Exception) -> None:
        self._ends = list(ends)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        end = self._ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end


def test_lost_spans_are_logged_once_until_they_arrive_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    lost, sent = SpanExportResult.FAILURE, SpanExportResult.SUCCESS
    exporter = LoggedExporter(Scripted(lost, RuntimeError(), sent, sent, lost), "http://c:4317")
    spans = [ReadableSpan("attempt")] * 3
    assert [exporter.export(spans) for _ in range(5)] == [lost, lost, sent, sent, lost]
    events = [(one.message, getattr(one, "lost", 0)) for one in caplog.records]
    assert events == [("traces not sent", 0), ("traces sent again", 6), ("traces not sent", 0)]
