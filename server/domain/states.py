"""The states of jobs, batches and images, and other enums; the values are the database's."""

from enum import StrEnum


class JobStatus(StrEnum):
    """A job's status; each member names what moves the job on."""

    QUEUED = "queued"  # a claim -> PROCESSING, a cancel -> CANCELLED, a failed need -> FAILED
    PROCESSING = "processing"  # its end, or -> QUEUED by a lost lease, a retry or a drain
    COMPLETED = "completed"  # final
    FAILED = "failed"  # RetryJob -> QUEUED
    CANCELLED = "cancelled"  # RetryJob -> QUEUED

    @property
    def ended(self) -> bool:
        """Whether the job has ended."""
        return self in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)


class BatchStatus(StrEnum):
    """A batch's status; it follows those of its jobs."""

    PROCESSING = "processing"  # one of its jobs waits or runs
    COMPLETED = "completed"  # every job is COMPLETED
    FAILED = "failed"  # ended, and a job failed; RetryBatch -> PROCESSING
    CANCELLED = "cancelled"  # ended, none failed, and a job was cancelled; RetryBatch -> PROCESSING

    @property
    def ended(self) -> bool:
        """Whether all jobs of the batch have ended."""
        return self is not BatchStatus.PROCESSING


class ImageStatus(StrEnum):
    """An image's status; it follows its job's."""

    QUEUED = "queued"
    GENERATING = "generating"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ImageType(StrEnum):
    """What an image is for."""

    PORTRAIT = "portrait"
    SCENE = "scene"
    COVER = "cover"


class JobKind(StrEnum):
    """What a job makes: an image of a type, or the print asset of one anew."""

    PORTRAIT = "portrait"
    SCENE = "scene"
    COVER = "cover"
    UPSCALE = "upscale"


class Lane(StrEnum):
    """What a job runs on; a worker claims a job only where it has a free slot of its lane."""

    LOCAL = "local"  # models on the cluster's own machines
    HOSTED = "hosted"  # providers that are called over the network
    READ = "read"  # pages of plans, which are read and not drawn
    UPSCALE = "upscale"  # print assets that are made anew


DRAWING_LANES = (Lane.LOCAL, Lane.HOSTED)
"""The lanes in which pictures are drawn."""


class Stage(StrEnum):
    """What a worker does with a job at the moment, in this order."""

    RESOLVING = "resolving"
    RENDERING = "rendering"
    FINISHING = "finishing"
    STORING = "storing"


class PictureCheck(StrEnum):
    """Whether a classifier has looked at the pixels of a picture."""

    NOT_CHECKED = "not_checked"
    CHECKED = "checked"


class AssetKind(StrEnum):
    """The kind of an asset of an image."""

    ORIGINAL = "original"
    DISPLAY = "display"
    PRINT = "print"
    THUMBNAIL = "thumbnail"


class Quality(StrEnum):
    """How many steps are spent on a picture."""

    DRAFT = "draft"
    STANDARD = "standard"
    HD = "hd"
