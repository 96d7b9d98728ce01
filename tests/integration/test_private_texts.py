"""What is private of children is in no log line, metric, error or audit, whatever happens."""

import asyncio
import logging
import os
import re
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from actors.providers.fake import FakeProvider
from cluster.embedded.local import Local
from cluster.embedded.processes import MARK
from imggen import Client
from imggen.errors import ImggenError
from imggen.v1 import character_pb2, generation_pb2, story_pb2
from server.domain.ids import JobId
from server.domain.jobs import Job
from server.domain.states import ImageType, JobStatus
from server.logs import JsonFormatter
from server.routing.catalogue import KNOWN, Catalogue
from server.routing.failover import FailureKind
from server.safety.texts import digest_of
from server.store import Store, open_store
from tests.builders import new_job, new_user, render_spec
from tests.endpoint import Failure
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import open_gateway_fixture
from tests.integration.job_queue import JobQueue, until
from tests.integration.local_ray import exported_metrics
from tests.integration.paid_jobs import failing
from tests.integration.private_words import (
    AGE,
    WORD,
    private_character,
    private_in,
    private_story,
)
from tests.integration.test_worker_texts import Telling

BAD = f"{WORD}sign says what the fuck."
ALLOWED = f"{WORD}note says what the fuck."
HOSTED = Catalogue([KNOWN["fake"]])
CONTENT = MappingProxyType(
    {
        "characters": "the callers' own rows",
        "stories": "the same",
        "story_pages": "the same",
        "image_generation_jobs": "what is to be drawn: `spec`",
        "images": "what the model was told",
        "attempts": "the same, by attempt",
        "scenes": "what was read from pages",
        "job_metadata": "what callers wrote for themselves",
    }
)
"""The tables that have private texts, and why; no other one may."""


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """Returns all that was logged, with its fields and tracebacks, as a process writes it."""
    return "\n".join(map(JsonFormatter().format, caplog.records))


def told(refused: Failure) -> str:
    """Returns all that a caller is told of a failure."""
    return f"{refused.reason} {refused.message} {refused.metadata}"


async def ended(queue: JobQueue, caller: Caller, job_id: str) -> Job:
    """Waits until a job has ended."""

    async def job() -> Job | None:
        found = await queue.store.jobs.get(caller.user_id, JobId(job_id))  # type: ignore[arg-type]
        return found if found is not None and found.status.ended else None

    found: Job = await until(job)
    return found


