"""Workers check texts again, before the first paid call; a refusal ends the job and its hold."""

import logging
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from grpc import StatusCode

from actors.extractors.base import AskedScene
from actors.extractors.pages import Page
from actors.prompts.dialect import CompiledPrompt
from actors.providers.base import Content, Provider
from actors.providers.fake import FakeProvider
from actors.testing.classifying import WordClassifier
from actors.testing.refusals import KeptRefusals
from server.domain.characters import Description, FrozenCharacter
from server.domain.ids import CharacterId
from server.domain.jobs import Job, NewJob
from server.domain.lanes import JobLane
from server.domain.money import Bill
from server.domain.scenes import Figure, Scene
from server.domain.spec import RenderSpec
from server.domain.states import ImageType, JobStatus, Lane
from server.routing.catalogue import KNOWN, Catalogue
from server.safety.texts import digest_of
from tests.builders import new_job, render_spec
from tests.endpoint import failure
from tests.integration.gateway_fixture import GatewayFixture
from tests.integration.job_queue import JobQueue, until
from tests.integration.paid_jobs import calls, money
from tests.integration.plans_of_stories import Planning

BAD = "What the fuck."
RULE = "profanity-words"
HARMLESS = "Mia sat in a boat."
PRICE = 10_000
LIMIT = 1_000_000


class Reading:
    """A paid extractor that reads the same scene from every page."""

    provider = "reader"
    model = "reads"

    def __init__(self, scene: Scene, micros: int = 100) -> None:
        self.asked = 0
        self._scene = scene
        self._micros = micros

    def most_micros(self, page: Page) -> int:
        """Returns what it costs."""
        return self._micros

    async def ask(self, page: Page) -> AskedScene:
        """Returns the scene."""
        self.asked += 1
        return AskedScene(self._scene, Bill(self._micros))


class Telling(FakeProvider):
    """A fake whose model would be told the same for every content; it keeps what it was asked."""

    def __init__(self, prompt: str) -> None:
        super().__init__()
        self.contents: list[Content] = []
        self._prompt = prompt

    def told(self, content: Content) -> CompiledPrompt:
        """Returns the prompt."""
        self.contents.append(content)
        return CompiledPrompt(self._prompt, "")


def page(text: str) -> RenderSpec:
    """Returns what the picture of a page shows."""
    spec = render_spec(image_type=ImageType.SCENE, characters=())
    return replace(spec, scene="", page_text=text, model="fake")


async def submit(queue: JobQueue, text: str, *cast: FrozenCharacter) -> NewJob:
    """Submits a job for a page with its price held, as an old gateway does that checks nothing."""
    lane = JobLane(Lane.HOSTED, ("fake",))
    spec = replace(page(text), characters=cast)
    new = new_job(queue.user, spec=spec, lanes=(lane,), price_micros=PRICE, provider="fake")
    async with queue.store.transaction() as tx:
        await tx.submits.submit(new)
        assert await tx.money.hold([new.id], LIMIT) is None
    queue.signals.wake([Lane.HOSTED])
    return new


async def ended(
    queue: JobQueue,
    new: NewJob,
    status: JobStatus,
    provider: Provider | None = None,
    extractor: Reading | None = None,
    **settings: Any,
) -> Job:
    """Runs a worker until the job has a status."""
    catalogue = Catalogue([KNOWN["fake"]])
    drawing = {"fake": provider or FakeProvider()}
    async with queue.worker(
        providers=drawing, catalogue=catalogue, extractor=extractor, poll_s=0.2, **settings
    ):
        return await queue.becomes(new, status)


def is_refused(job: Job, stage: str, field: str, text: str) -> bool:
    """Returns whether a job has failed for good, and names where and why, and no word."""
    assert (job.retry_count, job.attempt) == (0, 1)
    assert job.failure is not None
    assert job.failure.reason == "CONTENT_POLICY"
    message = job.failure.message
    assert message.startswith(f"checked at the {stage} stage, {field} breaks")
    assert f'"{RULE}" (profanity)' in message
    assert digest_of(text) in message
    return "fuck" not in message


