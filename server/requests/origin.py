"""The origin of jobs: their user, priority, request_id and metadata."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from imggen.rules.checks import DEFAULT_PRIORITY, Checks
from imggen.v1.generation_pb2 import (
    GeneratePortraitRequest,
    GenerateSceneRequest,
    GenerateStoryRequest,
    RegenerateImageRequest,
    UpscaleImageRequest,
)
from server.domain.ids import UserId
from server.domain.jobs import RequestKey
from server.identity.caller import Caller
from server.requests.request_key import request_key

Generate: TypeAlias = (
    GeneratePortraitRequest | GenerateSceneRequest | GenerateStoryRequest | RegenerateImageRequest
)
"""Every request of the contract that draws."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What all jobs of one request have in common."""

    user_id: UserId
    priority: int
    request: RequestKey | None
    metadata: Mapping[str, str]


def read_origin(checks: Checks, caller: Caller, request: Generate | UpscaleImageRequest) -> Origin:
    """Reads what every request for jobs has, and adds its violations."""
    priority = request.priority if request.HasField("priority") else DEFAULT_PRIORITY
    checks.priority("priority", priority, admin=caller.is_admin)
    if isinstance(request, UpscaleImageRequest):
        metadata = checks.metadata("metadata", request.metadata)
    else:
        metadata = checks.metadata("options.metadata", request.options.metadata)
    return Origin(caller.user_id, priority, request_key(checks, request), metadata)


def read_quoted(checks: Checks, caller: Caller, request: Generate) -> Origin:
    """Reads the same of a request to quote, whose priority and request_id do not matter."""
    metadata = checks.metadata("options.metadata", request.options.metadata)
    return Origin(caller.user_id, DEFAULT_PRIORITY, None, metadata)
