"""Characters and stories through the client."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from imggen import Character, Client, Gender, Job, Page, Story
from imggen.errors import AlreadyExists, InvalidRequest, NotFound, Unavailable
from imggen.testing import FakeService
from imggen.v1.character_pb2 import CreateCharacterRequest, UpdateCharacterRequest
from imggen.v1.errors_pb2 import ErrorReason


@pytest.fixture
async def fake() -> AsyncIterator[FakeService]:
    async with FakeService() as fake:
        yield fake


@pytest.fixture
async def client(fake: FakeService) -> AsyncIterator[Client]:
    async with Client(fake.target) as client:
        yield client


async def test_a_character_is_made_from_its_fields(client: Client) -> None:
    mia = await client.create_character(
        name="Mia", age=7, gender="female", hair="red", features=["freckles"], traits=["brave"]
    )
    assert await client.get_character(mia) == mia
    assert (mia.name, mia.age, mia.gender) == ("Mia", 7, Gender.GENDER_FEMALE)
    assert list(mia.features) == ["freckles"]
    assert mia.description_version == 1


async def test_a_character_is_made_from_a_message_with_fields_changed(client: Client) -> None:
    template = Character(name="Mia", hair="red", traits=["brave", "kind"])
    ben = await client.create_character(template, name="Ben", traits=["shy"])
    assert (ben.name, ben.hair, list(ben.traits)) == ("Ben", "red", ["shy"])
    assert template.name == "Mia"


async def test_an_update_by_fields_changes_only_those(fake: FakeService, client: Client) -> None:
    mia = await client.create_character(name="Mia", hair="red", eyes="green", age=7)
    changed = await client.update_character(mia.id, hair="black", age=None)
    assert (changed.hair, changed.eyes) == ("black", "green")
    assert not changed.HasField("age")
    request = fake.requests("UpdateCharacter")[0]
    assert isinstance(request, UpdateCharacterRequest)
    assert list(request.update_mask.paths) == ["hair", "age"]


async def test_an_update_by_a_message_changes_all(client: Client) -> None:
    mia = await client.create_character(name="Mia", hair="red")
    mia.hair = "grey"
    mia.name = "Mia the Elder"
    changed = await client.update_character(mia)
    assert (changed.name, changed.hair) == ("Mia the Elder", "grey")


async def test_a_list_walks_all_pages_the_newest_first(fake: FakeService, client: Client) -> None:
    for number in range(5):
        await client.create_character(name=f"Fox {number}")
    names = [character.name async for character in client.list_characters(page_size=2)]
    assert names == ["Fox 4", "Fox 3", "Fox 2", "Fox 1", "Fox 0"]
    assert len(fake.requests("ListCharacters")) == 3


async def test_a_deleted_character_is_not_found(client: Client) -> None:
    mia = await client.create_character(name="Mia")
    await client.delete_character(mia)
    with pytest.raises(NotFound) as raised:
        await client.get_character(mia)
    assert raised.value.reason == ErrorReason.ERROR_REASON_CHARACTER_NOT_FOUND


async def test_a_page_may_be_its_text(client: Client) -> None:
    story = await client.create_story(
        title="The Map", style="watercolor", pages=["Mia finds a map.", Page(text="The end.")]
    )
    assert [page.text for page in story.pages] == ["Mia finds a map.", "The end."]
    assert await client.get_story(story.id) == story


async def test_a_story_is_updated_listed_and_deleted(client: Client) -> None:
    story = await client.create_story(Story(title="The Map", pages=[Page(text="One.")]))
    changed = await client.update_story(story, pages=["Two."], style="anime")
    assert changed.title == "The Map"
    assert [page.text for page in changed.pages] == ["Two."]
    assert [each.id async for each in client.list_stories()] == [story.id]
    await client.delete_story(story)
    assert [each async for each in client.list_stories()] == []


async def test_styles_come_in_alphabetical_order(client: Client) -> None:
    names = [style.id async for style in client.styles()]
    assert names == sorted(names)
    assert "watercolor" in names


async def test_a_create_whose_answer_is_lost_is_repeated_with_the_same_request_id(
    fake: FakeService, client: Client
) -> None:
    fake.lose_next_answer("CreateCharacter")
    mia = await client.create_character(name="Mia")
    first, second = fake.requests("CreateCharacter")
    assert first == second
    assert isinstance(first, CreateCharacterRequest)
    assert first.request_id
    assert [character.id async for character in client.list_characters()] == [mia.id]


async def test_every_create_has_its_own_request_id(fake: FakeService, client: Client) -> None:
    await client.create_character(name="Mia")
    await client.create_character(name="Mia")
    first, second = fake.requests("CreateCharacter")
    assert first != second


async def test_a_request_id_of_the_caller_gives_the_same_answer_again(client: Client) -> None:
    request_id = str(uuid4())
    first = await client.create_story(title="The Map", request_id=request_id)
    assert await client.create_story(title="The Map", request_id=request_id) == first
    with pytest.raises(AlreadyExists) as raised:
        await client.create_story(title="Another", request_id=request_id)
    assert raised.value.reason == ErrorReason.ERROR_REASON_REQUEST_ID_REUSED


async def test_a_call_is_attempted_five_times_at_most(fake: FakeService, client: Client) -> None:
    for _ in range(5):
        fake.lose_next_answer("GetCharacter")
    mia = await client.create_character(name="Mia")
    with pytest.raises(Unavailable):
        await client.get_character(mia)
    assert len(fake.requests("GetCharacter")) == 5
    assert await client.get_character(mia) == mia


async def test_a_name_that_is_no_enum_value_is_refused_before_it_is_sent(client: Client) -> None:
    with pytest.raises(
        ValueError, match="'robot' is not a value of Gender; use one of female, male"
    ):
        await client.create_character(name="Bot", gender="robot")  # type: ignore[arg-type]


async def test_every_bad_field_is_named_at_once(client: Client) -> None:
    with pytest.raises(InvalidRequest) as raised:
        await client.create_story(title=" ", style="oil", pages=["", "Two."])
    assert [bad.field for bad in raised.value.violations] == [
        "story.title",
        "story.style",
        "story.pages[0].text",
    ]
    assert raised.value.violations[1].reason == ErrorReason.ERROR_REASON_STYLE_UNKNOWN


async def test_a_story_listed_without_its_pages_cannot_lose_them(client: Client) -> None:
    story = await client.create_story(title="The Map", pages=["One.", "Two."])
    [listed] = [each async for each in client.list_stories()]
    for change in (client.update_story(listed), client.create_story(listed)):
        with pytest.raises(ValueError, match="listed without its pages"):
            await change
    assert (await client.update_story(listed, title="A Map")).page_count == 2
    assert (await client.get_story(story)).title == "A Map"


async def test_an_object_without_an_id_is_no_filter(client: Client) -> None:
    with pytest.raises(ValueError, match="this Page has no id"):
        await anext(client.list_images(page=Page(text="One.")))
    with pytest.raises(ValueError, match="this Job has no id"):
        await client.get_job(Job())
