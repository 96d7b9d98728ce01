"""Request keys: the caller's id of a create, with a digest of the whole request."""

import hashlib
from typing import TypeAlias

from imggen.rules.checks import Checks
from imggen.v1.admin_pb2 import CancelJobsRequest, RequeueJobsRequest
from imggen.v1.batch_pb2 import RetryBatchRequest
from imggen.v1.character_pb2 import CreateCharacterRequest
from imggen.v1.generation_pb2 import (
    GeneratePortraitRequest,
    GenerateSceneRequest,
    GenerateStoryRequest,
    RegenerateImageRequest,
    UpscaleImageRequest,
)
from imggen.v1.job_pb2 import RetryJobRequest
from imggen.v1.story_pb2 import CreateStoryRequest
from server.domain.ids import RequestId
from server.domain.jobs import RequestKey

Repeatable: TypeAlias = (
    CancelJobsRequest
    | CreateCharacterRequest
    | CreateStoryRequest
    | GeneratePortraitRequest
    | GenerateSceneRequest
    | GenerateStoryRequest
    | RegenerateImageRequest
    | RequeueJobsRequest
    | RetryBatchRequest
    | RetryJobRequest
    | UpscaleImageRequest
)
"""Every request of the contract that has a `request_id`: repeated, it must not act twice."""


def request_key(checks: Checks, request: Repeatable) -> RequestKey | None:
    """Reads a request's `request_id`; None where it is empty or a violation.

    The digest covers the whole request, so that another request under the same id is noticed.
    """
    key = checks.id("request_id", request.request_id, RequestId, required=False)
    if key is None:
        return None
    kind = request.DESCRIPTOR.name.encode()
    octets = request.SerializeToString(deterministic=True)
    return RequestKey(key, hashlib.sha256(kind + b"\0" + octets).digest())