async def test_what_was_admitted_unchecked_is_refused_before_it_is_read(
    job_queue: JobQueue,
) -> None:
    new, fake, reading = await submit(job_queue, BAD), FakeProvider(), Reading(Scene())
    assert await money(job_queue) == (PRICE, 0)
    job = await ended(job_queue, new, JobStatus.FAILED, fake, reading)
    assert is_refused(job, "spec", "page.text", BAD)
    assert (reading.asked, list(fake.calls)) == (0, [])
    assert await money(job_queue) == (0, 0)


@pytest.mark.parametrize("stage", ["scene", "prompt"])
async def test_a_character_is_one_of_the_people_at_every_stage(
    job_queue: JobQueue, stage: str
) -> None:
    told = "Mia is naked."
    mia = FrozenCharacter(uuid4(), 1, Description("Mia"))
    new = await submit(job_queue, HARMLESS, mia)
    fake = Telling(told if stage == "prompt" else HARMLESS)
    drawn = Figure(CharacterId(mia.id))
    reading = Reading(Scene(figures=(drawn,), told=told if stage == "scene" else ""))
    job = await ended(job_queue, new, JobStatus.FAILED, fake, reading)
    assert job.failure is not None
    assert job.failure.message.startswith(f"checked at the {stage} stage, {stage}")
    assert '"people-undressed" (sexual)' in job.failure.message
    assert not fake.calls


async def test_what_an_extractor_makes_of_a_page_is_refused_before_it_is_drawn(
    job_queue: JobQueue,
) -> None:
    new, fake = await submit(job_queue, HARMLESS), FakeProvider()
    reading = Reading(Scene(place="boat", props=("sign", BAD)))
    job = await ended(job_queue, new, JobStatus.FAILED, fake, reading)
    assert is_refused(job, "scene", "scene.props[1]", BAD)
    assert reading.asked == 1
    assert not fake.calls
    assert [call[1] for call in await calls(job_queue)] == ["reads"]
    assert await money(job_queue) == (0, 100)


async def test_what_a_model_would_be_told_is_refused_before_it_is_told(
    job_queue: JobQueue, caplog: pytest.LogCaptureFixture
) -> None:
    new, telling, counted = await submit(job_queue, HARMLESS), Telling(BAD), KeptRefusals()
    with caplog.at_level(logging.DEBUG):
        job = await ended(job_queue, new, JobStatus.FAILED, telling, refusals=counted)
    assert is_refused(job, "prompt", "prompt", BAD)
    assert not telling.calls
    assert counted.counts == {("prompt", "profanity", RULE): 1}
    assert (await calls(job_queue), await money(job_queue)) == ([], (0, 0))
    [line] = [record for record in caplog.records if record.message == "text refused"]
    about = ("stage", "category", "rule", "digest", "field", "job_id", "user_id", "attempt")
    assert [getattr(line, name) for name in about] == [
        *("prompt", "profanity", RULE, digest_of(BAD), "prompt"),
        *(str(new.id), str(job_queue.user), 1),
    ]
    logged = [f"{record.__dict__} {record.exc_text}" for record in caplog.records]
    assert not [one for one in logged if "fuck" in one or HARMLESS in one]


async def test_the_operators_words_for_a_style_are_not_checked(job_queue: JobQueue) -> None:
    telling = Telling("A boat.")
    new = await submit(job_queue, HARMLESS)
    await ended(job_queue, new, JobStatus.COMPLETED, telling)
    style = telling.contents[0].spec.style
    assert style.id == new.spec.style.id
    assert (style.prompt_template, style.description, style.negative_prompt) == ("", "", "")
    assert telling.calls[0].content.spec.style == new.spec.style


async def test_a_refused_job_is_drawn_once_its_text_is_allowed_and_it_is_retried(
    job_queue: JobQueue,
) -> None:
    new = await submit(job_queue, BAD)
    assert is_refused(await ended(job_queue, new, JobStatus.FAILED), "spec", "page.text", BAD)
    assert await job_queue.store.allowed_texts.allow(digest_of(BAD), RULE, "ann")
    async with job_queue.store.transaction() as tx:
        assert await tx.jobs.retry(job_queue.user, new.id, None)
        assert await tx.money.hold([new.id], LIMIT) is None
    # What is made of the text breaks the same rule.
    reading = Reading(Scene(told="Fuck off.", props=(BAD,)))
    await ended(job_queue, new, JobStatus.COMPLETED, None, reading)


