"""References in the store: what a worker finds, keeps and marks, and how often they are used."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from actors.providers.base import ReferenceReading
from actors.worker.references import ReferenceResolver
from server.domain.characters import FrozenCharacter
from server.domain.ids import CharacterId, ImageId, UserId
from server.domain.jobs import Claim, NewJob, Outcome, Placement
from server.domain.references import Reference, ReferenceUse, UsedReference
from server.domain.states import AssetKind, ImageType, Lane
from server.storage.folder import FolderStorage
from server.storage.urls import UrlSigner
from server.store import Store
from tests.builders import STORYBOOK_STYLE, description, new_job, new_user, outcome, render_spec
from tests.integration.job_queue import until
from tests.integration.test_money_movements import waits

LEASE = timedelta(seconds=60)
STYLE = STORYBOOK_STYLE.id
ENCODER, OTHER = "encoder", "another encoder"
PORTRAIT = b"the bytes of a portrait"


@dataclass
class Cast:
    """A user's characters, and a worker that draws them."""

    store: Store
    user: UserId

    async def character(self) -> CharacterId:
        """Stores a character."""
        made = await self.store.characters.create(self.user, description(), None)
        assert made is not None
        return made

    async def claim(self, *new_jobs: NewJob) -> list[Claim]:
        """Submits jobs and claims them; returns the claims in the order of the jobs."""
        await self.store.submits.submit_each(new_jobs)
        claims = await self.store.leases.claim("w", Lane.LOCAL, len(new_jobs), LEASE)
        by_job = {claim.job_id: claim for claim in claims}
        return [by_job[new.id] for new in new_jobs]

    async def draw(self, new: NewJob, *used: UsedReference) -> NewJob:
        """Draws one picture."""
        [claim] = await self.claim(new)
        assert await self.store.leases.complete_each([(claim, drawn(claim, *used))]) == [True]
        return new

    def portrait(self, character: CharacterId, version: int = 1) -> NewJob:
        """Returns a job that draws a character with a version of its description."""
        spec = render_spec(characters=(FrozenCharacter(character, version, description()),))
        return new_job(self.user, spec=spec, placement=Placement(character_id=character))

    def scene(self, *characters: CharacterId) -> NewJob:
        """Returns a job that draws characters together."""
        frozen = tuple(FrozenCharacter(one, 1, description()) for one in characters)
        return new_job(self.user, spec=render_spec(image_type=ImageType.SCENE, characters=frozen))

    async def reference(
        self, character: CharacterId, *, encoder: str = ENCODER, style: str = STYLE
    ) -> Reference | None:
        """Returns the reference of a character, as a worker finds it."""
        return (await self.store.references.find([character], style, encoder)).get(character)

    async def found(self, character: CharacterId, *, encoder: str = ENCODER) -> Reference:
        """Returns the reference of a character, which must be there."""
        reference = await self.reference(character, encoder=encoder)
        assert reference is not None
        return reference

    async def uses(self, character: CharacterId) -> int:
        """Returns how often the reference of a character was used."""
        row = await self.store.database.fetchrow(
            "SELECT usage_count FROM character_references WHERE character_id = $1", character
        )
        assert row is not None
        return int(row["usage_count"])

    async def fresh(self, character: CharacterId) -> bool:
        """Returns whether a story would leave out the portrait of a character."""
        return character in await self.store.batches.fresh_portraits([character], STYLE)


@pytest.fixture
async def cast(store: Store) -> Cast:
    """Returns a user without characters."""
    return Cast(store, await new_user(store))


def drawn(claim: Claim, *used: UsedReference) -> Outcome:
    """Returns what a picture was completed with."""
    return outcome(claim.job_id, claim.attempt, references=used)


def used(character: CharacterId, image: ImageId) -> UsedReference:
    """Returns a reference that a picture was drawn from."""
    return UsedReference(character, ReferenceUse.DRAWN, image, 1.0)


async def test_a_worker_finds_the_original_of_the_reference_and_its_version(cast: Cast) -> None:
    mia, tom = await cast.character(), await cast.character()
    portrait = await cast.draw(cast.portrait(mia, version=3))
    assert await cast.store.references.find([mia, tom], "anime", ENCODER) == {}
    found = await cast.store.references.find([mia, tom], STYLE, ENCODER)
    assert list(found) == [mia]
    original = await cast.store.images.asset(cast.user, portrait.image_id, AssetKind.ORIGINAL)
    assert original is not None
    assert found[mia] == Reference(
        found[mia].id, mia, portrait.image_id, 3, original.storage_key, original.sha256
    )


async def test_an_embedding_is_kept_for_its_encoder_and_its_portrait(cast: Cast) -> None:
    mia = await cast.character()
    await cast.draw(cast.portrait(mia))
    await cast.store.references.keep(await cast.found(mia), ENCODER, b"first")
    await cast.store.references.keep(await cast.found(mia), ENCODER, b"\x00second")
    assert (await cast.found(mia)).embedding == b"\x00second"
    assert (await cast.found(mia, encoder=OTHER)).embedding is None
    await cast.draw(cast.portrait(mia))
    assert (await cast.found(mia)).embedding is None


