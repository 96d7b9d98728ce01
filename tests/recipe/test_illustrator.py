"""The drawing domain: captions and pictures match."""

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from random import Random

import cv2
import numpy as np
import pytest

from recipe.gallery import rows
from recipe.illustrator import Character, Illustrator, Scene, draw
from recipe.illustrator.attributes import (
    Age,
    Expression,
    Framing,
    Gender,
    Hair,
    Place,
    Position,
    Species,
    Style,
    Time,
    View,
    Weather,
)
from recipe.illustrator.captions import caption
from recipe.illustrator.sampling import FULL, PORTRAITS, RUNGS, sample_place, sample_scene

PERSON = Character(age=Age.ADULT, gender=Gender.MALE)
ANIMAL = Character(species=Species.CAT)
HUMAN_ONLY = {"age", "skin", "hair", "hair_style", "freckles", "beard"}


def values(field: dataclasses.Field[object], character: Character) -> Iterator[object]:
    value = getattr(character, field.name)
    yield from type(value) if isinstance(value, StrEnum) else (True,)


def changed(character: Character) -> list[Character]:
    return [
        replace(character, **{field.name: value})  # type: ignore[arg-type]
        for field in dataclasses.fields(Character)
        for value in values(field, character)
        if value != getattr(character, field.name)
        and not (character.is_animal and field.name in HUMAN_ONLY)
        and not (not character.is_animal and field.name == "fur")
    ]


def scenes() -> list[Scene]:
    chance = Random(3)
    return [sample_scene(chance, FULL) for _ in range(60)]


@pytest.fixture(scope="module")
def illustrator() -> Illustrator:
    return Illustrator()


def test_the_same_scene_is_the_same_picture() -> None:
    for scene in scenes()[:6]:
        assert np.array_equal(draw(scene).image, Illustrator().draw(scene).image)


def test_the_same_seed_samples_the_same_scenes() -> None:
    assert scenes() == scenes()


@pytest.mark.parametrize("character", [PERSON, ANIMAL], ids=["person", "animal"])
def test_every_value_of_every_attribute_changes_the_picture_and_the_caption(
    illustrator: Illustrator, character: Character
) -> None:
    before = Scene((character,), framing=Framing.FULL_BODY)
    picture = illustrator.draw(before).image.astype(int)
    for other in changed(character):
        after = replace(before, characters=(other,))
        difference = np.abs(illustrator.draw(after).image - picture).max(axis=2)
        assert (difference > 24).sum() >= 12, other
        assert caption(after) != caption(before), other


def test_every_setting_changes_the_picture_and_the_caption(illustrator: Illustrator) -> None:
    base = Scene((PERSON,), framing=Framing.FULL_BODY, place=Place.FOREST)
    settings: dict[str, type[StrEnum]] = {
        "style": Style,
        "framing": Framing,
        "position": Position,
        "place": Place,
        "time": Time,
        "weather": Weather,
    }
    for field, kind in settings.items():
        pictures = {}
        for value in kind:
            scene = replace(base, **{field: value})  # type: ignore[arg-type]
            pictures[illustrator.draw(scene).image.tobytes()] = caption(scene)
        assert len(pictures) == len(kind) == len(set(pictures.values())), field


def test_a_caption_in_any_phrasing_names_what_is_visible() -> None:
    chance = Random(5)
    for scene in scenes():
        said = caption(scene, chance)
        for character in scene.characters:
            assert character.colour in said
            assert character.eyes in said or character.view is View.BACK
            assert (character.fur if character.is_animal else character.hair) in said


def test_an_averted_face_is_not_in_the_caption() -> None:
    averted = Character(view=View.BACK, glasses=True, freckles=True, expression=Expression.ANGRY)
    said = caption(Scene((averted,)))
    assert "back view" in said
    for hidden in ("eyes", "glasses", "freckles", "angry"):
        assert hidden not in said


def test_no_two_canonical_captions_of_different_pictures_are_the_same() -> None:
    said = {caption(scene): scene for row in rows() for scene in row}
    again = {caption(scene): draw(scene).image.tobytes() for scene in list(said.values())[:8]}
    assert len(set(again.values())) == len(again)


def test_boxes_and_masks_fit_and_do_not_overlap(illustrator: Illustrator) -> None:
    for scene in scenes():
        drawing = illustrator.draw(scene)
        assert len(drawing.boxes) == len(drawing.masks) == len(scene.characters)
        assert np.sum(drawing.masks, axis=0).max() == 1
        for box, mask in zip(drawing.boxes, drawing.masks, strict=True):
            assert 0 <= box.left < box.right <= 256
            assert 0 <= box.top < box.bottom <= 256
            inside = mask[box.top : box.bottom, box.left : box.right]
            assert inside.sum() == mask.sum() > 256 * 256 * 0.04


def test_heads_are_a_quarter_of_the_picture_or_more(illustrator: Illustrator) -> None:
    for count in (1, 2, 3):
        people = tuple(Character(hair=Hair.RED) for _ in range(count))
        boxes = illustrator.draw(Scene(people, framing=Framing.FULL_BODY)).boxes
        # A child is 4.3 times as tall as its head is wide, half of which is the head.
        assert all(box.bottom - box.top >= 64 / 0.56 for box in boxes)


def test_characters_are_boxed_from_left_to_right(illustrator: Illustrator) -> None:
    three = Scene((PERSON, ANIMAL, PERSON), framing=Framing.FULL_BODY)
    lefts = [box.left for box in illustrator.draw(three).boxes]
    assert lefts == sorted(lefts)


def test_pictures_without_slots_are_refused() -> None:
    with pytest.raises(ValueError, match="use up to three"):
        Scene((PERSON,) * 4, framing=Framing.FULL_BODY)
    with pytest.raises(ValueError, match="use 'full body'"):
        Scene(())
    with pytest.raises(ValueError, match="use 'full body'"):
        Scene((PERSON, ANIMAL))
    with pytest.raises(ValueError, match="use 'in the middle'"):
        Scene((PERSON,), position=Position.LEFT)


def test_an_empty_place_is_drawn_as_its_background_and_said_in_known_words(
    illustrator: Illustrator,
) -> None:
    chance = Random(7)
    known = set(re.findall("[a-z]+", " ".join(caption(scene) for scene in scenes())))
    for _ in range(30):
        scene = sample_place(chance, tuple(Style))
        drawing = illustrator.draw(scene)
        assert (scene.characters, drawing.boxes, drawing.masks) == ((), (), ())
        cast = illustrator.draw(replace(scene, characters=(PERSON,)))
        seen = (cast.image != drawing.image).any(axis=2)
        assert 0.02 < seen.mean() < 0.5
        around = cv2.dilate(cast.masks[0].astype(np.uint8), np.ones((9, 9))) > 0
        assert not (seen & ~around).any()
        assert known.issuperset(re.findall("[a-z]+", caption(scene)))


def test_a_rung_stays_within_its_domain() -> None:
    chance = Random(1)
    for _ in range(40):
        scene = sample_scene(chance, PORTRAITS)
        assert scene.framing is Framing.CLOSE_UP
        assert scene.style in PORTRAITS.styles
        assert scene.characters[0].view is View.FRONT
    for domain in RUNGS.values():
        sample_scene(chance, domain)
