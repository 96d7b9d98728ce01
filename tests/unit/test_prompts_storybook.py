"""The storybook dialect: free descriptions in the words of the caption grammar."""

from dataclasses import fields, replace
from typing import Any

import pytest

from actors.prompts.dialect import CompiledPrompt
from actors.prompts.storybook import StorybookDialect
from actors.storybook import vocabulary
from server.domain.characters import Description, FrozenCharacter, Gender
from server.domain.states import ImageType
from server.domain.styles import Style
from tests.unit.content import CARTOON, character, render_spec

MIA = character(
    "Mia",
    age=7,
    gender=Gender.FEMALE,
    hair="long red hair",
    eyes="green",
    skin="light",
    clothing="a yellow dress and a straw hat",
    features=("freckles",),
)
TOM = character("Tom", age=71, gender=Gender.MALE, hair="white", clothing="a brown coat")


def portrait(*characters: FrozenCharacter, scene: str = "") -> CompiledPrompt:
    return StorybookDialect().compile(render_spec(characters, ImageType.PORTRAIT), scene)


def scene(words: str, *characters: FrozenCharacter) -> CompiledPrompt:
    return StorybookDialect().compile(render_spec(characters), words)


def test_a_portrait_reads_like_a_training_caption() -> None:
    compiled = portrait(MIA, scene="in a forest by day")
    assert compiled.prompt == (
        "cartoon style, portrait of a young girl with long red hair, light skin, green eyes, "
        "freckles, wearing a yellow dress and a straw hat, smiling, in a forest, during the day"
    )
    assert compiled.unknown == ()
    assert compiled.negative_prompt == ""


def test_a_portrait_without_a_scene_has_a_plain_background_and_no_time() -> None:
    assert portrait(MIA).prompt.endswith("smiling, plain background")


def test_a_scene_with_one_character_shows_half_of_the_body_and_the_place() -> None:
    prompt = scene("Mia walks along the shore at dusk", MIA).prompt
    assert prompt.startswith("cartoon style, half body illustration of a young girl with")
    assert prompt.endswith("at the beach, at sunset")


def test_a_scene_with_two_names_both_and_leaves_out_what_is_too_small() -> None:
    compiled = scene("Mia and Tom in the castle at night", MIA, TOM)
    assert compiled.prompt == (
        "cartoon style, scene with a young girl with long red hair, light skin, wearing a yellow "
        "dress and a straw hat and an old man with short white hair, light skin, wearing a brown "
        "coat, in front of a castle, at night"
    )
    assert compiled.unknown == ("green", "freckles")


def test_three_characters_are_refused() -> None:
    with pytest.raises(ValueError, match="3 are too many for storybook; use 2 or fewer"):
        scene("", MIA, TOM, MIA)


def test_a_scene_without_characters_draws_whom_the_scene_names() -> None:
    assert "illustration of a woman with" in scene("The queen sits in her palace").prompt


@pytest.mark.parametrize(
    ("looks", "phrase"),
    [
        ({"hair": "ginger"}, "long red hair"),
        ({"hair": "curly auburn hair"}, "curly red hair"),
        ({"hair": "silver hair in two plaits"}, "braided grey hair"),
        ({"hair": "a chestnut ponytail"}, "brown hair in a ponytail"),
        ({"eyes": "hazel"}, "brown eyes"),
        ({"skin": "olive"}, "tan skin"),
        ({"clothing": "a teal hoodie"}, "wearing a blue sweater"),
        ({"clothing": "crimson dungarees"}, "wearing red overalls"),
        ({"clothing": "a baseball cap and an emerald raincoat"}, "wearing a green coat and a cap"),
        ({"clothing": "a blue cap, a shirt"}, "wearing a blue shirt and a cap"),
        ({"features": ("round spectacles",)}, "glasses"),
        ({"features": ("a tiara",)}, "and a crown"),
        ({"traits": ("courageous",)}, "a brave young girl"),
        ({"traits": ("grumpy",)}, "angry, plain background"),
    ],
)
def test_free_words_become_known_ones(looks: dict[str, str], phrase: str) -> None:
    assert phrase in portrait(character(age=7, gender=Gender.FEMALE, **looks)).prompt


