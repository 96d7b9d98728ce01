"""Characters, stories and styles: created, read, changed by mask, listed, deleted."""

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from imggen.v1 import character_pb2, generation_pb2, story_pb2, style_pb2
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, ids, new_id

Page = story_pb2.Page


async def test_a_character_is_stored_as_sent(mia: Caller) -> None:
    given = character_pb2.Character(
        name="  Mia\u200b  Rose ",
        age=0,
        gender=character_pb2.GENDER_FEMALE,
        species="fox",
        hair="long\n red\thair",
        eyes="gre\u0301en",
        skin="white fur",
        clothing="a coat",
        features=["freckles", "round glasses"],
        traits=["brave"],
    )
    request = character_pb2.CreateCharacterRequest(character=given)
    made = (await mia.characters.CreateCharacter(request, metadata=mia.metadata)).character
    assert made == await mia.get_character(made.id)
    assert (made.name, made.hair, made.eyes) == ("Mia Rose", "long red hair", "gr\u00e9en")
    assert (made.HasField("age"), made.age) == (True, 0)
    assert (made.gender, made.species) == (character_pb2.GENDER_FEMALE, "fox")
    assert (list(made.features), list(made.traits)) == (["freckles", "round glasses"], ["brave"])
    assert (made.description_version, made.reference_image_id) == (1, "")
    nameless_age = await mia.create_character()
    assert not nameless_age.HasField("age")


async def test_a_story_keeps_what_shapes_its_texts(mia: Caller) -> None:
    poem = "Roses are red,\n\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645\n\nThe end"
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    page = Page(text=poem, scene_description=f"a \u202efamily {family}")
    story = story_pb2.Story(title=family * 300, pages=[page])
    request = story_pb2.CreateStoryRequest(story=story)
    made = (await mia.stories.CreateStory(request, metadata=mia.metadata)).story
    assert made.title == family * 300
    assert made.pages[0].text == poem
    assert made.pages[0].scene_description == f"a family {family}"


async def test_an_update_changes_only_what_its_mask_names(mia: Caller) -> None:
    made = await mia.create_character(hair="red", eyes="green", age=7)
    request = character_pb2.UpdateCharacterRequest(
        character=character_pb2.Character(id=made.id, hair="blue", eyes="brown"),
        update_mask=FieldMask(paths=["hair", "age"]),
    )
    changed = (await mia.characters.UpdateCharacter(request, metadata=mia.metadata)).character
    assert (changed.hair, changed.eyes, changed.HasField("age")) == ("blue", "green", False)
    assert (changed.name, changed.description_version) == ("Mia", 2)
    assert changed.updated_at.ToDatetime() > made.updated_at.ToDatetime()


async def test_a_mask_of_everything_clears_what_is_not_given(mia: Caller) -> None:
    made = await mia.create_character(hair="red", features=["freckles"])
    request = character_pb2.UpdateCharacterRequest(
        character=character_pb2.Character(id=made.id, name="Ida"),
        update_mask=FieldMask(paths=["*"]),
    )
    changed = (await mia.characters.UpdateCharacter(request, metadata=mia.metadata)).character
    assert (changed.name, changed.hair, list(changed.features)) == ("Ida", "", [])


async def test_a_page_starts_where_the_previous_one_ended(mia: Caller) -> None:
    made = [(await mia.create_character(name=f"child {number}")).id for number in range(5)]
    seen: list[str] = []
    token = ""
    for size in (2, 2, 2):
        request = character_pb2.ListCharactersRequest(page_size=size, page_token=token)
        answer = await mia.characters.ListCharacters(request, metadata=mia.metadata)
        seen += ids(answer.characters)
        token = answer.next_page_token
    assert (seen, token) == (made[::-1], "")


