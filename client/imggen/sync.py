"""The client for code without an event loop: `Client`, run on a private loop."""

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from os import PathLike
from pathlib import Path
from typing import Self, Unpack, overload

from imggen.boundary import bounded
from imggen.client import Client, Snapshot
from imggen.fields import (
    AssetKindName,
    EventKindName,
    ImageStatusName,
    ImageTypeName,
    JobStatusName,
)
from imggen.looping import LoopThread
from imggen.orders import PortraitFields, RegenerationFields, SceneFields, UpscaleFields
from imggen.sync_admin import SyncAdminCalls
from imggen.sync_batches import SyncBatchCalls
from imggen.sync_budgets import SyncBudgetCalls
from imggen.sync_library import SyncLibraryCalls
from imggen.sync_routes import SyncRouteCalls
from imggen.tokens import TokenSource
from imggen.v1.character_pb2 import Character
from imggen.v1.event_pb2 import Event, EventKind
from imggen.v1.image_pb2 import AssetKind, Image, ImageStatus, ImageType
from imggen.v1.job_pb2 import Job, JobStatus
from imggen.v1.story_pb2 import Page, Story


@bounded
class SyncClient(SyncLibraryCalls, SyncBatchCalls, SyncBudgetCalls, SyncRouteCalls, SyncAdminCalls):
    """The synchronous client of imggen; a context manager.

    It has the arguments and the methods of `Client`, without `await`, and is safe to use from
    several threads. Lists and watches are ordinary iterators.
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
        self._client: Client = Client(
            target,
            token=token,
            root_certificates=root_certificates,
            client_certificate=client_certificate,
            client_key=client_key,
            insecure=insecure,
            proxy=proxy,
            timeout=timeout,
            download_timeout=download_timeout,
            patience=patience,
        )
        self._loop = LoopThread("imggen-client", self._client._connection.rest)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the calls in progress, closes the channel and ends the thread; jobs continue."""
        if self._loop.alive:
            self._loop.run(self._client.close())
        self._loop.close()

    def with_timeout(self, seconds: float) -> Self:
        """Returns this client with another deadline for its calls; both share one channel."""
        client = copy(self)
        client._client = self._client.with_timeout(seconds)
        return client

    def server_version(self) -> str:
        """Returns the server's version, empty for one that says none; needs no token."""
        return self._loop.run(self._client.server_version())

    def generate_portrait(
        self, character: Character | str, **fields: Unpack[PortraitFields]
    ) -> Job:
        """Requests the portrait of a character, which becomes its reference; returns the job."""
        return self._loop.run(self._client.generate_portrait(character, **fields))

    def generate_scene(
        self, story: Story | str, page: Page | str | int, **fields: Unpack[SceneFields]
    ) -> Job:
        """Requests the scene of a story's page; returns the job.

        The page is one of the story's, its id, or its number now, counted from 1, which takes
        another call.
        """
        return self._loop.run(self._client.generate_scene(story, page, **fields))

    def regenerate(self, image: Image | str, **fields: Unpack[RegenerationFields]) -> Job:
        """Requests a new version of an image, with the given changes; returns the job."""
        return self._loop.run(self._client.regenerate(image, **fields))

    def upscale(self, image: Image | str, **fields: Unpack[UpscaleFields]) -> Job:
        """Requests a new print asset of an image, enlarged by a model; returns the job.

        The image keeps its other assets, and the old print asset until the new one is stored.
        """
        return self._loop.run(self._client.upscale(image, **fields))

    def get_job(self, job: Job | str) -> Job:
        """Gets a job as it is now; raises NotFound for another user's."""
        return self._loop.run(self._client.get_job(job))

    def list_jobs(
        self,
        *,
        statuses: Sequence[JobStatus.ValueType | JobStatusName] = (),
        story: Story | str = "",
        metadata: Mapping[str, str] | None = None,
        page_size: int = 0,
    ) -> Iterator[Job]:
        """Yields the jobs that match all filters, the newest first; `metadata` is one pair."""
        return self._loop.iterate(
            self._client.list_jobs(
                statuses=statuses, story=story, metadata=metadata, page_size=page_size
            )
        )

    def watch(self, job: Job | str, *, previews: bool = False) -> Iterator[Snapshot]:
        """Yields snapshots of a job until it has ended, the last one with the image.

        When the connection breaks, the watch reconnects and continues. Progress never decreases
        within an attempt. A hosted model sends previews only to those who watch as its call begins.
        """
        return self._loop.iterate(self._client.watch(job, previews=previews))

    def wait(self, job: Job | str, timeout: float | None = None) -> Image:
        """Waits for the end of a job and returns its image.

        With a `timeout` it goes on to its end, however long the server is away.

        Raises:
            JobFailed: The job failed permanently.
            JobCancelled: The job was cancelled.
            DeadlineExceeded: The job has not ended within `timeout` seconds; it continues.
        """
        return self._loop.run(self._client.wait(job, timeout))

    def cancel(self, job: Job | str) -> Job:
        """Cancels a job: a queued job at once, a running job before its next step."""
        return self._loop.run(self._client.cancel(job))

    def retry(
        self, job: Job | str, *, priority: int | None = None, request_id: str | None = None
    ) -> Job:
        """Queues a failed or cancelled job again, with all its retries."""
        return self._loop.run(self._client.retry(job, priority=priority, request_id=request_id))

    def get_image(self, image: Image | str) -> Image:
        """Gets an image, with newly signed URLs."""
        return self._loop.run(self._client.get_image(image))

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
    ) -> Iterator[Image]:
        """Yields the images that match all filters, the newest first; `metadata` is one pair.

        The number of a page needs its story.
        """
        return self._loop.iterate(
            self._client.list_images(
                story=story,
                character=character,
                type=type,
                status=status,
                page=page,
                metadata=metadata,
                page_size=page_size,
            )
        )

    def delete_image(self, image: Image | str) -> None:
        """Deletes an image and cancels a job that still makes it."""
        self._loop.run(self._client.delete_image(image))

    def events(
        self,
        after_cursor: str = "",
        *,
        kinds: Sequence[EventKind.ValueType | EventKindName] = (),
        checkpoints: bool = False,
    ) -> Iterator[Event]:
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
        return self._loop.iterate(
            self._client.events(after_cursor, kinds=kinds, checkpoints=checkpoints)
        )

    @overload
    def download(
        self,
        image: Image | str,
        path: None = None,
        *,
        kind: AssetKind.ValueType | AssetKindName = "display",
    ) -> bytes: ...

    @overload
    def download(
        self,
        image: Image | str,
        path: str | PathLike[str],
        *,
        kind: AssetKind.ValueType | AssetKindName = "display",
    ) -> Path: ...

    def download(
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
        if path is None:
            return self._loop.run(self._client.download(image, kind=kind))
        return self._loop.run(self._client.download(image, path, kind=kind))
