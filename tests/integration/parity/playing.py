"""Steps that many scripts have."""

from collections.abc import Mapping
from typing import Any

from tests.integration.parity.sides import Seen
from tests.integration.parity.values import ask


async def a_character(seen: Seen, **fields: Any) -> Any:
    request = {"character": {"name": "Mia", **fields}}
    return (await ask(seen, "CharacterService.CreateCharacter", request)).character


async def a_story(seen: Seen, *pages: Mapping[str, Any], **fields: Any) -> Any:
    story = {"title": "Day", "style": "anime", "pages": pages or [{"text": "Mia runs."}], **fields}
    return (await ask(seen, "StoryService.CreateStory", {"story": story})).story


async def a_portrait(seen: Seen, character: Any, **fields: Any) -> Any:
    request = {"character_id": character.id, "style": "anime", "seed": 7, **fields}
    return (await ask(seen, "GenerationService.GeneratePortrait", request)).job


async def update_story(seen: Seen, label: str, mask: list[str] | None = None, **story: Any) -> Any:
    request = {"story": story, "update_mask": {"paths": mask} if mask is not None else None}
    return await ask(seen, "StoryService.UpdateStory", request, label)


async def update_character(
    seen: Seen, label: str, mask: list[str] | None = None, **character: Any
) -> Any:
    request = {
        "character": character,
        "update_mask": {"paths": mask} if mask is not None else None,
    }
    return await ask(seen, "CharacterService.UpdateCharacter", request, label)