async def test_a_deleted_character_is_in_no_list_and_in_old_pictures(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = await mia.create_character()
    job = await gateway.draw(await mia.portrait(character.id))
    await mia.delete_character(character.id)
    request = character_pb2.ListCharactersRequest()
    answer = await mia.characters.ListCharacters(request, metadata=mia.metadata)
    assert ids(answer.characters) == []
    assert (await mia.get_image(job.image_id)).character_id == character.id
    assert (await mia.regenerate(job.image_id)).job_id


async def test_a_story_is_stored_as_sent(mia: Caller) -> None:
    character = await mia.create_character()
    pages = [
        Page(text="Mia wakes.", scene_description="a bed", character_ids=[character.id]),
        Page(text="... !"),
    ]
    made = await mia.create_story(title=" The  day ", style="anime", pages=pages)
    assert made == await mia.get_story(made.id)
    assert (made.title, made.style, made.page_count) == ("The day", "anime", 2)
    for stored, given in zip(made.pages, pages, strict=True):
        assert stored == Page(
            id=stored.id,
            text=given.text,
            scene_description=given.scene_description,
            character_ids=given.character_ids,
        )


async def test_the_cast_of_a_story_is_stored_changed_and_removed(mia: Caller) -> None:
    one, two = [(await mia.create_character()).id for _ in range(2)]
    made = await mia.create_story("Mia wakes.", character_ids=[two, one])
    assert made == await mia.get_story(made.id)
    assert list(made.character_ids) == [two, one]
    retitled = await mia.update_story(made.id, title="Night")
    assert list(retitled.character_ids) == [two, one]
    fewer = await mia.update_story(made.id, character_ids=[one])
    assert (list(fewer.character_ids), fewer.pages) == ([one], made.pages)
    assert fewer.etag != retitled.etag
    listed = await mia.stories.ListStories(story_pb2.ListStoriesRequest(), metadata=mia.metadata)
    assert [list(story.character_ids) for story in listed.stories] == [[one]]
    await mia.delete_character(one)
    assert list((await mia.update_story(made.id, title="Dawn")).character_ids) == [one]
    request = story_pb2.UpdateStoryRequest(
        story=story_pb2.Story(id=made.id), update_mask=FieldMask(paths=["character_ids"])
    )
    none = (await mia.stories.UpdateStory(request, metadata=mia.metadata)).story
    assert list(none.character_ids) == []


async def test_pages_are_replaced_as_a_whole_and_only_when_named(mia: Caller) -> None:
    story = await mia.create_story("One.", "Two.", "Three.")
    retitled = await mia.update_story(story.id, title="Night")
    assert [page.text for page in retitled.pages] == ["One.", "Two.", "Three."]
    shorter = await mia.update_story(story.id, pages=[Page(text="Eins.")])
    assert (shorter.title, [page.text for page in shorter.pages]) == ("Night", ["Eins."])
    longer = await mia.update_story(story.id, pages=[Page(text=str(n)) for n in range(200)])
    assert len(longer.pages) == 200
    request = story_pb2.UpdateStoryRequest(
        story=story_pb2.Story(id=story.id), update_mask=FieldMask(paths=["style", "pages"])
    )
    empty = (await mia.stories.UpdateStory(request, metadata=mia.metadata)).story
    assert (empty.title, empty.style, list(empty.pages)) == ("Night", "", [])


async def test_characters_of_pages_must_be_the_callers(mia: Caller, tom: Caller) -> None:
    his = await tom.create_character()
    story = await mia.create_story()
    page = Page(text="Tom wakes.", character_ids=[his.id])
    create = story_pb2.CreateStoryRequest(story=story_pb2.Story(title="Day", pages=[page]))
    update = story_pb2.UpdateStoryRequest(
        story=story_pb2.Story(id=story.id, pages=[page]), update_mask=FieldMask(paths=["pages"])
    )
    cast = story_pb2.CreateStoryRequest(story=story_pb2.Story(title="Day", character_ids=[his.id]))
    recast = story_pb2.UpdateStoryRequest(
        story=story_pb2.Story(id=story.id, character_ids=[his.id])
    )
    creates = [(mia.stories.CreateStory, request) for request in (create, cast)]
    for method, request in [
        *creates,
        *((mia.stories.UpdateStory, request) for request in (update, recast)),
    ]:
        refused = await mia.refused(method, request)
        assert refused.reason == "CHARACTER_NOT_FOUND"
        assert refused.metadata == {"character_id": his.id}
    assert await mia.get_story(story.id) == story


async def test_a_deleted_story_cannot_be_read_changed_or_drawn(mia: Caller) -> None:
    story = await mia.create_story()
    await mia.delete_story(story.id)
    request = story_pb2.GetStoryRequest(story_id=story.id)
    refused = await mia.refused(mia.stories.GetStory, request)
    assert refused.reason == "STORY_NOT_FOUND"
    assert refused.metadata == {"story_id": story.id}
    listed = await mia.stories.ListStories(story_pb2.ListStoriesRequest(), metadata=mia.metadata)
    assert ids(listed.stories) == []


@pytest.mark.parametrize("style", ["", "anime"])
async def test_a_scene_has_its_storys_style_unless_it_names_one(
    gateway: GatewayFixture, mia: Caller, style: str
) -> None:
    story = await mia.create_story(style="watercolor")
    spec = (await gateway.spec(await mia.scene(story.id, style=style)))["spec"]
    assert spec["style"]["id"] == (style or "watercolor")


async def test_a_scene_shows_what_the_request_says_or_its_page(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character, other = await mia.create_character(), await mia.create_character(name="Tom")
    page = Page(text="Mia wakes.", scene_description="a bed", character_ids=[character.id])
    story = await mia.create_story(pages=[page, Page(text="Mia runs.")])

    async def spec(number: int, **fields: object) -> tuple[str, str, list[str]]:
        drawn = (await gateway.spec(await mia.scene(story.id, number, **fields)))["spec"]
        names = [frozen["description"]["name"] for frozen in drawn["characters"]]
        return drawn["scene"], drawn["page_text"], names

    assert await spec(1) == ("a bed", "Mia wakes.", ["Mia"])
    assert await spec(1, scene_description="a  hill") == ("a hill", "Mia wakes.", ["Mia"])
    assert await spec(1, character_ids=[other.id]) == ("a bed", "Mia wakes.", ["Tom"])
    assert await spec(2) == ("", "Mia runs.", [])


async def test_a_page_with_a_deleted_character_names_it(mia: Caller) -> None:
    character = await mia.create_character()
    story = await mia.create_story(pages=[Page(text="Mia.", character_ids=[character.id])])
    await mia.delete_character(character.id)
    request = generation_pb2.GenerateSceneRequest(story_id=story.id, page_id=story.pages[0].id)
    refused = await mia.refused(mia.generation.GenerateScene, request)
    assert refused.metadata == {"character_id": character.id}


async def test_the_styles_are_those_of_the_specification(mia: Caller) -> None:
    request = style_pb2.ListStylesRequest()
    answer = await mia.styles.ListStyles(request, metadata=mia.metadata)
    assert ids(answer.styles) == [
        "3d_render",
        "anime",
        "cartoon",
        "painterly",
        "realistic",
        "storybook",
        "watercolor",
    ]
    assert all(style.prompt_template and style.negative_prompt for style in answer.styles)
    first = await mia.styles.ListStyles(
        style_pb2.ListStylesRequest(page_size=5), metadata=mia.metadata
    )
    rest = await mia.styles.ListStyles(
        style_pb2.ListStylesRequest(page_size=5, page_token=first.next_page_token),
        metadata=mia.metadata,
    )
    assert [*first.styles, *rest.styles] == list(answer.styles)
    assert rest.next_page_token == ""


async def test_a_page_is_corrected_beside_one_with_a_deleted_character(mia: Caller) -> None:
    tom = (await mia.create_character(name="Tom")).id
    story = await mia.create_story(
        pages=[Page(text="Tom.", character_ids=[tom]), Page(text="Teh.")]
    )
    await mia.delete_character(tom)
    one, two = story.pages
    corrected = await mia.update_story(story.id, pages=[one, Page(text="The.", id=two.id)])
    assert [page.text for page in corrected.pages] == ["Tom.", "The."]
    gone = story_pb2.UpdateStoryRequest(
        story=story_pb2.Story(id=story.id, pages=[Page(text="A.", character_ids=[new_id()])])
    )
    assert (await mia.refused(mia.stories.UpdateStory, gone)).reason == "CHARACTER_NOT_FOUND"


async def test_a_new_caller_has_empty_lists(gateway: GatewayFixture) -> None:
    newcomer = gateway.caller(new_id())
    assert (await newcomer.list_jobs()).jobs == []
    assert (await newcomer.list_images()).images == []


async def test_a_page_of_the_largest_characters_ends_at_3_mib(
    gateway: GatewayFixture, mia: Caller
) -> None:
    largest = "\N{FOX FACE}" * 300
    made = await mia.create_character(
        **dict.fromkeys(("name", "species", "hair", "eyes", "skin", "clothing"), largest),
        features=[largest] * 16,
        traits=[largest] * 16,
    )
    await gateway.store.database.execute(
        "INSERT INTO characters (user_id, name, gender, species, hair, eyes, skin, clothing,"
        "  features, traits) SELECT user_id, name, gender, species, hair, eyes, skin, clothing,"
        " features, traits FROM characters, generate_series(1, 99) WHERE id = $1",
        made.id,
    )
    request, seen, pages = character_pb2.ListCharactersRequest(page_size=100), [], 0
    while pages == 0 or request.page_token:
        answer = await mia.characters.ListCharacters(request, metadata=mia.metadata)
        assert answer.ByteSize() <= 3 * 2**20
        seen += [character.id for character in answer.characters]
        request.page_token = answer.next_page_token
        pages += 1
    assert pages == 2
    assert len(set(seen)) == len(seen) == 100
