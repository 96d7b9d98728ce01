"""The fields of characters, stories and styles, each with a value that makes a difference."""

from imggen.v1 import character_pb2, story_pb2
from tests.integration.field_change import (
    PAGED,
    REQUEST_ID,
    SOME_ID,
    Change,
    FieldChanges,
    NotRead,
    Of,
    Refused,
    under,
)

LOOKS = {
    "name": "Ida",
    "age": 8,
    "gender": character_pb2.GENDER_FEMALE,
    "species": "fox",
    "hair": "black",
    "eyes": "blue",
    "skin": "tan",
    "clothing": "a coat",
    "features": ["freckles"],
    "traits": ["brave"],
}
CHARACTER_OUTPUT = {
    "description_version": 3,
    "reference_image_id": SOME_ID,
    "reference_stale": True,
    "created_at": {"seconds": 1},
    "updated_at": {"seconds": 1},
}
STORY_OUTPUT = {"page_count": 7, "created_at": {"seconds": 1}, "updated_at": {"seconds": 1}}
ON_PAGE = {
    "story.pages.character_ids": [Of("Mia")],
    "story.pages.scene.figures.character_id": Of("Mia"),
}
PAGES = {
    "story.title": "Night",
    "story.style": "anime",
    "story.character_ids": [Of("Tom")],
    "story.pages.text": "The moon is up.",
    "story.pages.scene_description": "a moon",
    "story.pages.character_ids": [Of("Tom")],
    "story.pages.scene.extras": ["a crowd"],
    "story.pages.scene.place": "a mill",
    "story.pages.scene.time": "night",
    "story.pages.scene.season": "winter",
    "story.pages.scene.weather": ["snow"],
    "story.pages.scene.props": ["a lamp"],
    "story.pages.scene.colours": ["a red lamp"],
    "story.pages.scene.absent": ["a hat"],
    "story.pages.scene.empty": ["figures"],
    **{
        f"story.pages.scene.figures.{name}": Change(value, ON_PAGE)
        for name, value in {
            "doing": ["climb"],
            "mood": "sad",
            "holding": ["a rope"],
            "wearing": ["a hat"],
            "without": ["a shoe"],
        }.items()
    },
    "story.pages.scene.figures.character_id": Change(
        Of("Tom"), {"story.pages.character_ids": [Of("Tom")]}
    ),
}

LIBRARY: dict[str, FieldChanges] = {
    "CharacterService.CreateCharacter": FieldChanges(
        {"character.name": "Mia"},
        {
            **under("character", LOOKS),
            "character.id": NotRead(SOME_ID),
            "character.etag": NotRead("stale"),
            **under("character", CHARACTER_OUTPUT, NotRead),
            "request_id": REQUEST_ID,
        },
    ),
    "CharacterService.GetCharacter": FieldChanges(
        {"character_id": Of("Mia")}, {"character_id": Of("Tom")}
    ),
    "CharacterService.UpdateCharacter": FieldChanges(
        {"character.id": Of("Mia"), "character.name": "Mia", "update_mask": ["*"]},
        {
            "character.id": Of("Tom"),
            **under("character", LOOKS),
            "character.etag": Refused("stale"),
            **under("character", CHARACTER_OUTPUT, NotRead),
            "update_mask": Change(["hair"], {"character.hair": "black"}),
        },
    ),
    "CharacterService.ListCharacters": FieldChanges(
        {}, {"page_size": 1, "page_token": Change(Of(token="characters"), PAGED)}
    ),
    "CharacterService.DeleteCharacter": FieldChanges(
        {"character_id": Of("Mia")}, {"character_id": Of("Tom")}
    ),
    "StoryService.CreateStory": FieldChanges(
        {"story.title": "Day", "story.pages.text": "The sun is up."},
        {
            **PAGES,
            "story.id": NotRead(SOME_ID),
            "story.etag": NotRead("stale"),
            "story.pages.id": NotRead(SOME_ID),
            **under("story", STORY_OUTPUT, NotRead),
            "request_id": REQUEST_ID,
        },
    ),
    "StoryService.GetStory": FieldChanges({"story_id": Of("Day")}, {"story_id": Of("Night")}),
    "StoryService.UpdateStory": FieldChanges(
        {
            "story.id": Of("Day"),
            "story.title": "Day",
            "story.pages.text": "The sun is up.",
            "update_mask": ["*"],
        },
        {
            "story.id": Of("Night"),
            **PAGES,
            "story.etag": Refused("stale"),
            "story.pages.id": Of("page 2 of Day"),
            **under("story", STORY_OUTPUT, NotRead),
            "update_mask": ["title"],
        },
    ),
    "StoryService.ListStories": FieldChanges(
        {},
        {
            "view": story_pb2.STORY_VIEW_FULL,
            "page_size": 1,
            "page_token": Change(Of(token="stories"), PAGED),
        },
    ),
    "StoryService.DeleteStory": FieldChanges({"story_id": Of("Day")}, {"story_id": Of("Night")}),
    "StyleService.ListStyles": FieldChanges(
        {}, {"page_size": 1, "page_token": Change(Of(token="styles"), PAGED)}
    ),
}
