"""ImageService: lists, downloads and deletes images."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from imggen.rules.checks import Checks
from imggen.rules.filters import wanted, wanted_metadata
from imggen.rules.missing import missing_image
from imggen.rules.states import image_not_ready
from imggen.v1 import image_pb2, image_pb2_grpc
from server.domain.ids import CharacterId, ImageId, PageId, StoryId, UserId
from server.domain.images import Image, ImageFilter
from server.domain.states import AssetKind
from server.identity.caller import Context, caller
from server.replies.messages import ASSET_KIND, IMAGE_STATUS, IMAGE_TYPE, PICTURE_CHECK, Replies
from server.replies.pages import fitting
from server.requests.page_tokens import page_request, page_token
from server.storage import Storage
from server.store import Store
from server.store.signals import Signals


class ImageService(image_pb2_grpc.ImageServiceServicer):
    """Gives callers their images."""

    def __init__(self, store: Store, storage: Storage, signals: Signals, replies: Replies) -> None:
        self._store = store
        self._storage = storage
        self._signals = signals
        self._replies = replies

    async def GetImage(
        self, request: image_pb2.GetImageRequest, context: Context
    ) -> image_pb2.GetImageResponse:
        """Returns an image with new URLs; raises NotFound for a deleted or another user's."""
        checks = Checks()
        image_id = checks.complete(checks.id("image_id", request.image_id, ImageId))
        image = await self._image(caller().user_id, image_id)
        return image_pb2.GetImageResponse(image=self._replies.image(image))

    async def ListImages(
        self, request: image_pb2.ListImagesRequest, context: Context
    ) -> image_pb2.ListImagesResponse:
        """Returns a page of images."""
        checks = Checks()
        asked = page_request(checks, request)
        filters = _filter(checks, request)
        page = checks.complete(asked)
        listing = await self._store.images.page(caller().user_id, page, filters)
        shown, last = fitting(listing, [self._replies.image(image) for image in listing.rows])
        return image_pb2.ListImagesResponse(images=shown, next_page_token=page_token(request, last))

    async def DeleteImage(
        self, request: image_pb2.DeleteImageRequest, context: Context
    ) -> image_pb2.DeleteImageResponse:
        """Hides an image and stops the jobs that make it, or its print asset."""
        checks = Checks()
        user = caller().user_id
        image_id = checks.complete(checks.id("image_id", request.image_id, ImageId))
        job = await self._store.images.delete(user, image_id)
        if job is None:
            raise missing_image(image_id)
        # After it is deleted, so that no upscale of it can be admitted meanwhile.
        jobs = [job, *await self._store.upscales.open_jobs(image_id)]
        await self._store.jobs.cancel_each(user, jobs)
        self._signals.tell(jobs)
        return image_pb2.DeleteImageResponse()

    async def DownloadImage(
        self, request: image_pb2.DownloadImageRequest, context: Context
    ) -> AsyncIterator[image_pb2.DownloadImageResponse]:
        """Streams an asset: first its header, then its bytes."""
        checks = Checks()
        user, asked = caller().user_id, checks.id("image_id", request.image_id, ImageId)
        kind = wanted(checks, "asset_kind", request.asset_kind, ASSET_KIND) or AssetKind.DISPLAY
        image_id = checks.complete(asked)
        image = await self._image(user, image_id)
        asset = await self._store.images.asset(user, image_id, kind)
        if asset is None:
            raise image_not_ready(image.id, image.status)
        header = image_pb2.AssetHeader(
            asset_kind=ASSET_KIND[kind],
            content_type=asset.content_type,
            size_bytes=asset.size_bytes,
            sha256=asset.sha256,
            picture_check=PICTURE_CHECK[image.check],
            checked_by=image.checked_by,
        )
        yield image_pb2.DownloadImageResponse(header=header)
        # Closes what the storage has open when the caller cancels the stream.
        async with aclosing(self._storage.stream(asset.storage_key)) as chunks:
            async for chunk in chunks:
                yield image_pb2.DownloadImageResponse(data=chunk)

    async def _image(self, user: UserId, image_id: ImageId) -> Image:
        image = await self._store.images.get(user, image_id)
        if image is None:
            raise missing_image(image_id)
        return image


def _filter(checks: Checks, request: image_pb2.ListImagesRequest) -> ImageFilter:
    story = checks.id("story_id", request.story_id, StoryId, required=False)
    character = checks.id("character_id", request.character_id, CharacterId, required=False)
    return ImageFilter(
        story_id=story,
        character_id=character,
        type=wanted(checks, "type", request.type, IMAGE_TYPE),
        status=wanted(checks, "status", request.status, IMAGE_STATUS),
        page_id=checks.id("page_id", request.page_id, PageId, required=False),
        metadata=wanted_metadata(checks, "metadata", request.metadata),
    )
