"""The fake's controls, with which a test decides what happens to a job."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image as Picture

from imggen import Character, Job, JobStatus, Stage, SyncClient
from imggen.errors import Aborted, JobFailed, reason_name
from imggen.rules.texts import first_doubts, first_parts, shortened
from imggen.testing import FakeService
from imggen.v1.errors_pb2 import ErrorReason
from imggen.v1.scene_pb2 import LossKind, NotDrawn, Unsure


@pytest.fixture
def fake() -> Iterator[FakeService]:
    with FakeService() as fake:
        fake.hold()
        yield fake


@pytest.fixture
def client(fake: FakeService) -> Iterator[SyncClient]:
    with SyncClient(fake.target) as client:
        yield client


@pytest.fixture
def mia(client: SyncClient) -> Character:
    return client.create_character(name="Mia")


@pytest.fixture
def job(client: SyncClient, mia: Character) -> Job:
    return client.generate_portrait(mia, style="anime", seed=255)


def test_a_held_job_is_finished_now(fake: FakeService, client: SyncClient, job: Job) -> None:
    fake.finish(job)
    assert client.wait(job).is_reference
    assert client.get_job(job).attempt == 1
    with pytest.raises(ValueError, match="has ended"):
        fake.finish(job)


def test_a_held_job_is_failed_now(fake: FakeService, client: SyncClient, job: Job) -> None:
    fake.fail(job.job_id, ErrorReason.ERROR_REASON_CONTENT_INVALID, "no such hat")
    with pytest.raises(JobFailed, match=r"no such hat \[CONTENT_INVALID"):
        client.wait(job)
    fake.release()
    assert client.wait(client.retry(job)).version == 1


def test_a_long_message_is_cut_at_1_kib(fake: FakeService, client: SyncClient, job: Job) -> None:
    fake.fail(job, message="x" * 5_000)
    assert client.get_job(job).error.message == shortened("x" * 5_000)
    assert shortened("x" * 5_000) != "x" * 5_000


def test_only_the_first_parts_that_were_not_drawn_are_kept(
    fake: FakeService, client: SyncClient, job: Job
) -> None:
    parts = [NotDrawn(phrase=f"word{n}") for n in range(500)]
    fake.not_draw(*parts)
    fake.finish(job)
    kept = client.get_job(job).not_drawn
    assert list(kept) == parts[: first_parts([(one.phrase, "") for one in parts])]
    assert 0 < len(kept) < len(parts)
    assert client.get_image(job.image_id).not_drawn == kept


def test_what_is_unsure_is_told_of_a_page_and_its_job_but_of_no_portrait(
    fake: FakeService, client: SyncClient, job: Job
) -> None:
    story = client.create_story(title="The Map", style="anime", pages=["One."])
    page = client.generate_scene(story, 1)
    parts = [Unsure(phrase=f"word{n}", why="guessed") for n in range(500)]
    fake.doubt(*parts)
    fake.finish(job)
    fake.finish(page)
    assert not client.get_job(job).unsure
    kept = client.get_job(page).unsure
    assert list(kept) == parts[: first_doubts([(one.phrase, one.why) for one in parts])]
    assert client.get_image(page.image_id).unsure == kept


def test_no_doubt_is_told_of_what_is_not_drawn_anyway(
    fake: FakeService, client: SyncClient
) -> None:
    story = client.create_story(title="The Map", style="anime", pages=["One."])
    page = client.generate_scene(story, 1)
    prop = LossKind.LOSS_KIND_PROP
    fake.not_draw(
        NotDrawn(phrase="house", kind=prop), NotDrawn(phrase="mug", kind=prop, drawn_as="cup")
    )
    fake.doubt(*(Unsure(phrase=one, kind=prop, why="guessed") for one in ("house", "wall", "mug")))
    fake.finish(page)
    assert [one.phrase for one in client.get_job(page).unsure] == ["wall", "mug"]


def test_a_watch_sees_the_states_that_are_shown(
    fake: FakeService, client: SyncClient, job: Job
) -> None:
    watch = client.watch(job)
    assert next(watch).job.status == JobStatus.JOB_STATUS_QUEUED
    fake.show(job, step=5, steps=20, fraction=0.25)
    seen = next(watch).job
    assert (seen.status, seen.stage) == (JobStatus.JOB_STATUS_PROCESSING, Stage.STAGE_RENDERING)
    assert (seen.step, seen.steps, seen.fraction) == (5, 20, 0.25)
    fake.show(job, stage="storing", fraction=0.9)
    assert next(watch).job.stage == Stage.STAGE_STORING
    fake.finish(job)
    last = next(watch)
    assert (last.job.fraction, last.image.id) == (1.0, job.image_id)
    assert next(watch, None) is None


def test_a_watch_that_asks_for_previews_gets_each_new_one(
    fake: FakeService, client: SyncClient, job: Job
) -> None:
    watch, other = client.watch(job, previews=True), client.watch(job)
    assert not next(watch).preview
    fake.show(job, fraction=0.5, preview=True)
    with Picture.open(BytesIO(next(watch).preview)) as preview:
        assert (preview.format, preview.size) == ("JPEG", (256, 256))
    fake.show(job, fraction=0.6)
    snapshot = next(watch)
    assert (snapshot.job.fraction, snapshot.preview) == (0.6, b"")
    fake.finish(job)
    assert not any(snapshot.preview for snapshot in [*watch, *other])


def test_a_job_that_is_drawn_sends_previews_on_its_own(
    fake: FakeService, client: SyncClient, job: Job
) -> None:
    watch = client.watch(job, previews=True)
    next(watch)
    fake.release()
    assert any(snapshot.preview for snapshot in watch)


def test_a_lost_worker_gives_its_job_back(fake: FakeService, client: SyncClient, job: Job) -> None:
    fake.show(job, fraction=0.5)
    fake.lose_worker(job)
    waiting = client.get_job(job)
    assert (waiting.status, waiting.retry_count) == (JobStatus.JOB_STATUS_QUEUED, 1)
    assert reason_name(waiting.error.reason) == "WORKER_LOST"
    fake.release()
    client.wait(job)
    assert client.get_job(job).attempt == 2


def test_a_lost_worker_ends_a_job_whose_cancel_was_requested(
    fake: FakeService, client: SyncClient, job: Job
) -> None:
    fake.show(job, fraction=0.5)
    client.cancel(job)
    fake.lose_worker(job)
    ended = client.get_job(job)
    assert ended.status == JobStatus.JOB_STATUS_CANCELLED
    assert reason_name(ended.error.reason) == "JOB_CANCELLED"
    assert ended.error.message == "cancelled; its worker was lost"


def test_a_lost_worker_fails_a_job_without_retries_left(
    fake: FakeService, client: SyncClient, job: Job
) -> None:
    for _ in range(job.max_retries + 1):
        fake.show(job, fraction=0.5)
        fake.lose_worker(job)
    ended = client.get_job(job)
    assert (ended.status, ended.retry_count) == (JobStatus.JOB_STATUS_FAILED, job.max_retries)
    assert reason_name(ended.error.reason) == "WORKER_LOST"


def test_a_job_that_waits_has_no_worker_to_lose(
    fake: FakeService, client: SyncClient, job: Job
) -> None:
    with pytest.raises(ValueError, match="is queued; only one that runs has a worker"):
        fake.lose_worker(job)
    assert client.get_job(job).retry_count == 0


def test_a_list_of_waiting_jobs_continues_while_they_finish(
    fake: FakeService, client: SyncClient, mia: Character
) -> None:
    made = [client.generate_portrait(mia, style="anime", seed=seed) for seed in range(5)]
    seen = []
    for each in client.list_jobs(statuses=["queued", "processing"], page_size=2):
        seen.append(each.job_id)
        fake.finish(each)
    assert seen == [each.job_id for each in reversed(made)]


def test_a_watch_survives_a_restart_without_an_event_loop(
    fake: FakeService, client: SyncClient, job: Job
) -> None:
    watch = client.watch(job)
    next(watch)
    fake.restart()
    fake.finish(job)
    assert [snapshot.image.id for snapshot in watch][-1] == job.image_id


def test_an_update_of_an_older_message_is_aborted_and_one_of_an_id_is_not(
    client: SyncClient, mia: Character
) -> None:
    client.update_character(mia.id, hair="red")
    with pytest.raises(Aborted, match="read it again") as raised:
        client.update_character(mia, hair="black")
    assert raised.value.metadata == {"character_id": mia.id}
    assert client.update_character(mia, hair="red").hair == "red"  # changes nothing
    assert client.update_character(mia.id, hair="black").hair == "black"


def test_a_page_keeps_its_id_and_its_images_when_it_moves(
    fake: FakeService, client: SyncClient
) -> None:
    story = client.create_story(title="The Map", style="anime", pages=["One.", "Two."])
    job = client.generate_scene(story, 2)
    fake.finish(job)
    moved = client.update_story(story, pages=[story.pages[1], "New.", story.pages[0]])
    assert client.get_image(job.image_id).page_number == 1
    assert client.get_image(job.image_id).page_id == moved.pages[0].id == story.pages[1].id
    client.update_story(story.id, pages=["New."])
    assert client.get_image(job.image_id).page_number == 0
    [listed] = client.list_stories()
    assert (len(listed.pages), listed.page_count) == (0, 1)
    [full] = client.list_stories(view="full")
    assert [page.text for page in full.pages] == ["New."]


def test_controls_refuse_what_no_service_does(fake: FakeService, job: Job) -> None:
    with pytest.raises(ValueError, match="'Nope' is no method; use one of CancelBatch"):
        fake.lose_next_answer("Nope")
    with pytest.raises(ValueError, match="QUEUE_FULL is no reason of a failed job"):
        fake.fail(job, ErrorReason.ERROR_REASON_QUEUE_FULL)
    fake.show(job, fraction=0.9)
    with pytest.raises(ValueError, match=r"fraction is 0\.1; use 0\.9 to 1"):
        fake.show(job, fraction=0.1)
