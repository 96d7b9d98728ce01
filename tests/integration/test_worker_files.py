"""The files of a picture say what the image says: whether a classifier has looked at it."""

from io import BytesIO

import pytest
from PIL import Image

from actors.testing.classifying import ScriptedPictures
from imggen.rules.credentials import SOURCE_TYPE
from server.domain.states import AssetKind, JobStatus
from tests.integration.job_queue import JobQueue, storage_in
from tests.integration.test_worker_pictures import submit
from tests.integration.test_worker_texts import ended


@pytest.mark.parametrize("looks", [None, ScriptedPictures()], ids=["unchecked", "checked"])
async def test_stored_files_say_what_the_image_says(
    job_queue: JobQueue, looks: ScriptedPictures | None
) -> None:
    new = await submit(job_queue)
    await ended(job_queue, new, JobStatus.COMPLETED, pictures=looks)
    image = await job_queue.store.images.get(job_queue.user, new.image_id)
    assert image is not None
    assert image.check is not None
    said = {
        "about": "",
        "DigitalSourceType": SOURCE_TYPE,
        "pictureCheck": image.check.name,
    }
    if looks:
        said["checkedBy"] = image.checked_by
    storage = storage_in(job_queue.folder)
    for kind in (AssetKind.DISPLAY, AssetKind.PRINT, AssetKind.THUMBNAIL):
        asset = await job_queue.store.images.asset(job_queue.user, image.id, kind)
        assert asset is not None
        data = await storage.get(asset.storage_key)
        with Image.open(BytesIO(data)) as file:
            assert file.getxmp()["xmpmeta"]["RDF"]["Description"] == said, kind
