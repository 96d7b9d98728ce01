"""The fake's servicers of jobs and images."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import grpc.aio

from imggen.errors import FailedPrecondition
from imggen.testing.batches import FakeBatches
from imggen.testing.drawing import Worker
from imggen.testing.memory import Memory, page_of
from imggen.testing.picture import CONTENT_TYPE, asset
from imggen.testing.rejections import Check
from imggen.v1 import image_pb2, job_pb2
from imggen.v1.errors_pb2 import ErrorReason
from imggen.v1.image_pb2 import (
    ASSET_KIND_DISPLAY,
    IMAGE_STATUS_COMPLETED,
    AssetHeader,
    Image,
    ImageStatus,
)
from imggen.v1.image_pb2_grpc import ImageServiceServicer
from imggen.v1.job_pb2 import (
    JOB_STATUS_CANCELLED,
    JOB_STATUS_COMPLETED,
    JOB_STATUS_FAILED,
    Job,
    JobStatus,
)
from imggen.v1.job_pb2_grpc import JobServiceServicer
from imggen.watching import has_ended

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

# Far below the contract's limit, so that even the smallest picture needs several chunks.
_CHUNK_BYTES = 128


class Jobs(JobServiceServicer):
    """The fake's servicer of jobs."""

    def __init__(self, memory: Memory, worker: Worker, batches: FakeBatches) -> None:
        self._memory = memory
        self._worker = worker
        self._batches = batches

    async def GetJob(
        self, request: job_pb2.GetJobRequest, context: Context
    ) -> job_pb2.GetJobResponse:
        """Returns a job as it is now; raises NotFound for an unknown id."""
        return job_pb2.GetJobResponse(job=self._find(request.job_id))

    async def ListJobs(
        self, request: job_pb2.ListJobsRequest, context: Context
    ) -> job_pb2.ListJobsResponse:
        """Lists the jobs that match the filters, the newest first."""
        check = Check()
        check.id("story_id", request.story_id, optional=True)
        check.done()
        jobs = [
            job
            for job in self._memory.jobs.values()
            if request.status in (job_pb2.JOB_STATUS_UNSPECIFIED, job.status)
            and (not request.story_id or self._story_id(job) == request.story_id)
        ]
        page, token = page_of(jobs, request)
        return job_pb2.ListJobsResponse(jobs=page, next_page_token=token)

    async def WatchJob(
        self, request: job_pb2.WatchJobRequest, context: Context
    ) -> AsyncIterator[job_pb2.WatchJobResponse]:
        """Streams snapshots until the job has ended, without previews."""
        job = self._find(request.job_id)
        while True:
            change = self._memory.change()
            image = self._memory.images.get(job.image_id)
            done = job.status == JOB_STATUS_COMPLETED
            yield job_pb2.WatchJobResponse(job=job, image=image if done else None)
            if has_ended(job):
                return
            await change.wait()

    async def CancelJob(
        self, request: job_pb2.CancelJobRequest, context: Context
    ) -> job_pb2.CancelJobResponse:
        """Cancels a job; one whose cancel was requested before is returned as it is."""
        job = self._find(request.job_id)
        if job.cancel_requested:
            return job_pb2.CancelJobResponse(job=job)
        if has_ended(job):
            raise FailedPrecondition(
                "job_id: the job has ended; only a job that waits or runs can be cancelled",
                reason=ErrorReason.ERROR_REASON_JOB_ENDED,
                metadata=_of_job(job),
            )
        self._worker.cancel(job)
        return job_pb2.CancelJobResponse(job=job)

    async def RetryJob(
        self, request: job_pb2.RetryJobRequest, context: Context
    ) -> job_pb2.RetryJobResponse:
        """Queues a failed or cancelled job again."""
        check = Check()
        check.id("request_id", request.request_id, optional=True)
        check.done()
        self._memory.once(request, request.request_id, lambda: self._retry(request))
        return job_pb2.RetryJobResponse(job=self._find(request.job_id))

    def _retry(self, request: job_pb2.RetryJobRequest) -> job_pb2.RetryJobResponse:
        job = self._find(request.job_id)
        if job.status not in (JOB_STATUS_FAILED, JOB_STATUS_CANCELLED):
            raise FailedPrecondition(
                "job_id: only a failed or cancelled job can be retried",
                reason=ErrorReason.ERROR_REASON_JOB_NOT_RETRYABLE,
                metadata=_of_job(job),
            )
        self._memory.image(job.image_id)
        if request.HasField("priority"):
            job.priority = request.priority
        if job.batch_id:
            self._batches.retry(self._batches.retried_with(job))
        else:
            self._worker.submit(job)
        return job_pb2.RetryJobResponse(job=job)

    def _story_id(self, job: Job) -> str:
        image = self._memory.images.get(job.image_id)
        return image.story_id if image is not None else ""

    def _find(self, id: str) -> Job:
        check = Check()
        check.id("job_id", id)
        check.done()
        return self._memory.job(id)


