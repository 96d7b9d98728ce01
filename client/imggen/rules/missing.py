"""The errors for things that a request names and its caller does not have."""

from uuid import UUID

from imggen.errors import NotFound
from imggen.v1 import errors_pb2 as reasons
from imggen.v1.errors_pb2 import ErrorReason


def missing_character(character: UUID | str) -> NotFound:
    """Returns the error for a character that the caller does not have."""
    return _missing("character", character, reasons.ERROR_REASON_CHARACTER_NOT_FOUND)


def missing_story(story: UUID | str) -> NotFound:
    """Returns the error for a story that the caller does not have."""
    return _missing("story", story, reasons.ERROR_REASON_STORY_NOT_FOUND)


def missing_page(page: UUID | str) -> NotFound:
    """Returns the error for a page that the story does not have."""
    return NotFound(
        "page_id: the story has no such page",
        reasons.ERROR_REASON_PAGE_NOT_FOUND,
        metadata={"page_id": str(page)},
    )


def missing_image(image: UUID | str) -> NotFound:
    """Returns the error for an image that the caller does not have."""
    return _missing("image", image, reasons.ERROR_REASON_IMAGE_NOT_FOUND)


def missing_job(job: UUID | str) -> NotFound:
    """Returns the error for a job that the caller does not have."""
    return _missing("job", job, reasons.ERROR_REASON_JOB_NOT_FOUND)


def missing_batch(batch: UUID | str) -> NotFound:
    """Returns the error for a batch that the caller does not have."""
    return _missing("batch", batch, reasons.ERROR_REASON_BATCH_NOT_FOUND)


def _missing(thing: str, id_: UUID | str, reason: ErrorReason.ValueType) -> NotFound:
    field = f"{thing}_id"
    return NotFound(f"{field}: you have no such {thing}", reason, metadata={field: str(id_)})
