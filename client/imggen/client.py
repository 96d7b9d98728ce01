"""The client for asyncio: each method sends one request, or follows a stream."""

import asyncio
import math
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from copy import copy
from functools import partial
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Self, Unpack, overload

from imggen.absence import Absence
from imggen.admin import AdminCalls
from imggen.batches import BatchCalls
from imggen.boundary import bounded
from imggen.budgets import BudgetCalls
from imggen.calls import or_new
from imggen.channel import check_security, credentials_for
from imggen.connection import Connection
from imggen.downloading import Downloads, whole_file
from imggen.errors import DeadlineExceeded, JobCancelled, JobFailed
from imggen.fields import (
    AssetKindName,
    EventKindName,
    ImageStatusName,
    ImageTypeName,
    JobStatusName,
    id_of,
    job_id_of,
    metadata_filter,
    number_of,
)
from imggen.following import follow_events
from imggen.orders import (
    PortraitFields,
    RegenerationFields,
    SceneFields,
    UpscaleFields,
    portrait_request,
    regeneration_request,
    scene_request,
    upscale_request,
)
from imggen.paging import pages
from imggen.proxying import proxy_for
from imggen.routes import RouteCalls
from imggen.targets import target_of
from imggen.tokens import TokenSource, token_of
from imggen.v1 import (
    event_pb2,
    image_pb2,
    job_pb2,
)
from imggen.v1.character_pb2 import Character
from imggen.v1.errors_pb2 import ErrorReason
from imggen.v1.event_pb2 import Event, EventKind
from imggen.v1.image_pb2 import AssetKind, Image, ImageStatus, ImageType, ListImagesResponse
from imggen.v1.job_pb2 import Job, JobStatus, WatchJobResponse
from imggen.v1.story_pb2 import Page, Story
from imggen.watching import follow

# A complete snapshot of a job: `job`, a `preview` if there is a new one, the `image` at the end.
Snapshot = WatchJobResponse


