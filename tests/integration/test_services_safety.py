"""Texts that break a rule are refused before anything is written; an appeal lets one pass."""

import logging
from pathlib import Path
from typing import Any

import grpc
import pytest

from imggen.v1 import (
    character_pb2,
    generation_pb2,
    routing_pb2,
    routing_pb2_grpc,
    scene_pb2,
    story_pb2,
)
from server.safety.texts import digest_of
from tests import endpoint
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, open_gateway_fixture

BAD = "What the fuck."
RULE = "profanity-words"


def is_refused(failure: endpoint.Failure, field: str, text: str = BAD) -> bool:
    """Returns whether a failure names the field and the rule, and no word of the text."""
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert (failure.reason, failure.fields) == ("CONTENT_POLICY", [field])
    assert failure.metadata == {
        "field": field,
        "stage": "admission",
        "category": "profanity",
        "rule": RULE,
        "text_sha256": digest_of(text),
    }
    return RULE in failure.message and "fuck" not in failure.message


async def written(gateway: GatewayFixture) -> list[int]:
    """Returns the numbers of rows that a request could have written."""
    tables = ("characters", "stories", "story_pages", "image_generation_jobs", "images", "ledger")
    return [await gateway.count(table) for table in tables]


async def test_a_character_is_refused_when_it_is_created_and_when_it_is_changed(
    gateway: GatewayFixture, mia: Caller
) -> None:
    looks = character_pb2.Character(name="Mia", traits=["shy", BAD])
    request = character_pb2.CreateCharacterRequest(character=looks)
    refused = await mia.refused(mia.characters.CreateCharacter, request)
    assert is_refused(refused, "character.traits[1]")
    assert await written(gateway) == [0] * 6
    stored = await mia.create_character()
    changed = character_pb2.Character(id=stored.id, hair=BAD)
    update = character_pb2.UpdateCharacterRequest(character=changed)
    assert is_refused(await mia.refused(mia.characters.UpdateCharacter, update), "character.hair")
    assert await mia.get_character(stored.id) == stored


async def test_a_story_is_refused_when_it_is_created_and_when_it_is_changed(
    gateway: GatewayFixture, mia: Caller
) -> None:
    pages = [story_pb2.Page(text="Mia runs."), story_pb2.Page(text="A day.", scene_description=BAD)]
    story = story_pb2.Story(title="A day", pages=pages)
    request = story_pb2.CreateStoryRequest(story=story)
    refused = await mia.refused(mia.stories.CreateStory, request)
    assert is_refused(refused, "story.pages[1].scene_description")
    assert await written(gateway) == [0] * 6
    stored = await mia.create_story()
    update = story_pb2.UpdateStoryRequest(story=story_pb2.Story(id=stored.id, title=BAD))
    assert is_refused(await mia.refused(mia.stories.UpdateStory, update), "story.title")
    assert await mia.get_story(stored.id) == stored


async def test_a_scene_that_an_author_sets_is_refused_by_its_field(mia: Caller) -> None:
    scene = scene_pb2.Scene(place="a forest", props=["a lamp", BAD])
    page = story_pb2.Page(text="Mia runs.", scene=scene)
    request = story_pb2.CreateStoryRequest(story=story_pb2.Story(title="A day", pages=[page]))
    refused = await mia.refused(mia.stories.CreateStory, request)
    assert is_refused(refused, "story.pages[0].scene.props[1]")


@pytest.mark.parametrize(
    ("field", "cover"),
    [
        ("cover.scene_description", generation_pb2.Cover(scene_description=BAD)),
        ("cover.scene.place", generation_pb2.Cover(scene=scene_pb2.Scene(place=BAD))),
    ],
)
async def test_what_a_cover_shall_show_is_refused_by_its_field(
    gateway: GatewayFixture, mia: Caller, field: str, cover: generation_pb2.Cover
) -> None:
    story = await mia.create_story()
    request = generation_pb2.GenerateStoryRequest(
        story_id=story.id, include_cover=True, cover=cover
    )
    assert is_refused(await mia.refused(mia.generation.GenerateStory, request), field)
    routing = routing_pb2_grpc.RoutingServiceStub(gateway.channel())
    plan = routing_pb2.PlanStoryRequest(story=request)
    assert is_refused(await mia.refused(routing.PlanStory, plan), field)


async def test_words_split_over_an_old_and_a_new_field_are_seen(mia: Caller) -> None:
    stored = await mia.create_character(name="Mia", clothing="fu")
    changed = character_pb2.Character(id=stored.id, features=["cker"])
    update = character_pb2.UpdateCharacterRequest(character=changed)
    refused = await mia.refused(mia.characters.UpdateCharacter, update)
    assert is_refused(refused, "character.clothing", "Mia\nred\nfu\ncker")
    assert "with the other texts" in refused.message


@pytest.fixture
async def job(mia: Caller) -> Any:
    """Returns the job of a scene."""
    return await mia.scene((await mia.create_story()).id)


