"""The fake's servicer of jobs."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeAlias

import grpc.aio

from imggen.fields import short_name, short_names
from imggen.rules.checks import Checks
from imggen.rules.filters import each_wanted, wanted_metadata
from imggen.rules.paging import read_page
from imggen.rules.states import job_ended, job_not_retryable
from imggen.testing.batches import FAILED, Batches
from imggen.testing.lists import page_of
from imggen.testing.memory import Memory, Preview, read_key
from imggen.testing.shown import shown_image
from imggen.testing.worker import Worker
from imggen.v1 import job_pb2
from imggen.v1.job_pb2 import (
    JOB_STATUS_COMPLETED,
    JOB_STATUS_PROCESSING,
    Job,
    JobStatus,
    WatchJobResponse,
)
from imggen.v1.job_pb2_grpc import JobServiceServicer
from imggen.watching import has_ended

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

_STATUSES = {name: number for name, number in short_names(JobStatus).items() if number}


class Jobs(JobServiceServicer):
    """The fake's servicer of jobs."""

    def __init__(self, memory: Memory, worker: Worker, batches: Batches) -> None:
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
        checks = Checks()
        asked = read_page(checks, request)
        statuses = {
            _STATUSES[name] for name in each_wanted(checks, "statuses", request.statuses, _STATUSES)
        }
        story = checks.id("story_id", request.story_id, str, required=False)
        pair = wanted_metadata(checks, "metadata", request.metadata)
        found = [
            (number, job)
            for number, job in self._memory.jobs.newest()
            if (not statuses or job.status in statuses)
            and story in (None, job.story_id)
            and has_pair(job.metadata, pair)
        ]
        page, token = page_of(checks, request, asked, found)
        return job_pb2.ListJobsResponse(jobs=page, next_page_token=token)

    async def WatchJob(
        self, request: job_pb2.WatchJobRequest, context: Context
    ) -> AsyncIterator[WatchJobResponse]:
        """Streams snapshots until the job has ended."""
        job = self._find(request.job_id)
        seen, shown = 0, Job()
        while True:
            change = self._memory.change()
            preview = self._memory.previews[job.job_id]
            fresh = (
                request.include_previews
                and preview.number > seen
                and preview.attempt == job.attempt
                and job.status == JOB_STATUS_PROCESSING
            )
            if fresh or job != shown:
                seen = preview.number if fresh else seen
                shown.CopyFrom(job)
                yield self._snapshot(shown, preview if fresh else None)
            if has_ended(shown):
                return
            await change.wait()

    async def CancelJob(
        self, request: job_pb2.CancelJobRequest, context: Context
    ) -> job_pb2.CancelJobResponse:
        """Cancels a job; one whose cancel was requested before is returned as it is."""
        job = self._find(request.job_id)
        if not has_ended(job):
            self._worker.cancel(job)
        elif not job.cancel_requested:
            raise job_ended(job.job_id, short_name(JobStatus, job.status))
        return job_pb2.CancelJobResponse(job=job)

    async def RetryJob(
        self, request: job_pb2.RetryJobRequest, context: Context
    ) -> job_pb2.RetryJobResponse:
        """Queues a failed or cancelled job again."""
        checks = Checks()
        asked = checks.id("job_id", request.job_id, str)
        priority = request.priority if request.HasField("priority") else None
        if priority is not None:
            checks.priority("priority", priority, admin=False)
        key = read_key(checks, request.request_id)

        def retry() -> str:
            job = self._memory.jobs[checks.complete(asked)]
            self._retry(job, priority)
            return job.job_id

        retried = self._memory.once("retries", key, request, retry)
        return job_pb2.RetryJobResponse(job=self._memory.jobs[retried])

    def _retry(self, job: Job, priority: int | None) -> None:
        if job.batch_id:
            retried = self._batches.retry(self._memory.batches[job.batch_id], job.job_id)
        elif job.status in FAILED and job.image_id in self._memory.images:
            self._worker.submit(job)
            retried = [job]
        else:
            retried = []
        if not retried:
            raise job_not_retryable(job.job_id, short_name(JobStatus, job.status))
        for one in retried if priority is not None else ():
            one.priority = priority or 0

    def _snapshot(self, job: Job, preview: Preview | None) -> WatchJobResponse:
        answer = WatchJobResponse(job=job)
        if preview is not None:
            answer.preview, answer.preview_check = preview.jpeg, preview.check
        image = self._memory.images.get(job.image_id)
        if job.status == JOB_STATUS_COMPLETED and image is not None:
            answer.image.CopyFrom(shown_image(self._memory, image))
        return answer

    def _find(self, id: str) -> Job:
        checks = Checks()
        return self._memory.jobs[checks.complete(checks.id("job_id", id, str))]


def has_pair(metadata: Mapping[str, str], pair: tuple[str, str] | None) -> bool:
    """Returns whether metadata has a pair; None is any."""
    return pair is None or metadata.get(pair[0]) == pair[1]