async def audited(store: Store) -> str:
    """Returns every row but those of content, and why jobs have failed."""
    names = await store.database.fetch(
        "SELECT table_name AS name FROM information_schema.tables"
        " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    )
    tables = {str(row["name"]) for row in names}
    assert set(CONTENT) <= tables
    reads = [f"SELECT t::text AS row FROM {name} t" for name in sorted(tables - set(CONTENT))]
    reads += [
        f"SELECT concat(error_reason, error_message) AS row FROM {table}"
        for table in ("image_generation_jobs", "attempts")
    ]
    rows = [f"{row['row']}" for read in reads for row in await store.database.fetch(read)]
    return "\n".join(rows)


async def test_what_is_private_is_in_no_log_line_metric_error_or_audit(
    database: str, job_queue: JobQueue, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = []
    digest = digest_of(ALLOWED)
    assert await job_queue.store.allowed_texts.allow(digest, "profanity-words", "ann")
    async with open_gateway_fixture(
        database, tmp_path, catalogue=HOSTED, daily_budget_usd=10
    ) as gateway:
        mia = gateway.caller()
        made = await mia.characters.CreateCharacter(
            character_pb2.CreateCharacterRequest(character=private_character()),
            metadata=mia.metadata,
        )
        who = made.character
        created = await mia.stories.CreateStory(
            story_pb2.CreateStoryRequest(story=private_story()), metadata=mia.metadata
        )
        story = created.story
        await mia.create_character(traits=[ALLOWED], age=AGE)
        looks = private_character(clothing=BAD)
        create = character_pb2.CreateCharacterRequest(character=looks)
        refused = await mia.refused(mia.characters.CreateCharacter, create)
        scene = generation_pb2.GenerateSceneRequest(
            story_id=story.id, page_id=story.pages[0].id, scene_description=BAD
        )
        also = await mia.refused(mia.generation.GenerateScene, scene)
        said += [told(one) for one in (refused, also)]
        assert (refused.reason, also.reason) == ("CONTENT_POLICY",) * 2
        # One job is drawn, one fails, and one is refused by what its model would be told.
        wrong = failing(FailureKind.REFUSED)
        for provider in (FakeProvider(), FakeProvider([wrong] * 9), Telling(BAD)):
            job = await mia.scene(
                story.id,
                character_ids=[who.id],
                options=generation_pb2.GenerationOptions(metadata={f"{WORD}key": f"{WORD}value"}),
            )
            async with job_queue.worker(
                providers={"fake": provider}, catalogue=HOSTED, poll_s=0.2, no_offer_s=0
            ):
                end = await ended(job_queue, mia, job.job_id)
            said += [end.failure.message if end.failure else end.status]
        image = (await mia.list_images()).images[0]
        changes = generation_pb2.Modifications(prompt=BAD)
        again = generation_pb2.RegenerateImageRequest(image_id=image.id, modifications=changes)
        said += [told(await mia.refused(mia.generation.RegenerateImage, again))]
        said += [gateway.metrics.page().decode()]
    assert said[2] == JobStatus.COMPLETED
    assert "checked at the prompt stage" in said[4]
    assert "imggen_refused_texts_total{" in said[6]
    lines = logged(caplog)
    for event in ("job completed", "job failed", "text refused", "text allowed", '"call"'):
        assert event in lines
    assert private_in(lines + "\n".join(said)) == []
    audit = await audited(job_queue.store)
    assert digest in audit
    assert private_in(audit) == []


async def test_a_fault_of_the_database_is_logged_without_the_row(
    database: str, store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    # NOT VALID spares the rows that are there.
    never = "ALTER TABLE characters ADD CONSTRAINT never CHECK (false) NOT VALID"
    await store.database.execute(never)
    async with open_gateway_fixture(database, tmp_path) as gateway:
        mia = gateway.caller()
        create = character_pb2.CreateCharacterRequest(character=private_character())
        refused = await mia.refused(mia.characters.CreateCharacter, create)
    assert refused.reason == "INTERNAL"
    lines = logged(caplog)
    assert 'violates check constraint \\"never\\"' in lines
    assert private_in(lines + told(refused)) == []


async def refused_by_a_worker(store: Store) -> None:
    """Submits a job past the gateway's gate, and waits until a worker has refused it."""
    spec = replace(render_spec(image_type=ImageType.SCENE, characters=()), scene=BAD)
    user = await new_user(store)
    new = new_job(user, spec=spec)
    await store.submits.submit(new)

    async def failed() -> bool:
        job = await store.jobs.get(user, new.id)
        return job is not None and job.status is JobStatus.FAILED

    await until(failed)


@pytest.mark.timeout(600)
async def test_what_is_private_is_in_no_log_or_metric_of_any_process(local: Local) -> None:
    async with Client(local.address, token=local.token) as client:
        who = await client.create_character(private_character())
        story = await client.create_story(private_story())
        image = await client.wait(
            await client.generate_scene(story, 1, quality="standard", characters=[who])
        )
        assert WORD in str(image.not_drawn).lower()
        with pytest.raises(ImggenError) as refused:
            await client.create_character(private_character(clothing=BAD))
    assert private_in(str(refused.value)) == []
    async with open_store(os.environ["IMGGEN_DATABASE_URL"]) as store:
        await refused_by_a_worker(store)

    async def counted() -> str:
        page = await asyncio.to_thread(exported_metrics)
        return page if "ray_imggen_refused_texts_total{" in page else ""

    metrics = await until(counted)
    assert re.search(r'ray_imggen_refused.*category="profanity".*stage="spec"', metrics)
    assert private_in(metrics) == []
    logs = Path(os.environ[MARK]) / "logs"
    # Ray's own logs are behind a link.
    files = [*logs.rglob("*"), *(logs / "ray").resolve().rglob("*")]
    texts = {file: file.read_text(errors="replace") for file in files if file.is_file()}
    assert {"gateway.log", "worker.log", "raylet.out"} <= {file.name for file in texts}
    assert "job completed" in "".join(texts.values())
    assert {str(file): found for file, text in texts.items() if (found := private_in(text))} == {}


def test_the_search_finds_what_it_looks_for() -> None:
    character = private_character()
    assert len(private_in(str(character))) == 9
    for said in (f'"age": {AGE}', f"age={AGE}", f"{AGE}-year-old", f"{AGE} years"):
        assert private_in(said), said
    for said in (f'"ms": {AGE}', f"page {AGE}", f"line {AGE}", f'"images": {AGE}'):
        assert not private_in(said), said