@pytest.mark.parametrize(
    ("looks", "subject"),
    [
        ({"age": 5, "gender": Gender.MALE}, "a young boy"),
        ({"age": 15, "gender": Gender.FEMALE}, "a teenage girl"),
        ({"age": 40, "gender": Gender.MALE}, "a man"),
        ({"age": 80, "gender": Gender.FEMALE}, "an old woman"),
        ({}, "a young girl"),
        ({"gender": Gender.MALE}, "a young boy"),
        ({"name": "Grandpa Tom"}, "an old man"),
        ({"name": "Grandpa Tom", "gender": Gender.FEMALE}, "an old woman"),
        ({"features": ("a king",)}, "a man"),
        ({"age": 9, "features": ("a prince",)}, "a young boy"),
    ],
)
def test_age_and_gender_give_the_subject(looks: dict[str, str], subject: str) -> None:
    assert f"portrait of {subject} with" in portrait(character(**looks)).prompt


def test_a_long_beard_is_no_long_hair() -> None:
    prompt = portrait(character(age=70, gender=Gender.MALE, features=("a long beard",))).prompt
    assert "short grey hair, light skin, brown eyes, a beard" in prompt


def test_an_animal_becomes_a_person_with_hair_of_its_colour_and_is_reported() -> None:
    fox = portrait(character("Rusty", species="fox", skin="orange fur"))
    assert "red hair" in fox.prompt
    assert "fox" in fox.unknown
    assert "grey hair" in portrait(character("Puss", species="cat")).prompt


def test_words_that_it_does_not_know_are_returned() -> None:
    hero = character(
        clothing="a green dress and red boots", features=("a scar",), traits=("stubborn", "brave")
    )
    assert portrait(hero, scene="riding a dragon").unknown == (
        *("red", "boots", "scar", "stubborn", "riding", "dragon"),
    )


def test_names_are_no_unknown_words() -> None:
    assert "zora" not in scene("Zora Bell sleeps", character("Zora Bell")).unknown


@pytest.mark.parametrize(
    ("style", "phrase"),
    [
        ("cartoon", "cartoon style"),
        ("watercolor", "watercolor style"),
        ("realistic", "realistic style"),
        ("anime", "anime style"),
        ("storybook", "storybook style"),
        ("3d_render", "3d render"),
        ("painterly", "watercolor style"),
    ],
)
def test_every_style_has_words_of_the_grammar(style: str, phrase: str) -> None:
    spec = render_spec([MIA], style=replace(CARTOON, id=style, prompt_template=""))
    assert StorybookDialect().compile(spec, "").prompt.startswith(f"{phrase}, ")


def test_another_style_is_known_by_its_template_or_reported() -> None:
    def compiled(template: str) -> CompiledPrompt:
        style = Style("bold-lines", 1, "Bold", "", template, "")
        return StorybookDialect().compile(render_spec([MIA], style=style), "")

    assert compiled("a comic with bold lines").prompt.startswith("cartoon style, ")
    assert compiled("bold lines").prompt.startswith("storybook style, ")
    assert compiled("bold lines").unknown == ("bold-lines",)


@pytest.mark.parametrize("place", vocabulary.PLACES.meanings)
@pytest.mark.parametrize("time", vocabulary.TIMES.meanings)
def test_places_and_times_are_read_back_as_they_are_written(place: str, time: str) -> None:
    prompt = scene(f"Mia {place}, {time}", MIA).prompt
    timeless = place in {"plain background", "in space"}
    assert prompt.endswith(place if timeless else f"{place}, {time}")


def test_where_something_happens_counts_for_more_than_what_is_mentioned() -> None:
    words = "They left their father's house and came deeper into the forest"
    assert ", in a forest, " in scene(words, MIA).prompt


def test_the_scene_decides_the_expression_over_the_traits() -> None:
    jolly = character(traits=("jolly", "happy"))
    assert ", sad, in a meadow" in scene("She cries", jolly).prompt


@pytest.mark.parametrize("field", [field.name for field in fields(Description)])
def test_every_field_of_a_description_can_change_the_answer(field: str) -> None:
    changed: dict[str, Any] = {
        "name": "Grandma",
        "age": 80,
        "gender": Gender.MALE,
        "species": "fox",
        "hair": "pink",
        "eyes": "blue",
        "skin": "dark",
        "clothing": "a crown",
        "features": ("glasses",),
        "traits": ("brave",),
    }
    assert portrait(character(**{"name": "Mia", field: changed[field]})) != portrait(character())