@bounded
class Client(RouteCalls, BatchCalls, BudgetCalls, AdminCalls):
    """The asyncio client of imggen; an async context manager.

    `target` and `token` default to `IMGGEN_SERVER` and `IMGGEN_TOKEN` of the environment. `token`
    is a string, or a function, sync or async, that returns a token for each call. The channel
    uses TLS unless the address is loopback or `insecure` is set; certificates and keys are PEM.
    `proxy` is the URL of an HTTP proxy, the environment's if None, and none if empty; loopback
    addresses have none. `timeout` is the deadline of a call and `download_timeout` that of a
    download, in seconds; a watch has none, and tries to reconnect for up to `patience` seconds.

    Calls are repeated while the server is unavailable. Each create and each retry has a
    `request_id`, made once per call if none is given, so a repeated call does nothing twice.
    Methods accept an object or its id. Every method raises `imggen.errors.ImggenError`.
    """

    def __init__(
        self,
        target: str | None = None,
        *,
        token: TokenSource | None = None,
        root_certificates: bytes | None = None,
        client_certificate: bytes | None = None,
        client_key: bytes | None = None,
        insecure: bool = False,
        proxy: str | None = None,
        timeout: float = 30.0,
        download_timeout: float = 300.0,
        patience: float = 60.0,
    ) -> None:
        security = {
            "root_certificates": root_certificates,
            "client_certificate": client_certificate,
            "client_key": client_key,
        }
        check_security(**security, insecure=insecure)
        address = target_of(target, os.environ)
        self._connection = Connection(
            address,
            partial(credentials_for, address, **security, insecure=insecure),
            token_of(token, os.environ),
            proxy_for(address, proxy, os.environ),
        )
        self._timeout = timeout
        self._download_timeout = download_timeout
        self._patience = patience

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the calls in progress and closes the channel; jobs continue."""
        await self._connection.close()

    def with_timeout(self, seconds: float) -> Self:
        """Returns this client with another deadline for its calls; both share one channel."""
        client = copy(self)
        client._timeout = client._download_timeout = seconds
        return client

    async def server_version(self) -> str:
        """Returns the server's version, empty for one that says none; needs no token."""
        return await self._connection.server_version(self._timeout)

    async def generate_portrait(
        self, character: Character | str, **fields: Unpack[PortraitFields]
    ) -> Job:
        """Requests the portrait of a character, which becomes its reference; returns the job."""
        request = portrait_request(character, **fields)
        return (await self._call(self._connection.generation.GeneratePortrait, request)).job

    async def generate_scene(
        self, story: Story | str, page: Page | str | int, **fields: Unpack[SceneFields]
    ) -> Job:
        """Requests the scene of a story's page; returns the job.

        The page is one of the story's, its id, or its number now, counted from 1, which takes
        another call.
        """
        request = scene_request(story, await self._known_page(story, page), **fields)
        return (await self._call(self._connection.generation.GenerateScene, request)).job

    async def regenerate(self, image: Image | str, **fields: Unpack[RegenerationFields]) -> Job:
        """Requests a new version of an image, with the given changes; returns the job."""
        request = regeneration_request(image, **fields)
        return (await self._call(self._connection.generation.RegenerateImage, request)).job

    async def upscale(self, image: Image | str, **fields: Unpack[UpscaleFields]) -> Job:
        """Requests a new print asset of an image, enlarged by a model; returns the job.

        The image keeps its other assets, and the old print asset until the new one is stored.
        """
        request = upscale_request(image, **fields)
        return (await self._call(self._connection.generation.UpscaleImage, request)).job

    async def get_job(self, job: Job | str) -> Job:
        """Gets a job as it is now; raises NotFound for another user's."""
        request = job_pb2.GetJobRequest(job_id=job_id_of(job))
        return (await self._call(self._connection.jobs.GetJob, request)).job

    def list_jobs(
        self,
        *,
        statuses: Sequence[JobStatus.ValueType | JobStatusName] = (),
        story: Story | str = "",
        metadata: Mapping[str, str] | None = None,
        page_size: int = 0,
    ) -> AsyncGenerator[Job, None]:
        """Yields the jobs that match all filters, the newest first; `metadata` is one pair."""
        request = job_pb2.ListJobsRequest(
            statuses=[number_of(JobStatus, status) for status in statuses],
            story_id=id_of(story),
            metadata=metadata_filter(metadata),
            page_size=page_size,
        )
        return pages(
            lambda: self._call(self._connection.jobs.ListJobs, request),
            request,
            lambda page: page.jobs,
        )

    def watch(self, job: Job | str, *, previews: bool = False) -> AsyncGenerator[Snapshot, None]:
        """Yields snapshots of a job until it has ended, the last one with the image.

        When the connection breaks, the watch reconnects and continues. Progress never decreases
        within an attempt. A hosted model sends previews only to those who watch as its call begins.
        """
        request = job_pb2.WatchJobRequest(job_id=job_id_of(job), include_previews=previews)
        return follow(self._connection, request, patience=self._patience)

    async def wait(self, job: Job | str, timeout: float | None = None) -> Image:
        """Waits for the end of a job and returns its image.

        With a `timeout` it goes on to its end, however long the server is away.

        Raises:
            JobFailed: The job failed permanently.
            JobCancelled: The job was cancelled.
            DeadlineExceeded: The job has not ended within `timeout` seconds; it continues.
        """
        try:
            async with asyncio.timeout(timeout):
                return await self._image_of(job, self._patience if timeout is None else math.inf)
        except TimeoutError as late:
            if isinstance(late, DeadlineExceeded):
                raise
            raise DeadlineExceeded(
                f"job {job_id_of(job)} has not ended within {timeout:g} s; it continues: wait for "
                "it again, or cancel it",
                reason=ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED,
            ) from late

    async def cancel(self, job: Job | str) -> Job:
        """Cancels a job: a queued job at once, a running job before its next step."""
        request = job_pb2.CancelJobRequest(job_id=job_id_of(job))
        return (await self._call(self._connection.jobs.CancelJob, request)).job

    async def retry(
        self, job: Job | str, *, priority: int | None = None, request_id: str | None = None
    ) -> Job:
        """Queues a failed or cancelled job again, with all its retries."""
        request = job_pb2.RetryJobRequest(
            job_id=job_id_of(job), priority=priority, request_id=or_new(request_id)
        )
        return (await self._call(self._connection.jobs.RetryJob, request)).job

    async def get_image(self, image: Image | str) -> Image:
        """Gets an image, with newly signed URLs."""
        request = image_pb2.GetImageRequest(image_id=id_of(image))
        return (await self._call(self._connection.images.GetImage, request)).image

    def list_images(
        self,
        *,
        story: Story | str = "",
        character: Character | str = "",
        type: ImageType.ValueType | ImageTypeName = ImageType.IMAGE_TYPE_UNSPECIFIED,
        status: ImageStatus.ValueType | ImageStatusName = ImageStatus.IMAGE_STATUS_UNSPECIFIED,
        page: Page | str | int = "",
        metadata: Mapping[str, str] | None = None,
        page_size: int = 0,
    ) -> AsyncGenerator[Image, None]:
        """Yields the images that match all filters, the newest first; `metadata` is one pair.

        The number of a page needs its story.
        """
        request = image_pb2.ListImagesRequest(
            story_id=id_of(story),
            character_id=id_of(character),
            type=number_of(ImageType, type),
            status=number_of(ImageStatus, status),
            page_id="" if isinstance(page, int) else id_of(page),
            metadata=metadata_filter(metadata),
            page_size=page_size,
        )

        async def fetch() -> ListImagesResponse:
            if isinstance(page, int) and not request.page_id:
                request.page_id = (await self.page(story, page)).id
            return await self._call(self._connection.images.ListImages, request)

        return pages(fetch, request, lambda page: page.images)

    async def delete_image(self, image: Image | str) -> None:
        """Deletes an image and cancels a job that still makes it."""
        request = image_pb2.DeleteImageRequest(image_id=id_of(image))
        await self._call(self._connection.images.DeleteImage, request)

    def events(
        self,
        after_cursor: str = "",
        *,
        kinds: Sequence[EventKind.ValueType | EventKindName] = (),
        checkpoints: bool = False,
    ) -> AsyncGenerator[Event, None]:
        """Yields changes of status of jobs, images and batches, from those after a cursor.

        Without a cursor it starts now; `oldest` starts with the oldest event that is kept. When
        the connection breaks, it reconnects and continues after the last event whose loop body
        has finished, so that each event is yielded at least once. Keep `event.cursor` to resume
        in another process; `checkpoints` adds events that only advance the cursor, every few
        seconds without a change.

        Raises:
            FailedPrecondition: The cursor is too old: list the current state, then start again
                without a cursor.
        """
        request = event_pb2.WatchEventsRequest(
            after_cursor=after_cursor, kinds=[number_of(EventKind, kind) for kind in kinds]
        )
        return follow_events(
            self._connection, request, checkpoints=checkpoints, patience=self._patience
        )

    @overload
    async def download(
        self,
        image: Image | str,
        path: None = None,
        *,
        kind: AssetKind.ValueType | AssetKindName = "display",
    ) -> bytes: ...

    @overload
    async def download(
        self,
        image: Image | str,
        path: str | PathLike[str],
        *,
        kind: AssetKind.ValueType | AssetKindName = "display",
    ) -> Path: ...

    async def download(
        self,
        image: Image | str,
        path: str | PathLike[str] | None = None,
        *,
        kind: AssetKind.ValueType | AssetKindName = "display",
    ) -> bytes | Path:
        """Returns the bytes of an image, or writes them to a file and returns its path.

        The file appears only once it is complete and its checksum matches. A download that is cut
        off begins again, for up to `patience` seconds and within its deadline.

        Raises:
            DataLoss: The bytes differ from the stored ones.
        """
        request = image_pb2.DownloadImageRequest(
            image_id=id_of(image), asset_kind=number_of(AssetKind, kind)
        )
        downloads = Downloads(self._connection, self._download_timeout, self._patience)
        if path is None:
            buffer = BytesIO()
            await downloads.receive(request, buffer)
            return buffer.getvalue()
        with whole_file(Path(path)) as file:
            await downloads.receive(request, file)
        return Path(path)

    async def _image_of(self, job: Job | str, patience: float) -> Image:
        """Returns the image of a job that has ended; raises what has become of it instead."""
        last = Snapshot()
        request = job_pb2.WatchJobRequest(job_id=job_id_of(job))
        async with aclosing(follow(self._connection, request, patience=patience)) as snapshots:
            async for snapshot in snapshots:
                last = snapshot
        if last.job.status == JobStatus.JOB_STATUS_FAILED:
            raise JobFailed(last.job)
        if last.job.status == JobStatus.JOB_STATUS_CANCELLED:
            raise JobCancelled(last.job)
        if last.HasField("image"):
            return last.image
        absence = Absence(self._connection, patience)
        return await absence.until_answered(lambda: self.get_image(last.job.image_id))