async def test_a_plan_of_a_page_that_is_refused_as_it_was_read_is_an_invalid_argument(
    gateway: GatewayFixture, job_queue: JobQueue
) -> None:
    mia = Planning(gateway, gateway.caller())
    asked = mia.ask(await mia.story(HARMLESS))
    async with job_queue.worker(extractor=Reading(Scene(told=BAD), 0)):
        refused = await failure(asked)
    assert (refused.code, refused.reason) == (StatusCode.INVALID_ARGUMENT, "CONTENT_POLICY")
    assert refused.message.startswith("checked at the scene stage, scene.told breaks")


async def test_what_a_classifier_refuses_is_neither_read_nor_drawn(job_queue: JobQueue) -> None:
    new, fake, reading = await submit(job_queue, HARMLESS), FakeProvider(), Reading(Scene())
    words, counted = WordClassifier({"boat": "sea", "sat": "sitting"}), KeptRefusals()
    job = await ended(
        job_queue, new, JobStatus.FAILED, fake, reading, classifier=words, refusals=counted
    )
    assert counted.counts == {("spec", "sea", "words"): 1, ("spec", "sitting", "words"): 1}
    assert job.failure is not None
    assert (job.failure.reason, job.retry_count) == ("CONTENT_POLICY", 0)
    assert '"words" (sea, sitting)' in job.failure.message
    assert (reading.asked, list(fake.calls), words.asked) == (0, [], [HARMLESS])
    assert await money(job_queue) == (0, 0)


async def test_what_a_model_would_be_told_is_classified_too(job_queue: JobQueue) -> None:
    new, telling = await submit(job_queue, HARMLESS), Telling("A storm.")
    words = WordClassifier({"storm": "weather"})
    job = await ended(job_queue, new, JobStatus.FAILED, telling, classifier=words)
    assert job.failure is not None
    assert job.failure.message.startswith("checked at the prompt stage, prompt breaks")
    assert words.asked == [HARMLESS, "A storm."]
    assert not telling.calls


async def test_a_text_that_a_classifier_refuses_can_be_allowed(job_queue: JobQueue) -> None:
    new, words = await submit(job_queue, HARMLESS), WordClassifier({"boat": "sea"})
    assert await job_queue.store.allowed_texts.allow(digest_of(HARMLESS), words.name, "ann")
    await ended(job_queue, new, JobStatus.COMPLETED, Telling("A boat."), classifier=words)
    assert words.asked == [HARMLESS]


async def test_a_job_waits_for_a_classifier_that_is_away_and_spends_no_attempt(
    job_queue: JobQueue,
) -> None:
    new, fake = await submit(job_queue, HARMLESS), FakeProvider()
    words, catalogue = WordClassifier({}, away=1), Catalogue([KNOWN["fake"]])
    worker = job_queue.worker(
        providers={"fake": fake}, catalogue=catalogue, classifier=words, poll_s=0.2
    )
    async with worker:

        async def waits() -> Job | None:
            job = await job_queue.job(new.id)
            return job if job.failure is not None else None

        job = await until(waits)
        assert (job.status, job.retry_count) == (JobStatus.QUEUED, 0)
        assert (job.failure.reason, words.away) == ("CHECK_UNAVAILABLE", 0)
        assert job.failure.message == "the texts are not checked yet: the words are away"
        assert (list(fake.calls), await money(job_queue)) == ([], (PRICE, 0))
        await job_queue.store.database.execute(
            "UPDATE job_lanes SET opens_at = now(), open = true WHERE job_id = $1", new.id
        )
        job_queue.signals.wake([Lane.HOSTED])
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert job.retry_count == 0
    assert len(fake.calls) == 1


async def test_a_job_whose_classifier_stays_away_fails_as_its_operator_says(
    job_queue: JobQueue,
) -> None:
    new, fake, words = await submit(job_queue, HARMLESS), FakeProvider(), WordClassifier({}, away=9)
    job = await ended(job_queue, new, JobStatus.FAILED, fake, classifier=words, unchecked_s=0)
    assert job.failure is not None
    assert (job.failure.reason, list(fake.calls)) == ("CHECK_UNAVAILABLE", [])
    assert await money(job_queue) == (0, 0)


async def test_a_worker_that_is_told_to_checks_nothing(job_queue: JobQueue) -> None:
    new = await submit(job_queue, BAD)
    await ended(job_queue, new, JobStatus.COMPLETED, text_safety="none")