async def test_an_unreadable_reference_is_drawn_again_by_the_next_story(cast: Cast) -> None:
    mia = await cast.character()
    await cast.draw(cast.portrait(mia))
    assert await cast.fresh(mia)
    await cast.store.references.keep(await cast.found(mia), ENCODER, b"embedding")
    await cast.store.references.mark_unreadable(await cast.found(mia), ENCODER)
    assert not await cast.fresh(mia)
    assert (await cast.found(mia)).embedding is None
    await cast.draw(cast.portrait(mia))
    assert await cast.fresh(mia)


@pytest.mark.parametrize("encoder", [ENCODER, OTHER])
async def test_a_reference_that_is_read_after_all_is_fresh_again(cast: Cast, encoder: str) -> None:
    mia = await cast.character()
    await cast.draw(cast.portrait(mia))
    await cast.store.references.mark_unreadable(await cast.found(mia), ENCODER)
    await cast.store.references.keep(await cast.found(mia), encoder, b"embedding")
    assert await cast.fresh(mia)
    assert (await cast.found(mia, encoder=encoder)).embedding == b"embedding"


async def test_a_portrait_that_is_read_after_all_has_no_marks(cast: Cast) -> None:
    mia = await cast.character()
    await cast.draw(cast.portrait(mia))
    for encoder in ("", ENCODER):
        await cast.store.references.mark_unreadable(await cast.found(mia), encoder)
    await cast.store.references.keep(await cast.found(mia), OTHER, b"embedding")
    await cast.store.references.mark_unreadable(await cast.found(mia), "")
    await cast.store.references.note_readable(await cast.found(mia))
    assert await cast.fresh(mia)
    found = await cast.found(mia, encoder=OTHER)
    assert (found.embedding, found.unreadable) == (b"embedding", False)
    await cast.draw(cast.portrait(mia))
    await cast.store.references.mark_unreadable(await cast.found(mia), "")
    await cast.store.references.note_readable(found)  # of the portrait before
    assert not await cast.fresh(mia)


async def test_a_portrait_sent_as_it_is_loses_its_mark_when_its_file_is_back(
    cast: Cast, tmp_path: Path
) -> None:
    mia = await cast.character()
    await cast.draw(cast.portrait(mia))
    [claim] = await cast.claim(cast.scene(mia))
    claim = replace(claim, spec=replace(claim.spec, use_references=True))
    reading = ReferenceReading(most=1)  # without an encoder, as hosted providers read them
    await cast.store.database.execute("UPDATE assets SET sha256 = $1", sha256(PORTRAIT).hexdigest())
    async with FolderStorage(tmp_path, UrlSigner("s" * 32, "")) as storage:
        resolver = ReferenceResolver(cast.store.references, storage, pauses_s=())
        lost = await resolver.resolve(claim, claim.spec.characters, reading)
        assert [one.use for one in lost.used] == [ReferenceUse.UNREADABLE]
        assert not await cast.fresh(mia)
        await storage.put((await cast.found(mia)).key, PORTRAIT, "image/png")
        back = await resolver.resolve(claim, claim.spec.characters, reading)
        assert [one.data for one in back.placed] == [PORTRAIT]
        assert await cast.fresh(mia)


Write = Callable[[Store, Reference], Coroutine[Any, Any, None]]


async def keep(store: Store, reference: Reference) -> None:
    await store.references.keep(reference, ENCODER, b"late")


async def mark(store: Store, reference: Reference) -> None:
    await store.references.mark_unreadable(reference, ENCODER)


@pytest.mark.parametrize("write", [keep, mark])
async def test_nothing_is_written_about_a_portrait_that_was_replaced(
    cast: Cast, write: Write
) -> None:
    mia = await cast.character()
    await cast.draw(cast.portrait(mia))
    before = await cast.found(mia)
    await cast.draw(cast.portrait(mia))
    await cast.store.references.keep(await cast.found(mia), ENCODER, b"of the new one")
    await write(cast.store, before)
    assert (await cast.found(mia)).embedding == b"of the new one"
    assert await cast.fresh(mia)


@pytest.mark.parametrize("write", [keep, mark])
async def test_nothing_is_written_about_a_portrait_that_is_replaced_at_this_moment(
    cast: Cast, write: Write
) -> None:
    mia = await cast.character()
    await cast.draw(cast.portrait(mia))
    before = await cast.found(mia)
    [claim] = await cast.claim(cast.portrait(mia))
    async with cast.store.transaction() as tx:
        await tx.leases.complete_each([(claim, drawn(claim))])
        late = asyncio.create_task(write(cast.store, before))
        await until(lambda: waits(cast.store))
    await late
    assert await cast.store.database.fetch("SELECT FROM reference_views") == []


