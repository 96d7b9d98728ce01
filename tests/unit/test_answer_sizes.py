"""The largest things that may be stored fit an answer of 3 MiB each."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from actors.extractors.bounds import bounded
from imggen.rules.characters import MAX_LIST, read_character
from imggen.rules.characters import SETTABLE as CHARACTER_FIELDS
from imggen.rules.checks import METADATA_BYTES, METADATA_PAIRS, PAGE_TEXT, SHORT_TEXT, Checks
from imggen.rules.paging import PAGE_BYTES
from imggen.rules.pictures import MAX_IMAGES
from imggen.rules.stories import MAX_BYTES, MAX_CAST, MAX_CHARACTERS, MAX_PAGES, read_story
from imggen.rules.stories import SETTABLE as STORY_FIELDS
from imggen.rules.texts import MOST_OCTETS, first_parts, shortened
from imggen.v1 import batch_pb2
from server.domain.batches import BatchImage, Pace
from server.domain.characters import Character, Description, Gender
from server.domain.ids import BatchId, CharacterId, ImageId, JobId, PageId, StoryId, UserId
from server.domain.jobs import Failure, Job, Outlook
from server.domain.lanes import JobLane
from server.domain.references import ReferenceUse, UsedReference
from server.domain.scenes import LossKind, NotDrawn, Scene, Unsure
from server.domain.states import JobKind, JobStatus, Lane, Stage
from server.domain.stories import Draft, Page, Story
from server.forecast.batches import BatchForecast
from server.forecast.jobs import Forecast
from server.replies import messages
from server.replies.batches import BatchReplies
from server.replies.messages import Replies
from server.routing.catalogue import KNOWN, Catalogue
from server.storage.folder import FolderStorage
from server.storage.urls import UrlSigner
from tests.builders import batch

LATE = datetime(2026, 5, 1, 12, 0, 0, 999_999, tzinfo=UTC)
LARGE = 2**31 - 1
MOON = "🌙"  # 4 bytes, the most that a character has


@pytest.fixture
async def replies(tmp_path: Path) -> AsyncIterator[BatchReplies]:
    """Gives the replies of batches."""

    async def idle(lane: Lane) -> Outlook:
        return Outlook(0, 1, None)

    async def pace(key: tuple[UserId, frozenset[Lane]]) -> Pace:
        return Pace({}, 1.0, ())

    async with FolderStorage(tmp_path, UrlSigner("x" * 32, "http://pixels")) as storage:
        jobs = Replies(Forecast(idle), storage, timedelta(hours=1), Catalogue(KNOWN.values()))
        yield BatchReplies(jobs, BatchForecast(lambda *key: pace(key)))


def test_the_largest_story_fits(largest_story: Story) -> None:
    message = messages.story(largest_story)
    checks = Checks()
    read_story(checks, message, STORY_FIELDS, [message.style])
    assert checks.violations == []
    message.pages[0].text += "x"
    read_story(checks, message, STORY_FIELDS, [message.style])
    assert [one.field for one in checks.violations] == ["story.pages"]
    assert message.ByteSize() < PAGE_BYTES
    # A list counts what the database says of its pages.
    counted = largest_story.draft.octets
    named = sum(len(one) + 2 for one in message.character_ids)
    assert sum(page.ByteSize() for page in message.pages) + named < counted < PAGE_BYTES


@pytest.fixture
def largest_story() -> Story:
    """Gives a story at every limit."""
    octets, rest = divmod(MAX_BYTES, MAX_PAGES)
    scene = "moon" + MOON * 24
    characters = tuple(CharacterId(uuid4()) for _ in range(MAX_CHARACTERS))
    pages = []
    for number in range(MAX_PAGES):
        fill = octets - len(scene.encode()) + (number < rest)
        text = MOON * (fill // 4) + "x" * (fill % 4)
        assert len(text) < PAGE_TEXT
        pages.append(Page(text, scene, characters, PageId(uuid4())))
    cast = tuple(CharacterId(uuid4()) for _ in range(MAX_CAST))
    draft = Draft(MOON * SHORT_TEXT, "storybook", tuple(pages), cast)
    return Story(StoryId(uuid4()), draft, MAX_PAGES, LARGE, LATE, LATE)


def test_the_largest_character_fits() -> None:
    text = MOON * SHORT_TEXT
    looks = Description(
        *(text, 150, Gender.FEMALE, text, text, text, text, text),
        features=(text,) * MAX_LIST,
        traits=(text,) * MAX_LIST,
    )
    character = Character(
        CharacterId(uuid4()), looks, LARGE, LARGE, ImageId(uuid4()), True, LATE, LATE
    )
    message = messages.character(character)
    checks = Checks()
    read_character(checks, message, CHARACTER_FIELDS)
    assert checks.violations == []
    assert message.ByteSize() < PAGE_BYTES


@pytest.mark.parametrize("status", [JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.QUEUED])
async def test_the_largest_batch_fits(replies: BatchReplies, status: JobStatus) -> None:
    metadata = _largest_metadata()
    whole = batch(0, 0, counts=dict.fromkeys(JobStatus, MAX_IMAGES), metadata=metadata)
    images = [await replies.image(_largest_image(status, metadata)) for _ in range(MAX_IMAGES)]
    answer = batch_pb2.GetBatchResponse(batch=await replies.batch(whole), images=images)
    assert answer.ByteSize() < PAGE_BYTES
    update = batch_pb2.WatchBatchResponse(batch=await replies.batch(whole), images=images)
    assert update.ByteSize() < PAGE_BYTES


def _largest_metadata() -> dict[str, str]:
    pairs = {f"{n:02}": "x" * (METADATA_BYTES // METADATA_PAIRS - 2) for n in range(METADATA_PAIRS)}
    checks = Checks()
    assert checks.metadata("metadata", pairs) == pairs
    assert checks.violations == []
    assert sum(len(key) + len(value) for key, value in pairs.items()) == METADATA_BYTES
    return pairs


def _largest_image(status: JobStatus, metadata: dict[str, str]) -> BatchImage:
    # What a completion sets comes without an error, since it clears that of an earlier attempt.
    completed = status is JobStatus.COMPLETED
    most = max(model.max_characters for model in KNOWN.values())
    failure = Failure("DEPENDENCY_FAILED", shortened("x" * 5_000))
    job = Job(
        id=JobId(uuid4()),
        user_id=UserId(uuid4()),
        image_id=ImageId(uuid4()),
        kind=JobKind.SCENE,
        lane=Lane.LOCAL,
        lanes=(JobLane(Lane.LOCAL, ("storybook",)),),
        status=status,
        priority=9,
        attempt=LARGE,
        retry_count=LARGE,
        max_retries=LARGE,
        cancel_requested=True,
        model="storybook",
        provider="local",
        estimated_micros=LARGE,
        actual_micros=LARGE,
        created_at=LATE,
        started_at=LATE,
        completed_at=LATE,
        failure=None if completed else failure,
        stage_ms=dict.fromkeys(Stage, LARGE),
        batch_id=BatchId(uuid4()),
        not_drawn=_most_not_drawn() if completed else (),
        unsure=_most_unsure() if completed else (),
        references=tuple(_used() for _ in range(most)) if completed else (),
        story_id=StoryId(uuid4()),
        page_id=PageId(uuid4()),
        metadata=metadata,
    )
    needs = tuple(JobId(uuid4()) for _ in range(most))
    return BatchImage(job, MAX_PAGES, None, needs)


def _most_not_drawn() -> tuple[NotDrawn, ...]:
    parts = [NotDrawn("x", LossKind.PROP, "y")] * 5_000
    return tuple(parts[: first_parts([(one.phrase, one.became) for one in parts])])


def _most_unsure() -> tuple[Unsure, ...]:
    many = Scene(unsure=tuple(Unsure("x" * n, LossKind.PROP, "y") for n in range(200)))
    return bounded(many).unsure


def _used() -> UsedReference:
    return UsedReference(CharacterId(uuid4()), ReferenceUse.DRAWN, ImageId(uuid4()), 0.6)


@pytest.mark.parametrize("text", ["x" * 1_024, "é" * 512, ""])
def test_a_message_of_1_kib_is_kept(text: str) -> None:
    assert shortened(text) == text


@pytest.mark.parametrize("text", ["x" * 1_025, "é" * 600, MOON * 300, "x" + MOON * 256])
def test_a_longer_message_is_cut_at_a_whole_character(text: str) -> None:
    cut = shortened(text)
    assert MOST_OCTETS - 4 < len(cut.encode()) <= MOST_OCTETS
    assert cut.endswith("…")
    assert text.startswith(cut[:-1])


def test_the_first_parts_are_kept_whole() -> None:
    assert first_parts([("sword", ""), ("kitchen", "bedroom")]) == 2
    parts = [(f"wörd{n}", "w") for n in range(500)]
    kept = first_parts(parts)
    octets = sum(len("".join(part).encode()) + 10 for part in parts[:kept])
    assert MOST_OCTETS - 20 < octets <= MOST_OCTETS
    assert first_parts([("x" * 2_000, ""), ("y", "")]) == 0
