"""Where a gateway listens."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses a gateway listens on, `host:port` each.

    `media` is empty with S3, and `metrics` for one of several processes.
    """

    grpc: str
    media: str
    metrics: str
