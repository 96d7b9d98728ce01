"""The errors for things whose state does not allow a call."""

from uuid import UUID

from imggen.errors import Aborted, AlreadyExists, FailedPrecondition
from imggen.v1 import errors_pb2 as reasons

MAX_REGENERATIONS = 5
"""How often a lineage may be regenerated, from whichever of its versions."""


def request_id_reused(request_id: UUID | str) -> AlreadyExists:
    """Returns the error for a request_id that was used with another request."""
    return AlreadyExists(
        "request_id: it was used before with another request; use a new UUID",
        reasons.ERROR_REASON_REQUEST_ID_REUSED,
        metadata={"request_id": str(request_id)},
    )


def etag_mismatch(thing: str, id_: UUID | str) -> Aborted:
    """Returns the error for an update of a thing that has changed since its etag was read."""
    return Aborted(
        f"{thing}.etag: the {thing} has changed since; read it again, then change it",
        reasons.ERROR_REASON_ETAG_MISMATCH,
        metadata={f"{thing}_id": str(id_)},
    )


def job_ended(job: UUID | str, status: str) -> FailedPrecondition:
    """Returns the error for a job that cannot be cancelled any more."""
    return FailedPrecondition(
        "job_id: the job has ended; only a job that waits or runs can be cancelled",
        reasons.ERROR_REASON_JOB_ENDED,
        metadata={"job_id": str(job), "status": status.upper()},
    )


def job_not_retryable(job: UUID | str, status: str) -> FailedPrecondition:
    """Returns the error for a job that cannot be retried: not ended so, or without its image."""
    wrong = (
        "its image was deleted, or one that it needs; generate a new image"
        if status.upper() in ("FAILED", "CANCELLED")
        else "only a failed or cancelled job can be retried"
    )
    return FailedPrecondition(
        f"job_id: {wrong}",
        reasons.ERROR_REASON_JOB_NOT_RETRYABLE,
        metadata={"job_id": str(job), "status": status.upper()},
    )


def batch_ended(batch: UUID | str, status: str) -> FailedPrecondition:
    """Returns the error for a batch that cannot be cancelled any more."""
    return FailedPrecondition(
        "batch_id: the batch has ended; only one that waits or runs can be cancelled",
        reasons.ERROR_REASON_BATCH_ENDED,
        metadata={"batch_id": str(batch), "status": status.upper()},
    )


def batch_not_retryable(batch: UUID | str) -> FailedPrecondition:
    """Returns the error for a batch without a job that can be retried."""
    return FailedPrecondition(
        "batch_id: none of its jobs can be retried; only failed and cancelled ones whose images"
        " were not deleted can",
        reasons.ERROR_REASON_BATCH_NOT_RETRYABLE,
        metadata={"batch_id": str(batch)},
    )


def image_not_ready(image: UUID | str, status: str) -> FailedPrecondition:
    """Returns the error for an image that has no bytes."""
    return FailedPrecondition(
        "image_id: the image has no bytes; wait until its job is completed, or retry a job that"
        " failed or was cancelled",
        reasons.ERROR_REASON_IMAGE_NOT_READY,
        metadata={"image_id": str(image), "status": status.upper()},
    )


def no_upscaler() -> FailedPrecondition:
    """Returns the error for a print asset that only an upscaler could make, where there is none."""
    return FailedPrecondition(
        "no upscaler is deployed; ask the operator for one (IMGGEN_UPSCALER)",
        reasons.ERROR_REASON_NO_ELIGIBLE_OFFER,
    )


def regenerations_used(lineage: UUID | str) -> FailedPrecondition:
    """Returns the error for a lineage that may not be regenerated again."""
    return FailedPrecondition(
        f"image_id: its lineage has used all {MAX_REGENERATIONS} regenerations; generate a new"
        " image",
        reasons.ERROR_REASON_REGENERATION_LIMIT,
        metadata={"limit": str(MAX_REGENERATIONS), "lineage_id": str(lineage)},
    )


def cursor_expired() -> FailedPrecondition:
    """Returns the error for a cursor after which events are missing."""
    return FailedPrecondition(
        "after_cursor: events after the cursor are no longer kept; list what there is, then"
        " follow from now on with an empty cursor",
        reasons.ERROR_REASON_CURSOR_EXPIRED,
    )
