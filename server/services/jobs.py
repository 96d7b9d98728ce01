"""JobService: shows, watches, cancels and retries jobs."""

from collections.abc import AsyncIterator

from imggen.rules.checks import Checks
from imggen.rules.filters import each_wanted, wanted_metadata
from imggen.rules.missing import missing_job
from imggen.rules.states import job_ended
from imggen.v1 import job_pb2, job_pb2_grpc
from server.admission.jobs import Admission
from server.admission.replay import once
from server.domain.ids import JobId, StoryId, UserId
from server.domain.images import check_of
from server.domain.jobs import Job, JobFilter
from server.domain.states import JobStatus
from server.identity.caller import Context, caller
from server.metrics import GatewayMetrics
from server.replies.messages import JOB_STATUS, PICTURE_CHECK, Replies
from server.replies.pages import fitting
from server.requests.page_tokens import page_request, page_token
from server.requests.request_key import request_key
from server.store import Store
from server.store.signals import Signals
from server.watching.jobs import JobSnapshot, JobWatches


class JobService(job_pb2_grpc.JobServiceServicer):
    """Shows callers their jobs."""

    def __init__(
        self,
        store: Store,
        admission: Admission,
        watches: JobWatches,
        signals: Signals,
        replies: Replies,
        metrics: GatewayMetrics,
    ) -> None:
        self._store = store
        self._admission = admission
        self._watches = watches
        self._signals = signals
        self._replies = replies
        self._metrics = metrics
        # The newest snapshot of each watched job, made once for all its watchers.
        self._shown: dict[JobId, tuple[Job, job_pb2.WatchJobResponse]] = {}

    async def GetJob(
        self, request: job_pb2.GetJobRequest, context: Context
    ) -> job_pb2.GetJobResponse:
        """Returns a job as it is now; raises NotFound for another user's."""
        job = await self._job(caller().user_id, _job_id(request.job_id))
        return job_pb2.GetJobResponse(job=await self._replies.job(job))

    async def ListJobs(
        self, request: job_pb2.ListJobsRequest, context: Context
    ) -> job_pb2.ListJobsResponse:
        """Returns a page of jobs."""
        checks = Checks()
        asked = page_request(checks, request)
        filters = JobFilter(
            statuses=each_wanted(checks, "statuses", request.statuses, JOB_STATUS),
            story_id=checks.id("story_id", request.story_id, StoryId, required=False),
            metadata=wanted_metadata(checks, "metadata", request.metadata),
        )
        page = checks.complete(asked)
        listing = await self._store.jobs.page(caller().user_id, page, filters)
        shown, last = fitting(listing, [await self._replies.job(job) for job in listing.rows])
        return job_pb2.ListJobsResponse(jobs=shown, next_page_token=page_token(request, last))

    async def WatchJob(
        self, request: job_pb2.WatchJobRequest, context: Context
    ) -> AsyncIterator[job_pb2.WatchJobResponse]:
        """Streams snapshots of a job until it has ended."""
        user = caller().user_id
        job = await self._job(user, _job_id(request.job_id))
        with self._metrics.watchers.track_inprogress():
            try:
                async with self._watches.watch(job.id, previews=request.include_previews) as watch:
                    async for snapshot in watch.snapshots():
                        yield await self._answer(user, snapshot)
            finally:
                if not self._watches.watched(job.id):
                    self._shown.pop(job.id, None)

    async def CancelJob(
        self, request: job_pb2.CancelJobRequest, context: Context
    ) -> job_pb2.CancelJobResponse:
        """Cancels a job, or asks its worker to."""
        user, job_id = caller().user_id, _job_id(request.job_id)
        async with self._store.transaction() as tx:
            cancelled = await tx.jobs.cancel(user, job_id)
            # While it is locked: a retry that comes next must not make "has ended" untrue.
            job = await tx.jobs.get(user, job_id)
        if job is None:
            raise missing_job(job_id)
        if cancelled:
            self._signals.tell([job_id])
        if cancelled and job.batch_id is not None:
            self._signals.wake()  # another job of its batch may be ready
        if not cancelled and not job.cancel_requested:
            raise job_ended(job_id, job.status)
        return job_pb2.CancelJobResponse(job=await self._replies.job(job))

    async def RetryJob(
        self, request: job_pb2.RetryJobRequest, context: Context
    ) -> job_pb2.RetryJobResponse:
        """Queues a failed or cancelled job again."""
        checks = Checks()
        user, asked = caller().user_id, checks.id("job_id", request.job_id, JobId)
        priority = request.priority if request.HasField("priority") else None
        if priority is not None:
            checks.priority("priority", priority, admin=caller().is_admin)
        key = request_key(checks, request)

        async def retry() -> JobId | None:
            job = await self._job(user, checks.complete(asked))
            return await self._admission.retry(job, priority, key)

        retried = await once(user, key, self._store.retries.find, retry)
        job = await self._job(user, JobId(retried))
        return job_pb2.RetryJobResponse(job=await self._replies.job(job))

    async def _job(self, user: UserId, job_id: JobId) -> Job:
        job = await self._store.job(user, job_id)
        if job is None:
            raise missing_job(job_id)
        return job

    async def _answer(self, user: UserId, snapshot: JobSnapshot) -> job_pb2.WatchJobResponse:
        shared = await self._shared(snapshot.job)
        ended_well = snapshot.job.status is JobStatus.COMPLETED
        if not snapshot.preview and not ended_well:
            return shared
        answer = job_pb2.WatchJobResponse(job=shared.job, preview=snapshot.preview)
        if snapshot.preview:
            answer.preview_check = PICTURE_CHECK[check_of(snapshot.checked_by)]
        image = await self._store.images.get(user, snapshot.job.image_id) if ended_well else None
        if image is not None:
            answer.image.CopyFrom(self._replies.image(image))
        return answer

    async def _shared(self, job: Job) -> job_pb2.WatchJobResponse:
        """Returns the answer that all watchers of a job get; it is made once for each read."""
        shown, answer = self._shown.get(job.id, (None, job_pb2.WatchJobResponse()))
        if shown is not job:
            answer = job_pb2.WatchJobResponse(job=await self._replies.job(job))
            self._shown[job.id] = (job, answer)
        return answer


def _job_id(value: str) -> JobId:
    checks = Checks()
    return checks.complete(checks.id("job_id", value, JobId))
