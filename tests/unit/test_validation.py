"""Requests for pictures as the jobs that they ask for."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from imggen.v1.errors_pb2 import ErrorReason
from imggen.v1.generation_pb2 import (
    GeneratePortraitRequest,
    GenerateSceneRequest,
    Modifications,
    PortraitOptions,
    RegenerateImageRequest,
    SceneOptions,
)
from server.domain.jobs import NewJob
from server.domain.states import Quality
from server.domain.styles import Style
from server.errors import InvalidRequest, NotFound
from server.identity.caller import Role
from server.requests.pictures import Validation
from server.routing.catalogue import SDXL, STORYBOOK, Catalogue
from tests.builders import render_spec
from tests.unit.scripted import (
    ScriptedDatabase,
    character_row,
    image_row,
    scripted_store,
    somebody,
    story_row,
)

ANIME = Style("anime", 1, "Anime", "Drawn", "anime", "photo")
WATERCOLOR = Style("watercolor", 2, "Watercolor", "Painted", "watercolor", "photo")
CALLER = somebody()
MIA = character_row(CALLER.user_id)


class Desk:
    """Is a validation on a scripted database that has Mia, and a story of hers."""

    def __init__(self) -> None:
        store, self.database = scripted_store()
        catalogue = Catalogue([STORYBOOK, SDXL])
        self.validation = Validation(store, catalogue, [ANIME, WATERCOLOR])
        self.database.answer("FROM characters", MIA)
        self.story = story_row(
            ("Mia runs through the wood.", "", [MIA["id"]]),
            ("...", "", []),
            ("The end.", "a sky", []),
        )
        self.database.answer("FROM stories", self.story)

    async def portrait(self, *, admin: bool = False, **fields: Any) -> NewJob:
        request = GeneratePortraitRequest(
            **{"character_id": str(MIA["id"]), "style": "anime", **fields}
        )
        caller = replace(CALLER, roles=frozenset({Role.ADMIN})) if admin else CALLER
        return await self.validation.portrait(caller, request)

    async def scene(self, page: int = 1, **fields: Any) -> NewJob:
        request = GenerateSceneRequest(
            **{"story_id": str(self.story["id"]), "page_number": page, **fields}
        )
        return await self.validation.scene(CALLER, request)

    async def again(self, **fields: Any) -> NewJob:
        modifications = Modifications(**fields)
        request = RegenerateImageRequest(image_id=str(uuid4()), modifications=modifications)
        return await self.validation.regeneration(CALLER, request)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def wrong(caught: pytest.ExceptionInfo[InvalidRequest]) -> dict[str, str]:
    """Returns the bad fields with their reasons."""
    return {
        violation.field: ErrorReason.Name(violation.reason).removeprefix("ERROR_REASON_")
        for violation in caught.value.violations
    }


async def test_a_portrait_freezes_its_character_and_resolves_what_was_left_out(desk: Desk) -> None:
    job = await desk.portrait()
    [mia] = job.spec.characters
    assert (mia.id, mia.version, mia.description.hair) == (MIA["id"], 2, "long red hair")
    assert (job.spec.model, job.spec.width, job.spec.quality) == ("storybook", 1024, Quality.HD)
    assert job.placement.character_id == MIA["id"]
    assert (job.priority, job.request) == (2, None)


async def test_a_portrait_takes_what_is_asked_for(desk: Desk) -> None:
    options = PortraitOptions(model="sdxl", size="1024x1536", quality="standard")
    job = await desk.portrait(
        admin=True, options=options, seed=9, priority=0, request_id=str(uuid4())
    )
    assert (job.spec.model, job.spec.height, job.spec.seed) == ("sdxl", 1536, 9)
    assert job.spec.quality is Quality.STANDARD
    assert job.priority == 0
    assert job.request is not None


async def test_a_portrait_takes_the_style_of_its_story(desk: Desk) -> None:
    job = await desk.portrait(style="", story_id=str(desk.story["id"]))
    assert job.spec.style == WATERCOLOR
    assert job.placement.story_id == desk.story["id"]


async def test_everything_wrong_with_a_portrait_is_said_at_once(desk: Desk) -> None:
    options = PortraitOptions(size="8x8", quality="best")
    with pytest.raises(InvalidRequest) as caught:
        await desk.portrait(character_id="mia", style="oil", options=options, priority=7)
    assert wrong(caught) == {
        "character_id": "MALFORMED_ID",
        "style": "STYLE_UNKNOWN",
        "options.size": "SIZE_NOT_OFFERED",
        "options.quality": "QUALITY_UNKNOWN",
        "priority": "PRIORITY_NOT_ALLOWED",
    }


async def test_a_style_is_required_where_no_story_has_one(desk: Desk) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await desk.portrait(style="")
    assert wrong(caught) == {"style": "FIELD_REQUIRED"}


async def test_a_character_that_is_not_the_callers_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound, match="you have no character"):
        await desk.portrait(character_id=str(uuid4()))


async def test_a_story_that_is_not_the_callers_is_not_found(desk: Desk) -> None:
    desk.database.answer("FROM stories")
    with pytest.raises(NotFound, match="you have no story"):
        await desk.scene()


async def test_a_scene_is_of_its_page_and_the_characters_on_it(desk: Desk) -> None:
    job = await desk.scene()
    assert job.spec.page_text == "Mia runs through the wood."
    assert [character.id for character in job.spec.characters] == [MIA["id"]]
    assert job.spec.style == WATERCOLOR
    assert (job.placement.story_id, job.placement.page_number) == (desk.story["id"], 1)


async def test_a_scene_may_say_itself_what_it_shows(desk: Desk) -> None:
    assert (await desk.scene(3)).spec.scene == "a sky"
    described = await desk.scene(2, scene_description="  two ducks ")
    assert described.spec.scene == "two ducks"


@pytest.mark.parametrize(
    ("page", "fields", "reasons"),
    [
        (0, {}, {"page_number": "PAGE_OUT_OF_RANGE"}),
        (4, {}, {"page_number": "PAGE_OUT_OF_RANGE"}),
        (2, {}, {"scene_description": "PROMPT_EMPTY"}),
        (1, {"scene_description": "!"}, {"scene_description": "PROMPT_EMPTY"}),
        (
            1,
            {"character_ids": [str(uuid4()) for _ in range(5)]},
            {"character_ids": "TOO_MANY_CHARACTERS"},
        ),
        (
            1,
            {"options": SceneOptions(aspect_ratio="2:7")},
            {"options.aspect_ratio": "ASPECT_RATIO_NOT_OFFERED"},
        ),
        (
            -1,
            {"story_id": ""},
            {"story_id": "FIELD_REQUIRED", "page_number": "PAGE_OUT_OF_RANGE"},
        ),
    ],
)
async def test_a_bad_scene_is_refused(
    desk: Desk, page: int, fields: dict[str, Any], reasons: dict[str, str]
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await desk.scene(page, **fields)
    assert wrong(caught) == reasons


def drawn(database: ScriptedDatabase, **spec: Any) -> Any:
    """Scripts an image that was drawn from a spec; returns its row."""
    image = image_row()
    database.answer("FROM images i", image)
    database.answer("SELECT j.spec", {"spec": render_spec(**spec).to_json()})
    return image


async def test_an_image_is_drawn_again_from_what_it_was_made_from(desk: Desk) -> None:
    image = drawn(desk.database, scene="a hill")
    job = await desk.again()
    assert job.spec.scene == "a hill"
    assert job.placement.parent_image_id == image["id"]
    assert job.placement.lineage_id == image["lineage_id"]


async def test_an_image_is_drawn_again_with_what_is_changed(desk: Desk) -> None:
    drawn(desk.database)
    job = await desk.again(style="anime", prompt="a lake", seed=0)
    assert (job.spec.style, job.spec.scene, job.spec.seed) == (ANIME, "a lake", 0)


async def test_a_change_that_is_none_is_refused(desk: Desk) -> None:
    drawn(desk.database)
    with pytest.raises(InvalidRequest) as caught:
        await desk.again(style="oil", prompt="")
    assert wrong(caught) == {
        "modifications.style": "STYLE_UNKNOWN",
        "modifications.prompt": "PROMPT_EMPTY",
    }


async def test_a_model_that_is_gone_is_said(desk: Desk) -> None:
    drawn(desk.database, model="retired")
    with pytest.raises(InvalidRequest) as caught:
        await desk.again()
    assert wrong(caught) == {"image_id": "MODEL_UNKNOWN"}


async def test_an_image_that_is_not_the_callers_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound, match="you have no image"):
        await desk.again()


async def test_a_request_without_an_id_asks_the_database_nothing(desk: Desk) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await desk.validation.regeneration(CALLER, RegenerateImageRequest())
    assert wrong(caught) == {"image_id": "FIELD_REQUIRED"}
    assert desk.database.statements == []


async def test_the_same_request_has_the_same_digest_and_another_has_not(desk: Desk) -> None:
    request_id = str(uuid4())
    once, twice, other = [
        (await desk.portrait(request_id=request_id, seed=seed)).request for seed in (1, 1, 2)
    ]
    assert once == twice
    assert once != other
