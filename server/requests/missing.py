"""The errors for things that a request names and its caller does not have."""

from uuid import UUID

from imggen.v1 import errors_pb2 as reasons
from server.errors import NotFound


def missing_character(character: UUID) -> NotFound:
    """Returns the error for a character that the caller does not have."""
    reason = reasons.ERROR_REASON_CHARACTER_NOT_FOUND
    return NotFound(f"character_id: you have no character {character}", reason)


def missing_story(story: UUID) -> NotFound:
    """Returns the error for a story that the caller does not have."""
    reason = reasons.ERROR_REASON_STORY_NOT_FOUND
    return NotFound(f"story_id: you have no story {story}", reason)


def missing_image(image: UUID) -> NotFound:
    """Returns the error for an image that the caller does not have."""
    reason = reasons.ERROR_REASON_IMAGE_NOT_FOUND
    return NotFound(f"image_id: you have no image {image}", reason)


def missing_job(job: UUID) -> NotFound:
    """Returns the error for a job that the caller does not have."""
    return NotFound(f"job_id: you have no job {job}", reasons.ERROR_REASON_JOB_NOT_FOUND)


def missing_batch(batch: UUID) -> NotFound:
    """Returns the error for a batch that the caller does not have."""
    return NotFound(f"batch_id: you have no batch {batch}", reasons.ERROR_REASON_BATCH_NOT_FOUND)
