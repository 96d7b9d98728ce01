"""Opens channels: TLS unless the address is loopback, keepalive, and retries."""

import json
from typing import Any

from imggen.certificates import faults_of
from imggen.errors import BadArgument
from imggen.loading import grpc
from imggen.proxying import Proxy
from imggen.targets import is_loopback

_MAX_RECEIVE_BYTES = 64 * 1024 * 1024
_MAX_METADATA_BYTES = 64 * 1024

# Every call is safe to repeat: reads and updates are idempotent, creates have a request_id. gRPC
# allows at most 5 attempts, about 3 s with these pauses, which is how long a gateway takes to
# restart; a stream is repeated only before its first message.
_RETRY_POLICY = {
    "maxAttempts": 5,
    "initialBackoff": "0.2s",
    "maxBackoff": "2s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
# Watches reconnect by themselves, for longer than gRPC's policy allows.
_WATCHES = (
    ("imggen.v1.JobService", "WatchJob"),
    ("imggen.v1.BatchService", "WatchBatch"),
    ("imggen.v1.EventService", "WatchEvents"),
)
SERVICE_CONFIG: dict[str, Any] = {
    "methodConfig": [
        {"name": [{}], "retryPolicy": _RETRY_POLICY},
        {"name": [{"service": service, "method": method} for service, method in _WATCHES]},
    ],
    "retryThrottling": {"maxTokens": 100, "tokenRatio": 0.1},
}
"""gRPC's own retries of failed calls."""


def open_channel(
    target: str, credentials: grpc.ChannelCredentials | None, proxy: Proxy | None
) -> grpc.aio.Channel:
    """Opens a channel, in clear text without credentials; requires a running event loop."""
    options = [
        ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
        ("grpc.enable_retries", 1),
        ("grpc.max_receive_message_length", _MAX_RECEIVE_BYTES),
        # Errors arrive as metadata; gRPC's limit of 8 kB would drop one with many violations.
        ("grpc.max_metadata_size", _MAX_METADATA_BYTES),
        # Many proxies answer pings closer than 30 s with GOAWAY ENHANCE_YOUR_CALM.
        ("grpc.keepalive_time_ms", 45_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.initial_reconnect_backoff_ms", 200),
        ("grpc.max_reconnect_backoff_ms", 5_000),
        # Otherwise gRPC reads the environment itself, and sends loopback to a proxy, too (1.85).
        ("grpc.http_proxy", proxy.url) if proxy is not None else ("grpc.enable_http_proxy", 0),
    ]
    if credentials is None:
        return grpc.aio.insecure_channel(target, options=options)
    return grpc.aio.secure_channel(target, credentials, options=options)


def credentials_for(
    target: str,
    *,
    root_certificates: bytes | None,
    client_certificate: bytes | None,
    client_key: bytes | None,
    insecure: bool,
) -> grpc.ChannelCredentials | None:
    """Returns TLS credentials, or None for clear text: with `insecure`, or to loopback.

    Certificates and keys are PEM; without root certificates the system's are trusted.
    """
    certificates = root_certificates is not None or client_certificate is not None
    if insecure or (is_loopback(target) and not certificates):
        return None
    return grpc.ssl_channel_credentials(root_certificates, client_key, client_certificate)


def check_security(
    *,
    root_certificates: bytes | None,
    client_certificate: bytes | None,
    client_key: bytes | None,
    insecure: bool,
) -> None:
    """Checks what `credentials_for` takes.

    Raises:
        BadArgument: A client certificate is given without its key or a key without its
            certificate, certificates are given for a connection in clear text, or something is
            given that is no certificate or key.
    """
    if (client_certificate is None) != (client_key is None):
        raise BadArgument("client_certificate and client_key go together; only one was given")
    if insecure and (root_certificates is not None or client_certificate is not None):
        raise BadArgument("insecure=True uses no certificates; leave one of them out")
    if faults := faults_of(root_certificates, client_certificate, client_key):
        raise BadArgument.of(faults)
