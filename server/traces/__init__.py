"""Traces: what becomes of a call and its job, told to an OpenTelemetry collector.

Off until an endpoint is set; then nothing of OpenTelemetry is imported, and a span costs nothing.
Attributes have ids, names of models and figures, never a text, a message or a name of a character.
"""

from server.traces.settings import TraceSettings, open_traces, start_traces
from server.traces.spans import (
    NO_SPAN,
    NO_TRACES,
    Kind,
    OpenTraces,
    Span,
    Traces,
    Value,
    child,
    current,
    part,
    within,
)

__all__ = [
    "NO_SPAN",
    "NO_TRACES",
    "Kind",
    "OpenTraces",
    "Span",
    "TraceSettings",
    "Traces",
    "Value",
    "child",
    "current",
    "open_traces",
    "part",
    "start_traces",
    "within",
]
