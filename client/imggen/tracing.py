"""Traces: a call belongs to the trace of its caller, where that uses OpenTelemetry."""

import sys

_HEADER = "traceparent"


def trace_metadata() -> tuple[tuple[str, str], ...]:
    """Returns the W3C `traceparent` of the caller's span as metadata; nothing outside of one."""
    # A caller that has a span has imported OpenTelemetry already; others need not wait for it.
    if "opentelemetry.trace" not in sys.modules:
        return ()
    from opentelemetry.trace import get_current_span

    span = get_current_span().get_span_context()
    if not span.is_valid:
        return ()
    return ((_HEADER, f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"),)
