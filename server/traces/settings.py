"""The settings of traces, and what they name."""

import os
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from server.traces.spans import NO_TRACES, OpenTraces, Traces

_ADDRESS = re.compile(r"https?://[^\s/?#@]+:[0-9]{1,5}/?")


class TraceSettings(BaseSettings):
    """Where traces go, which gateways and workers read alike."""

    model_config = SettingsConfigDict(
        env_prefix="IMGGEN_",
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        allow_inf_nan=False,
    )

    otlp_endpoint: str = Field(
        "",
        description="The OpenTelemetry collector that traces are sent to, by OTLP over gRPC: "
        "`http://collector:4317`, or `https://` for TLS; empty for no traces. Set it for gateways, "
        "workers and models alike.",
    )

    @field_validator("otlp_endpoint")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not _ADDRESS.fullmatch(value):
            raise ValueError(
                "must be http:// or https://, a host and the port of OTLP over gRPC, like "
                "http://collector:4317, and nothing else; OTEL_EXPORTER_OTLP_HEADERS has the "
                "headers of a collector that wants a key"
            )
        return value


@asynccontextmanager
async def open_traces(endpoint: str, service: str, instance: str = "") -> AsyncIterator[Traces]:
    """Yields the traces of a service's process, which are off without an endpoint.

    `instance` names the process, by default its host and its id. What is left is sent when the
    block ends, for as long as that takes, 2 seconds at most.
    """
    traces = start_traces(endpoint, service, instance)
    try:
        yield traces
    finally:
        await traces.close()


def start_traces(endpoint: str, service: str, instance: str = "") -> OpenTraces:
    """Returns the traces of a service's process, which whoever starts them closes."""
    if not endpoint:
        return NO_TRACES
    # Imported here: it takes 0.2 s and 20 MB, and nothing needs it while traces are off.
    from server.traces.otlp import OtlpTraces

    return OtlpTraces(endpoint, service, instance or f"{socket.gethostname()}-{os.getpid()}")
