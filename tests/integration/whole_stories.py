"""What the tests of whole stories and of their batches share."""

from imggen.v1 import batch_pb2, job_pb2, story_pb2
from server.domain.jobs import Claim
from server.domain.states import Lane
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import LEASE, GatewayFixture


async def a_story(caller: Caller, pages: int = 3) -> story_pb2.Story:
    """Makes a story in which Mia is on every page and Leo on the first."""
    mia, leo = [(await caller.create_character(name=name)).id for name in ("Mia", "Leo")]
    pages_ = [
        story_pb2.Page(text=f"Page {number}.", character_ids=[mia] if number > 1 else [leo, mia])
        for number in range(1, pages + 1)
    ]
    return await caller.create_story(pages=pages_, style="cartoon")


async def jobs_of(caller: Caller, batch: str) -> dict[str, batch_pb2.BatchImage]:
    """Returns the images of a batch by name: `portrait 1`, `page 1`, `cover`."""
    images = (await caller.get_batch(batch)).images
    portraits = [image for image in images if image.character_id]
    names = {f"portrait {number}": image for number, image in enumerate(portraits, 1)}
    names |= {f"page {image.page_number}": image for image in images if image.page_number}
    covers = [image for image in images if image.job.kind == job_pb2.JOB_KIND_COVER]
    return names | dict(zip(["cover"], covers, strict=False))


async def claim_all(gateway: GatewayFixture) -> list[Claim]:
    """Claims every job that may run."""
    return await gateway.store.leases.claim("worker", Lane.LOCAL, 100, LEASE)
