"""Words that stand for what is private of children, and a search for them."""

import re

from imggen.v1.character_pb2 import Character
from imggen.v1.story_pb2 import Page, Story

WORD = "zorblax"
"""The beginning of every private word."""
AGE = 137
"""The private age."""
_WORD = re.compile(rf"{WORD}\w*", re.IGNORECASE)
# Logs have many numbers, so the number alone is no age.
_AGE = re.compile(rf"\bage\W{{1,4}}{AGE}\b|\b{AGE}\W?years?\b", re.IGNORECASE)
_SET_BY_THE_SERVICE = ("id", "reference_image_id", "etag")


def private_character(**changes: object) -> Character:
    """Returns a character with a private word in every text that its caller sets."""
    character = Character(age=AGE)
    for field in Character.DESCRIPTOR.fields:
        if field.type != field.TYPE_STRING or field.name in _SET_BY_THE_SERVICE:
            continue
        word = f"{WORD}{field.name}".capitalize()
        if field.is_repeated:
            getattr(character, field.name).append(word)
        else:
            setattr(character, field.name, word)
    character.MergeFrom(Character(**changes))  # type: ignore[arg-type]
    return character


def private_story() -> Story:
    """Returns a story with a private word in every text."""
    name = private_character().name
    page = Page(text=f"{name} waves at {WORD}page.", scene_description=f"{name} at {WORD}scene")
    return Story(title=f"{WORD}title", style="watercolor", pages=[page])


def private_in(said: str) -> list[str]:
    """Returns the private words and ages in what was logged, counted or told."""
    return sorted(
        {match.group().lower() for finds in (_WORD, _AGE) for match in finds.finditer(said)}
    )
