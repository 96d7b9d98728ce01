"""The fake's servicer of images."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import grpc.aio

from imggen.fields import short_name, short_names
from imggen.rules.checks import Checks
from imggen.rules.filters import wanted, wanted_metadata
from imggen.rules.paging import read_page
from imggen.rules.states import image_not_ready
from imggen.testing.assets import asset_of
from imggen.testing.feed import Feed
from imggen.testing.jobs import has_pair
from imggen.testing.lists import page_of
from imggen.testing.memory import Memory
from imggen.testing.shown import shown_image
from imggen.testing.worker import Worker
from imggen.v1 import image_pb2
from imggen.v1.image_pb2 import (
    ASSET_KIND_DISPLAY,
    IMAGE_STATUS_COMPLETED,
    AssetHeader,
    AssetKind,
    ImageStatus,
    ImageType,
)
from imggen.v1.image_pb2_grpc import ImageServiceServicer
from imggen.watching import has_ended

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

# Far below the contract's limit, so that every picture needs several chunks.
_CHUNK_BYTES = 512
_TYPES = {name: number for name, number in short_names(ImageType).items() if number}
_STATUSES = {name: number for name, number in short_names(ImageStatus).items() if number}
_KINDS = {name: number for name, number in short_names(AssetKind).items() if number}


class Images(ImageServiceServicer):
    """The fake's servicer of images."""

    def __init__(self, memory: Memory, feed: Feed, worker: Worker) -> None:
        self._memory = memory
        self._feed = feed
        self._worker = worker

    async def GetImage(
        self, request: image_pb2.GetImageRequest, context: Context
    ) -> image_pb2.GetImageResponse:
        """Returns an image as it is now; raises NotFound for an unknown or deleted one."""
        image = self._memory.images[_id(request.image_id)]
        return image_pb2.GetImageResponse(image=shown_image(self._memory, image))

    async def ListImages(
        self, request: image_pb2.ListImagesRequest, context: Context
    ) -> image_pb2.ListImagesResponse:
        """Lists the images that match the filters, the newest first."""
        checks = Checks()
        asked = read_page(checks, request)
        story = checks.id("story_id", request.story_id, str, required=False)
        character = checks.id("character_id", request.character_id, str, required=False)
        wanted(checks, "type", request.type, _TYPES)
        wanted(checks, "status", request.status, _STATUSES)
        page_id = checks.id("page_id", request.page_id, str, required=False)
        pair = wanted_metadata(checks, "metadata", request.metadata)
        found = [
            (number, shown_image(self._memory, image))
            for number, image in self._memory.images.newest()
            if story in (None, image.story_id)
            and (character is None or character in image.character_ids)
            and request.type in (0, image.type)
            and request.status in (0, image.status)
            and page_id in (None, image.page_id)
            and has_pair(image.metadata, pair)
        ]
        page, token = page_of(checks, request, asked, found)
        return image_pb2.ListImagesResponse(images=page, next_page_token=token)

    async def DeleteImage(
        self, request: image_pb2.DeleteImageRequest, context: Context
    ) -> image_pb2.DeleteImageResponse:
        """Deletes an image and cancels the jobs that still make it, or its print asset."""
        asked = _id(request.image_id)
        known = asked in self._memory.images
        image = self._memory.images.delete(asked)
        if known:
            self._memory.drop_reference(image)
            self._feed.tell_image(image, deleted=True)
            for job in self._memory.jobs:
                if job.image_id == image.id and not has_ended(job):
                    self._worker.cancel(job)
        return image_pb2.DeleteImageResponse()

    async def DownloadImage(
        self, request: image_pb2.DownloadImageRequest, context: Context
    ) -> AsyncIterator[image_pb2.DownloadImageResponse]:
        """Streams an asset: first its header, then its bytes."""
        checks = Checks()
        asked = checks.id("image_id", request.image_id, str)
        wanted(checks, "asset_kind", request.asset_kind, _KINDS)
        image = self._memory.images[checks.complete(asked)]
        if image.status != IMAGE_STATUS_COMPLETED:
            raise image_not_ready(image.id, short_name(ImageStatus, image.status))
        kind = request.asset_kind or ASSET_KIND_DISPLAY
        drawing, printed = self._memory.drawings[image.id], self._memory.prints.get(image.id)
        asset = asset_of(image, kind, drawing, printed)
        header = AssetHeader(
            asset_kind=kind,
            content_type=asset.content_type,
            size_bytes=len(asset.data),
            sha256=hashlib.sha256(asset.data).hexdigest(),
            picture_check=image.picture_check,
            checked_by=image.checked_by,
        )
        yield image_pb2.DownloadImageResponse(header=header)
        for start in range(0, len(asset.data), _CHUNK_BYTES):
            yield image_pb2.DownloadImageResponse(data=asset.data[start : start + _CHUNK_BYTES])


def _id(value: str) -> str:
    checks = Checks()
    return checks.complete(checks.id("image_id", value, str))
