"""Names and texts of characters and pages are in no log line, metric or error, whatever happens."""

import logging
from pathlib import Path

import pytest

from actors.providers.fake import FakeProvider
from imggen.v1 import character_pb2, generation_pb2
from server.domain.ids import JobId
from server.domain.jobs import Job
from server.domain.states import JobStatus
from server.logs import JsonFormatter
from server.routing.catalogue import KNOWN, Catalogue
from server.routing.failover import FailureKind
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import open_gateway_fixture
from tests.integration.job_queue import JobQueue, until
from tests.integration.test_worker_routes import failing
from tests.integration.test_worker_texts import Telling

NAME, LOOKS, TEXT = "Zebedee", "vermilion plume", "Zebedee waves at the marmalade lighthouse."
CANARIES = ("zebedee", "vermilion", "marmalade", "lighthouse", "fuck")
BAD = "The marmalade lighthouse says what the fuck."
HOSTED = Catalogue([KNOWN["fake"]])


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """Returns all that was logged, with its fields and tracebacks, as a process writes it."""
    return "\n".join(map(JsonFormatter().format, caplog.records)).lower()


async def ended(queue: JobQueue, caller: Caller, job_id: str) -> Job:
    """Waits until a job has ended."""

    async def job() -> Job | None:
        found = await queue.store.jobs.get(caller.user_id, JobId(job_id))  # type: ignore[arg-type]
        return found if found is not None and found.status.ended else None

    found: Job = await until(job)
    return found


async def test_private_texts_are_in_no_log_line_metric_or_error(
    database: str, job_queue: JobQueue, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = []
    async with open_gateway_fixture(
        database, tmp_path, catalogue=HOSTED, daily_budget_usd=10
    ) as gateway:
        mia = gateway.caller()
        who = await mia.create_character(name=NAME, hair=LOOKS)
        story = await mia.create_story(TEXT, "A day.")
        await mia.update_character(who.id, traits=[f"like {NAME}"])
        looks = character_pb2.Character(name=NAME, clothing=BAD)
        create = character_pb2.CreateCharacterRequest(character=looks)
        refused = await mia.refused(mia.characters.CreateCharacter, create)
        scene = generation_pb2.GenerateSceneRequest(
            story_id=story.id, page_id=story.pages[0].id, scene_description=BAD
        )
        also = await mia.refused(mia.generation.GenerateScene, scene)
        said += [f"{one.message} {one.metadata}" for one in (refused, also)]
        assert (refused.reason, also.reason) == ("CONTENT_POLICY",) * 2
        # One job is drawn, one fails, and one is refused by what its model would be told.
        wrong = failing(FailureKind.REFUSED)
        for provider in (FakeProvider(), FakeProvider([wrong] * 9), Telling(BAD)):
            job = await mia.scene(story.id, character_ids=[who.id])
            async with job_queue.worker(
                providers={"fake": provider}, catalogue=HOSTED, poll_s=0.2, no_offer_s=0
            ):
                end = await ended(job_queue, mia, job.job_id)
            said += [end.failure.message if end.failure else end.status]
        said += [gateway.metrics.page().decode()]
    assert said[2] == JobStatus.COMPLETED
    assert "checked at the prompt stage" in said[4]
    assert "imggen_refused_texts_total{" in said[5]
    lines = logged(caplog)
    for event in ("job completed", "job failed", "text refused", '"call"'):
        assert event in lines
    for canary in CANARIES:
        assert canary not in lines + "".join(said).lower(), canary
