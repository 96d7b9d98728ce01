"""What a page shows is read once for all attempts, and says who is on the picture."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from actors.extractors import AskedScene, PaidExtractor
from actors.extractors.bounds import MOST_BYTES, MOST_ITEMS
from actors.extractors.chat import open_chat
from actors.extractors.pages import Page
from actors.extractors.rules.doubts import Why
from actors.prompts.composing import is_swapped
from actors.providers.base import Provider, ProviderFailed
from actors.providers.fake import FakeProvider
from actors.worker.reading import ContentReader
from server.domain.characters import FrozenCharacter
from server.domain.ids import CharacterId, ImageId
from server.domain.jobs import NewJob
from server.domain.lanes import JobLane
from server.domain.money import Bill
from server.domain.scenes import (
    DayTime,
    Figure,
    LossKind,
    Mood,
    Scene,
    Season,
    Side,
    Unsure,
    Weather,
)
from server.domain.spec import RenderSpec
from server.domain.states import ImageType, JobStatus, Lane
from server.routing.catalogue import KNOWN, Catalogue
from server.routing.failover import FailureKind
from tests.builders import description, new_job, render_spec
from tests.integration.job_queue import JobQueue
from tests.integration.paid_jobs import PAID, providers
from tests.integration.test_worker_reading import LIMIT, LOCAL, PRICE, fake, local, submit
from tests.unit.test_extractor_chat import content, figure
from tests.wire.behaviours import saying
from tests.wire.contract import Operation
from tests.wire.server import WireServer

CHAT = [Operation.CHAT]
LEASE = timedelta(seconds=60)
TEXT = "Mia met Tom at the old mill."


@pytest.fixture
async def chat(wire: WireServer) -> AsyncIterator[PaidExtractor]:
    """Yields the chat extractor; the wire server reads each page in another way."""
    for place in ("mill", "old mill", "the old mill"):
        wire.script.then(saying(content(figure("Mia"), place=place)), on=CHAT)
    async with open_chat(
        base_url=wire.base_url,
        api_key=wire.api_key,
        model="gpt-5-mini",
        provider="reader",
        price=PRICE,
        timeout_s=10.0,
    ) as extractor:
        yield extractor


class Told:
    """An extractor that finds what it is told, at no cost."""

    provider = model = "reader"

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def most_micros(self, page: Page) -> int:
        return 0

    async def ask(self, page: Page) -> AskedScene:
        return AskedScene(self._scene, Bill(0))


class Counting:
    """An extractor that finds another place each time."""

    def __init__(self) -> None:
        self.pages: list[Page] = []

    async def read(self, page: Page) -> Scene:
        self.pages.append(page)
        return Scene(place=f"place {len(self.pages)}")


async def cast(queue: JobQueue, *names: str) -> list[FrozenCharacter]:
    """Stores characters, and returns them as jobs have them."""
    made = []
    for name in names:
        looks = description(name=name)
        one = await queue.store.characters.create(queue.user, looks, None)
        assert one is not None
        made.append(FrozenCharacter(one, 1, looks))
    return made


def paged(
    characters: Sequence[FrozenCharacter] = (), others: Sequence[FrozenCharacter] = (), **more: str
) -> RenderSpec:
    """Returns the spec of the page, with references."""
    return replace(
        render_spec(image_type=ImageType.SCENE, page_text=TEXT, use_references=True, **more),
        characters=tuple(characters),
        others=tuple(others),
    )


async def places(queue: JobQueue) -> list[str]:
    """Returns the places of all scenes that are kept."""
    rows = await queue.store.database.fetch("SELECT scene ->> 'place' AS place FROM scenes")
    return [row["place"] for row in rows]


async def reads(queue: JobQueue) -> int:
    """Returns how many readings were paid for."""
    rows = await queue.store.database.fetch("SELECT FROM calls WHERE call = 'read'")
    return len(rows)


async def drawn(
    queue: JobQueue,
    new: NewJob,
    chat: PaidExtractor | None = None,
    providers: dict[str, Provider] | None = None,
    catalogue: Catalogue = LOCAL,
    status: JobStatus = JobStatus.COMPLETED,
) -> None:
    """Runs a worker until the job has ended."""
    async with queue.worker(
        extractor=chat, providers=providers or local(), catalogue=catalogue, poll_s=0.2
    ):
        await queue.becomes(new, status)


async def shown_with(queue: JobQueue, one: FrozenCharacter) -> list[ImageId]:
    """Returns the images that are listed for a character."""
    rows = await queue.store.database.fetch(
        "SELECT image_id FROM image_characters WHERE character_id = $1", one.id
    )
    return [row["image_id"] for row in rows]


async def test_a_retry_draws_the_same_scene_and_does_not_pay_again(
    job_queue: JobQueue, chat: PaidExtractor
) -> None:
    new = await submit(job_queue, spec=paged(await cast(job_queue, "Mia")), hosted=True)
    busy = ProviderFailed(FailureKind.NOT_CONNECTED, "it failed")
    await drawn(job_queue, new, chat, fake([busy, busy]), Catalogue([KNOWN["fake"]]))
    assert (await job_queue.job(new.id)).attempt == 3
    assert (await reads(job_queue), await places(job_queue)) == (1, ["mill"])


async def test_another_offer_draws_the_same_scene(job_queue: JobQueue, chat: PaidExtractor) -> None:
    spec = replace(paged(await cast(job_queue, "Mia")), model="fake")
    lanes = (JobLane(Lane.HOSTED, ("fake", "dear")),)
    new = new_job(job_queue.user, spec=spec, lanes=lanes, provider="fake")
    async with job_queue.store.transaction() as tx:
        await tx.money.default_limit(LIMIT)
        await tx.submits.submit(new)
    broken = ProviderFailed(FailureKind.MODEL_GONE, "it failed")
    first, second = FakeProvider([broken]), providers()["dear"]
    await drawn(job_queue, new, chat, {"fake": first, "dear": second}, PAID)
    job = await job_queue.job(new.id)
    assert job.model == "dear"
    assert (await reads(job_queue), await places(job_queue)) == (1, ["mill"])


async def test_what_a_page_leaves_open_is_told_with_its_job_and_its_image(
    job_queue: JobQueue,
) -> None:
    text = replace(paged(await cast(job_queue, "Mia")), page_text="Mia laughed.")
    new = await job_queue.submit(spec=text)
    before = await job_queue.job(new.id)
    await drawn(job_queue, new)
    image = await job_queue.store.images.get(job_queue.user, new.image_id)
    assert image is not None
    nowhere = Unsure("", LossKind.PLACE, Why.NOWHERE)
    assert (before.unsure, (await job_queue.job(new.id)).unsure) == ((), (nowhere,))
    assert image.unsure == (nowhere,)


async def test_a_portrait_leaves_nothing_open(job_queue: JobQueue) -> None:
    new = await job_queue.submit()
    await drawn(job_queue, new)
    assert (await job_queue.job(new.id)).unsure == ()


async def test_a_rescued_job_has_the_scene_of_the_lost_worker(
    job_queue: JobQueue, chat: PaidExtractor
) -> None:
    new = await submit(job_queue, spec=paged(await cast(job_queue, "Mia")))
    claim = await job_queue.claim_as_lost_worker()
    kept = Scene(figures=(Figure(CharacterId(claim.spec.characters[0].id)),), place="sea")
    await job_queue.store.scenes.keep(claim, kept)
    await job_queue.store.leases.rescue(timedelta(0))
    await drawn(job_queue, new, chat)
    assert (await reads(job_queue), await places(job_queue)) == (0, ["sea"])


async def test_a_worker_that_lost_its_lease_keeps_nothing(job_queue: JobQueue) -> None:
    await submit(job_queue, spec=paged())
    lost = await job_queue.claim_as_lost_worker()
    await job_queue.store.leases.rescue(timedelta(0))
    extractor = Counting()
    reader = ContentReader(extractor, job_queue.store.scenes)
    assert (await reader.read(lost)).scene.place == "place 1"
    assert await places(job_queue) == []
    [claim] = await job_queue.store.leases.claim("w", Lane.LOCAL, 1, LEASE)
    for _ in range(2):
        assert (await reader.read(claim)).scene.place == "place 2"
        await job_queue.store.scenes.keep(lost, Scene(place="late"))
    assert await places(job_queue) == ["place 2"]
    assert len(extractor.pages) == 2


async def test_a_scene_comes_back_as_it_was_kept(job_queue: JobQueue) -> None:
    who = await cast(job_queue, "Mia", "Tom", "Eve")
    await submit(job_queue, spec=paged(who))
    [claim] = await job_queue.store.leases.claim("w", Lane.LOCAL, 1, LEASE)
    words = ("a lantern", "caf\u00e9 \U0001f98a")
    ids = [CharacterId(one.id) for one in who]
    figures = tuple(
        Figure(one, words, mood, words, words, words, side)
        for one, mood, side in zip(ids, Mood, Side, strict=False)
    )
    times = (DayTime.NIGHT, Season.SPRING, tuple(Weather))
    unsure = (Unsure("the mill", LossKind.PLACE, "only hinted at"),)
    scene = Scene(figures, (ids[0],), words, "the mill", *times, words, words, words, TEXT)
    scene = replace(scene, unsure=unsure)
    await job_queue.store.scenes.keep(claim, scene)
    assert await job_queue.store.scenes.find(claim.job_id) == scene


async def test_a_retry_by_its_caller_keeps_the_scene(
    job_queue: JobQueue, chat: PaidExtractor, wire: WireServer
) -> None:
    new = await submit(job_queue, spec=paged(await cast(job_queue, "Mia")), hosted=True)
    gone = ProviderFailed(FailureKind.MODERATED, "it was refused")
    one = Catalogue([KNOWN["fake"]])
    await drawn(job_queue, new, chat, fake([gone]), one, JobStatus.FAILED)
    async with job_queue.store.transaction() as tx:
        assert await tx.jobs.retry(job_queue.user, new.id, None)
        assert await tx.money.hold([new.id], LIMIT) is None
    await drawn(job_queue, new, chat, fake(), one)
    assert (await reads(job_queue), await places(job_queue)) == (1, ["mill"])
    assert len(wire.journal.accepted) == 1


@pytest.mark.parametrize("swapped", [True, False])
async def test_a_character_whom_the_text_names_is_drawn_without_being_listed(
    job_queue: JobQueue, swapped: bool
) -> None:
    mia, tom, eve = await cast(job_queue, "Mia", "Tom", "Eve")
    seed = next(one for one in range(100) if is_swapped(one) is swapped)
    new = await job_queue.submit(spec=replace(paged([mia], [eve, tom]), seed=seed))
    await drawn(job_queue, new)
    image = await job_queue.store.images.get(job_queue.user, new.image_id)
    assert image is not None
    assert image.character_ids == (mia.id, tom.id)
    assert image.prompt.count("girl") == 2
    used = (await job_queue.job(new.id)).references
    assert [one.character_id for one in used] == [mia.id, tom.id]
    assert await shown_with(job_queue, tom) == [new.image_id]
    assert await shown_with(job_queue, eve) == []


async def test_a_listed_character_whom_the_text_says_is_away_is_not_drawn(
    job_queue: JobQueue,
) -> None:
    mia, tom, eve = await cast(job_queue, "Mia", "Tom", "Eve")
    new = await job_queue.submit(spec=paged([eve, mia], [tom]))
    await drawn(job_queue, new, Told(Scene(away=(CharacterId(eve.id),))))
    image = await job_queue.store.images.get(job_queue.user, new.image_id)
    assert image is not None
    assert image.character_ids == (mia.id,)
    used = (await job_queue.job(new.id)).references
    assert [one.character_id for one in used] == [mia.id]
    assert await shown_with(job_queue, mia) == [new.image_id]
    assert await shown_with(job_queue, eve) == []


async def test_the_place_is_carried_over_from_the_page_before(job_queue: JobQueue) -> None:
    spec = replace(paged(), page_text="It began to rain.", before=("They sat on the beach.",))
    await drawn(job_queue, await job_queue.submit(spec=spec))
    [place] = await places(job_queue)
    assert "beach" in place


async def test_what_is_kept_of_a_scene_is_bounded(job_queue: JobQueue) -> None:
    new = await job_queue.submit(spec=replace(paged(), page_text="A red boat. " * 2_000))
    await drawn(job_queue, new, Told(Scene(props=("boat",) * 9_999, told="boat " * 99_999)))
    [row] = await job_queue.store.database.fetch("SELECT scene FROM scenes")
    assert len(row["scene"]["props"]) == MOST_ITEMS
    assert len(json.dumps(row["scene"])) <= MOST_BYTES


async def test_an_older_worker_leaves_a_page_that_others_may_be_on(job_queue: JobQueue) -> None:
    await job_queue.submit(spec=paged((), await cast(job_queue, "Tom")))
    [row] = await job_queue.store.database.fetch("SELECT spec_version FROM job_lanes")
    assert row["spec_version"] == 5