class Images(ImageServiceServicer):
    """The fake's servicer of images."""

    def __init__(self, memory: Memory, worker: Worker) -> None:
        self._memory = memory
        self._worker = worker

    async def GetImage(
        self, request: image_pb2.GetImageRequest, context: Context
    ) -> image_pb2.GetImageResponse:
        """Returns an image as it is now; raises NotFound for an unknown or deleted one."""
        return image_pb2.GetImageResponse(image=self._find(request.image_id))

    async def ListImages(
        self, request: image_pb2.ListImagesRequest, context: Context
    ) -> image_pb2.ListImagesResponse:
        """Lists the images that match the filters, the newest first."""
        check = Check()
        check.id("story_id", request.story_id, optional=not request.page_number)
        check.id("character_id", request.character_id, optional=True)
        check.done()
        images = [image for image in self._memory.images.values() if _matches(image, request)]
        page, token = page_of(images, request)
        return image_pb2.ListImagesResponse(images=page, next_page_token=token)

    async def DeleteImage(
        self, request: image_pb2.DeleteImageRequest, context: Context
    ) -> image_pb2.DeleteImageResponse:
        """Deletes an image and cancels a job that still makes it."""
        if request.image_id in self._memory.deleted:
            return image_pb2.DeleteImageResponse()
        image = self._find(request.image_id)
        job = self._memory.job(image.job_id)
        if not has_ended(job):
            self._worker.cancel(job)
        self._memory.delete(self._memory.images, image.id)
        self._memory.tell_image(image, deleted=True)
        return image_pb2.DeleteImageResponse()

    async def DownloadImage(
        self, request: image_pb2.DownloadImageRequest, context: Context
    ) -> AsyncIterator[image_pb2.DownloadImageResponse]:
        """Streams the bytes of an asset, always PNG."""
        image = self._find(request.image_id)
        if image.status != IMAGE_STATUS_COMPLETED:
            raise FailedPrecondition(
                "image_id: the image has no bytes; wait until its job is completed, or retry a job"
                " that failed or was cancelled",
                reason=ErrorReason.ERROR_REASON_IMAGE_NOT_READY,
                metadata={"image_id": image.id, "status": _status(ImageStatus.Name(image.status))},
            )
        kind = request.asset_kind or ASSET_KIND_DISPLAY
        data = asset(image, kind)
        header = AssetHeader(
            asset_kind=kind,
            content_type=CONTENT_TYPE,
            size_bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        )
        yield image_pb2.DownloadImageResponse(header=header)
        for start in range(0, len(data), _CHUNK_BYTES):
            yield image_pb2.DownloadImageResponse(data=data[start : start + _CHUNK_BYTES])

    def _find(self, id: str) -> Image:
        check = Check()
        check.id("image_id", id)
        check.done()
        return self._memory.image(id)


def _of_job(job: Job) -> dict[str, str]:
    return {"job_id": job.job_id, "status": _status(JobStatus.Name(job.status))}


def _status(name: str) -> str:
    """Returns the name of a status without the prefix of its enum, as errors have it."""
    return name.split("_STATUS_")[1]


def _matches(image: Image, request: image_pb2.ListImagesRequest) -> bool:
    return (
        request.story_id in ("", image.story_id)
        and (not request.character_id or request.character_id in image.character_ids)
        and request.type in (image_pb2.IMAGE_TYPE_UNSPECIFIED, image.type)
        and request.status in (image_pb2.IMAGE_STATUS_UNSPECIFIED, image.status)
        and request.page_number in (0, image.page_number)
    )
