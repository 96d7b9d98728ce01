"""The states of jobs and images, and the kinds of things; the values are those of the database."""

from enum import StrEnum


class JobStatus(StrEnum):
    """Is a job's status; each member says what moves the job on."""

    QUEUED = "queued"  # a claim -> PROCESSING, a cancel -> CANCELLED
    PROCESSING = "processing"  # its end, or -> QUEUED by a lost lease, a retry or a drain
    COMPLETED = "completed"  # final
    FAILED = "failed"  # RetryJob -> QUEUED
    CANCELLED = "cancelled"  # RetryJob -> QUEUED

    @property
    def ended(self) -> bool:
        """Tells whether no worker will move the job any more."""
        return self in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)


class BatchStatus(StrEnum):
    """Is a batch's status; it follows those of its jobs."""

    PROCESSING = "processing"  # one of its jobs waits or runs
    COMPLETED = "completed"  # every picture is there
    FAILED = "failed"  # ended, and a job failed; RetryBatch -> PROCESSING
    CANCELLED = "cancelled"  # ended, none failed, and a job was cancelled; RetryBatch -> PROCESSING

    @property
    def ended(self) -> bool:
        """Tells whether no worker will move the batch any more."""
        return self is not BatchStatus.PROCESSING


class ImageStatus(StrEnum):
    """Is an image's status; it follows its job's."""

    QUEUED = "queued"
    GENERATING = "generating"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ImageType(StrEnum):
    """Says what an image is for."""

    PORTRAIT = "portrait"
    SCENE = "scene"
    COVER = "cover"


class Lane(StrEnum):
    """What a job runs on; a worker claims a job only where it has a free slot of its lane."""

    LOCAL = "local"  # models on the cluster's own machines
    HOSTED = "hosted"  # providers that are called over the network; none is in the catalogue yet


class Stage(StrEnum):
    """Is what a worker does with a job at the moment, in this order."""

    RESOLVING = "resolving"
    RENDERING = "rendering"
    FINISHING = "finishing"
    STORING = "storing"


class AssetKind(StrEnum):
    """Is a stored form of an image."""

    ORIGINAL = "original"
    DISPLAY = "display"
    PRINT = "print"
    THUMBNAIL = "thumbnail"


class Quality(StrEnum):
    """Says how many steps a picture is worth."""

    STANDARD = "standard"
    HD = "hd"