async def test_a_scene_and_a_regeneration_are_refused_and_cost_nothing(
    gateway: GatewayFixture, mia: Caller, job: Any
) -> None:
    before = await written(gateway)
    story = await mia.get_story((await mia.get_image(job.image_id)).story_id)
    page = story.pages[0].id
    scene = generation_pb2.GenerateSceneRequest(
        story_id=story.id, page_id=page, scene_description=BAD
    )
    refused = await mia.refused(mia.generation.GenerateScene, scene)
    assert is_refused(refused, "scene_description")
    again = generation_pb2.RegenerateImageRequest(
        image_id=job.image_id, modifications=generation_pb2.Modifications(prompt=BAD)
    )
    refused = await mia.refused(mia.generation.RegenerateImage, again)
    assert is_refused(refused, "modifications.prompt")
    routing = routing_pb2_grpc.RoutingServiceStub(gateway.channel())
    quote = routing_pb2.QuoteGenerationRequest(scene=scene)
    assert is_refused(await mia.refused(routing.QuoteGeneration, quote), "scene_description")
    assert await written(gateway) == before


async def test_what_was_stored_before_it_was_checked_is_not_drawn(
    database: str, gateway: GatewayFixture, mia: Caller, tmp_path: Path
) -> None:
    async with open_gateway_fixture(database, tmp_path, text_safety="none") as unchecked:
        old = unchecked.caller()
        looks = await old.create_character(clothing=BAD)
        story = await old.create_story("Mia runs.", BAD)
    portrait = generation_pb2.GeneratePortraitRequest(character_id=looks.id, style="watercolor")
    refused = await mia.refused(mia.generation.GeneratePortrait, portrait)
    assert is_refused(refused, f"characters[{looks.id}].clothing")
    whole = generation_pb2.GenerateStoryRequest(story_id=story.id)
    refused = await mia.refused(mia.generation.GenerateStory, whole)
    assert is_refused(refused, "story.pages[1].text")
    routing = routing_pb2_grpc.RoutingServiceStub(gateway.channel())
    plan = routing_pb2.PlanStoryRequest(story=whole)
    assert is_refused(await mia.refused(routing.PlanStory, plan), "story.pages[1].text")
    assert await gateway.count("image_generation_jobs") == 0


async def test_an_allowed_text_passes_wherever_it_stands_until_it_is_withdrawn(
    gateway: GatewayFixture, mia: Caller
) -> None:
    allowed = gateway.store.allowed_texts
    assert await allowed.allow(digest_of(BAD), RULE, "ann")
    assert not await allowed.allow(digest_of(BAD), RULE, "ben")
    story = await mia.create_story("Mia runs.", f"  {BAD} ")
    assert (await mia.scene(story.id, page=2)).job_id
    other = story_pb2.Page(text="Fuck off.")
    request = story_pb2.CreateStoryRequest(story=story_pb2.Story(title=BAD, pages=[other]))
    refused = await mia.refused(mia.stories.CreateStory, request)
    assert is_refused(refused, "story.pages[0].text", "Fuck off.")
    assert await allowed.withdraw(digest_of(BAD), RULE, "ann")
    assert not await allowed.withdraw(digest_of(BAD), RULE, "ann")
    update = story_pb2.UpdateStoryRequest(story=story_pb2.Story(id=story.id, title="A night"))
    refused = await mia.refused(mia.stories.UpdateStory, update)
    assert is_refused(refused, "story.pages[1].text")


async def test_a_text_is_allowed_to_break_one_rule(gateway: GatewayFixture, mia: Caller) -> None:
    await gateway.store.allowed_texts.allow(digest_of(BAD), "violence-words", "ann")
    looks = character_pb2.Character(name=BAD)
    request = character_pb2.CreateCharacterRequest(character=looks)
    refused = await mia.refused(mia.characters.CreateCharacter, request)
    assert is_refused(refused, "character.name")


async def test_no_log_line_and_no_metric_has_a_refused_text(
    gateway: GatewayFixture, mia: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    text = "Old Zebedee Quill says what the fuck."
    looks = character_pb2.Character(name="Zebedee", clothing=text)
    request = character_pb2.CreateCharacterRequest(character=looks)
    with caplog.at_level(logging.DEBUG):
        assert is_refused(
            await mia.refused(mia.characters.CreateCharacter, request), "character.clothing", text
        )
        await gateway.store.allowed_texts.allow(digest_of(text), RULE, "ann")
        await mia.characters.CreateCharacter(request, metadata=mia.metadata)
    page = gateway.metrics.page().decode()
    labels = f'{{category="profanity",rule="{RULE}",stage="admission"}} 1.0'
    assert f"imggen_refused_texts_total{labels}" in page
    logged = "".join(str(record.__dict__) for record in caplog.records)
    for word in ("Zebedee", "Quill", "fuck"):
        assert word not in logged + page
    [line] = [record for record in caplog.records if record.message == "text refused"]
    about = ("stage", "category", "rule", "digest", "field", "user_id")
    assert [getattr(line, name) for name in about] == [
        *("admission", "profanity", RULE, digest_of(text)),
        *("character.clothing", str(mia.user_id)),
    ]
    [line] = [record for record in caplog.records if record.message == "text allowed"]
    assert (line.rule, line.user_id) == (RULE, str(mia.user_id))  # type: ignore[attr-defined]


async def test_harmless_texts_of_tales_pass(mia: Caller) -> None:
    story = await mia.create_story(
        "The wolf ate the grandmother.", 'The cock cried "cock-a-doodle-doo".', "The witch burned."
    )
    assert len((await mia.get_story(story.id)).pages) == 3