async def test_a_job_and_its_image_say_what_became_of_their_references(cast: Cast) -> None:
    mia, tom, leo = [await cast.character() for _ in range(3)]
    portrait = await cast.draw(cast.portrait(mia))
    said = (
        UsedReference(leo, ReferenceUse.MISSING),
        UsedReference(mia, ReferenceUse.DRAWN, portrait.image_id, 0.6),
        UsedReference(tom, ReferenceUse.STALE, ImageId(uuid4())),
    )
    scene = await cast.draw(cast.scene(leo, mia, tom), *said)
    job = await cast.store.jobs.get(cast.user, scene.id)
    image = await cast.store.images.get(cast.user, scene.image_id)
    assert job is not None
    assert image is not None
    assert job.references == image.references == said
    plain = await cast.store.jobs.get(cast.user, portrait.id)
    assert plain is not None
    assert plain.references == ()


async def test_a_reference_counts_the_pictures_that_were_drawn_from_it(cast: Cast) -> None:
    mia, tom = await cast.character(), await cast.character()
    of_mia = await cast.draw(cast.portrait(mia))
    of_tom = await cast.draw(cast.portrait(tom))
    both = (used(mia, of_mia.image_id), used(tom, of_tom.image_id))
    claims = await cast.claim(cast.scene(mia, tom), cast.scene(mia, tom), cast.scene(mia))
    left_out = UsedReference(tom, ReferenceUse.LEFT_OUT, of_tom.image_id)
    ends = [both, (both[0], left_out), (both[0],)]
    ended = [(claim, drawn(claim, *end)) for claim, end in zip(claims, ends, strict=True)]
    assert await cast.store.leases.complete_each(ended) == [True] * 3
    assert (await cast.uses(mia), await cast.uses(tom)) == (3, 1)


async def test_a_lost_lease_counts_nothing(cast: Cast) -> None:
    mia = await cast.character()
    portrait = await cast.draw(cast.portrait(mia))
    [claim] = await cast.claim(cast.scene(mia))
    lost = replace(claim, attempt=claim.attempt - 1)
    end = drawn(claim, used(mia, portrait.image_id))
    assert await cast.store.leases.complete_each([(lost, end)]) == [False]
    assert await cast.uses(mia) == 0


async def test_a_portrait_that_was_replaced_meanwhile_is_not_counted(cast: Cast) -> None:
    mia = await cast.character()
    before = await cast.draw(cast.portrait(mia))
    [claim] = await cast.claim(cast.scene(mia))
    await cast.draw(cast.portrait(mia))
    end = drawn(claim, used(mia, before.image_id))
    assert await cast.store.leases.complete_each([(claim, end)]) == [True]
    assert await cast.uses(mia) == 0


@pytest.mark.parametrize(
    ("version", "uses"),
    [(2, 0), (1, 3)],
    ids=["it replaces the reference", "the reference shows a later description"],
)
async def test_a_portrait_is_drawn_from_the_reference_that_it_may_replace(
    cast: Cast, version: int, uses: int
) -> None:
    mia = await cast.character()
    before = await cast.draw(cast.portrait(mia, version=2))
    await cast.draw(cast.scene(mia), used(mia, before.image_id))
    claims = await cast.claim(cast.portrait(mia, version=version), cast.scene(mia))
    ended = [(claim, drawn(claim, used(mia, before.image_id))) for claim in claims]
    assert await cast.store.leases.complete_each(ended) == [True, True]
    assert await cast.uses(mia) == uses


async def test_pictures_that_end_at_once_lock_references_in_one_order(cast: Cast) -> None:
    both = [await cast.character() for _ in range(2)]
    portraits = [(await cast.draw(cast.portrait(one))).image_id for one in both]
    uses = [used(*pair) for pair in zip(both, portraits, strict=True)]
    claims = await cast.claim(*(cast.scene(*both) for _ in range(2)))
    first, second = sorted(both)
    lock = "SELECT FROM character_references WHERE character_id = $1 FOR UPDATE"
    async with cast.store.database.transaction() as other:
        await other.execute(lock, first)
        ending = [
            asyncio.create_task(cast.store.leases.complete_each([(claim, drawn(claim, *order))]))
            for claim, order in zip(claims, (uses, uses[::-1]), strict=True)
        ]
        await until(lambda: waiting(cast.store, 2))
        # Both wait for the first and hold no other.
        await other.execute(f"{lock} NOWAIT", second)
    assert await asyncio.gather(*ending) == [[True], [True]]
    assert [await cast.uses(one) for one in both] == [2, 2]


async def test_pictures_and_portraits_of_the_same_characters_never_deadlock(cast: Cast) -> None:
    characters = [await cast.character() for _ in range(6)]
    for _ in range(10):
        uses = [
            used(one, found.image_id)
            for one, found in (await cast.store.references.find(characters, STYLE, ENCODER)).items()
        ]
        new = [cast.portrait(one) for one in characters]
        new += [cast.scene(*characters) for _ in range(10)]
        claims = await cast.claim(*new)
        halves = [claims[::2], claims[1::2][::-1]]
        done = await asyncio.gather(
            *(
                cast.store.leases.complete_each(
                    [(claim, drawn(claim, *uses[::step])) for claim in half]
                )
                for half, step in zip(halves, (1, -1), strict=True)
            )
        )
        assert all(map(all, done))


async def waiting(store: Store, number: int) -> bool:
    """Returns whether so many statements wait for a lock."""
    rows = await store.database.fetch(
        "SELECT FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return len(rows) == number
