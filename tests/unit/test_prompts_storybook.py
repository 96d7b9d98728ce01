"""The storybook dialect: free descriptions in the words of the caption grammar."""

from dataclasses import fields, replace
from typing import Any

import pytest

from actors.prompts.dialect import CompiledPrompt
from actors.prompts.storybook import StorybookDialect
from actors.storybook import vocabulary
from actors.storybook.attributes import Place
from actors.storybook.grammar import LONGEST, length
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
RUSTY = character("Rusty", species="fox")
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


def test_a_scene_with_two_names_both_from_left_to_right() -> None:
    compiled = scene("Mia and Tom in the castle at night", MIA, TOM)
    assert compiled.prompt == (
        "cartoon style, scene with two characters, a young girl with long red hair, light skin, "
        "green eyes, freckles, wearing a yellow dress and a straw hat, smiling and an old man with "
        "short white hair, light skin, brown eyes, wearing a brown coat, smiling, "
        "in front of a castle, at night"
    )
    assert compiled.unknown == ()


def test_a_scene_with_three_says_looks_and_clothes_alone_and_reports_the_rest() -> None:
    compiled = scene("Mia, Tom and Rusty laugh in the rain", MIA, TOM, RUSTY)
    assert "scene with three characters, a young girl with long red hair" in compiled.prompt
    assert compiled.prompt.endswith(
        "wearing a blue shirt, in a meadow, during the day, in the rain"
    )
    assert set(compiled.unknown) == {"freckles", "straw hat", "laughing"}


def test_words_beyond_the_token_limit_are_left_out_and_reported() -> None:
    looks = {"hair": "a bun", "clothing": "a red coat, a crown, a scarf"}
    pair = [
        character(name, age=70, gender=Gender.MALE, features=("glasses", "a beard"), **looks)
        for name in ("Jim", "Joe")
    ]
    compiled = scene("Jim and Joe wave to us in front of the castle, in the rain", *pair)
    assert length(compiled.prompt) <= LONGEST
    assert compiled.unknown[:2] == ("scarf", "glasses")


def test_four_characters_are_refused() -> None:
    with pytest.raises(ValueError, match="4 are too many for storybook; use 3 or fewer"):
        scene("", MIA, TOM, MIA, TOM)


@pytest.mark.parametrize(
    ("words", "phrase"),
    [
        ("Mia waves", "smiling, waving, in a meadow"),
        ("Mia plays by the waves", "at the beach"),
        ("seen from behind, Mia walks to the castle", "back view, in front of a castle"),
        ("Mia in profile", "side view"),
        ("she throws up her arms", "arms up"),
        ("Mia on the left, in the snow", "smiling, on the left, in the snow"),
        ("rain falls on the street", "in a city, during the day, in the rain"),
    ],
)
def test_acting_and_weather_of_a_scene_are_drawn(words: str, phrase: str) -> None:
    assert phrase in scene(words, MIA).prompt


def test_one_character_stands_where_the_text_places_it_by_name() -> None:
    prompt = scene("A fox is on the left, Mia is on the right", MIA).prompt
    assert ", on the right, " in prompt


@pytest.mark.parametrize(
    "words", ["Mia waves", "from behind", "on the left", "in the rain at home"]
)
def test_words_that_a_portrait_cannot_show_are_reported(words: str) -> None:
    compiled = portrait(MIA, scene=words)
    assert compiled.unknown
    assert "smiling" in compiled.prompt


def test_whole_figures_are_drawn_where_arms_backs_and_sides_must_be_visible() -> None:
    assert "half body illustration of" in scene("Mia in the forest", MIA).prompt
    for words in ("Mia waves", "Mia from behind", "Mia on the right", "a full body view of Mia"):
        assert "full body illustration of" in scene(words, MIA).prompt


def test_each_character_does_what_is_said_of_it() -> None:
    prompt = scene("Mia laughs in the forest. Tom is angry", MIA, TOM).prompt
    assert "straw hat, laughing and" in prompt
    assert "brown coat, angry," in prompt
    both = scene("Mia and Tom wave. It is evening", MIA, TOM).prompt
    assert both.count(", waving") == 2


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
        ({"clothing": "a woollen scarf"}, "wearing a blue shirt and a scarf"),
        ({"traits": ("grumpy",)}, "angry, plain background"),
    ],
)
def test_free_words_become_known_ones(looks: dict[str, str], phrase: str) -> None:
    assert phrase in portrait(character(age=7, gender=Gender.FEMALE, **looks)).prompt


@pytest.mark.parametrize(
    ("looks", "subject"),
    [
        ({"age": 5, "gender": Gender.MALE}, "a young boy"),
        ({"age": 15, "gender": Gender.FEMALE}, "a young girl"),
        ({"age": 17, "gender": Gender.FEMALE}, "a woman"),
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


def test_a_long_beard_is_not_long_hair() -> None:
    prompt = portrait(character(age=70, gender=Gender.MALE, features=("a long beard",))).prompt
    assert "short grey hair, light skin, brown eyes, a beard" in prompt


def test_four_animals_are_drawn_with_their_fur() -> None:
    fox = portrait(character("Rusty", species="fox", skin="white fur", eyes="green"))
    assert fox.prompt == (
        "cartoon style, portrait of a white boy fox with green eyes, wearing a blue shirt, "
        "smiling, plain background"
    )
    assert fox.unknown == ()
    lady = character("Lady", species="cat", gender=Gender.FEMALE, features=("a bushy tail",))
    assert "a grey girl cat" in portrait(lady).prompt
    assert "an orange boy fox" in portrait(RUSTY).prompt


@pytest.mark.parametrize(
    ("species", "drawn"),
    [
        ("wolf", "grey boy fox"),
        ("dog", "brown boy fox"),
        ("mouse", "grey boy rabbit"),
        ("grey donkey", "grey boy rabbit"),
        ("lion", "golden boy cat"),
        ("toad", "brown boy bear"),
    ],
)
def test_another_animal_becomes_the_nearest_one_and_is_reported(species: str, drawn: str) -> None:
    compiled = portrait(character("Max", species=species))
    assert drawn in compiled.prompt
    assert compiled.unknown == (species.split()[-1],)


def test_a_being_becomes_a_person_and_is_reported() -> None:
    fairy = portrait(character("Bell", species="fairy", hair="blonde"))
    assert "portrait of a woman with long blonde hair" in fairy.prompt
    assert fairy.unknown == ("fairy",)
    assert portrait(character("X", species="griffon")).unknown == ("griffon",)


def test_a_scene_without_characters_may_be_about_an_animal() -> None:
    wolf = scene("The wolf knocked at the door of the house")
    assert "half body illustration of a grey boy fox" in wolf.prompt
    assert "in a bedroom" in wolf.prompt
    assert wolf.unknown == ("wolf", "knocked", "door")


def test_a_character_in_the_picture_is_not_an_unknown_word() -> None:
    assert scene("the girl and the fox in the forest", MIA, RUSTY).unknown == ()


def test_unknown_words_are_returned() -> None:
    hero = character(
        clothing="a green dress and red boots", features=("a scar",), traits=("stubborn", "brave")
    )
    assert portrait(hero, scene="riding a dragon").unknown == (
        *("red", "boots", "scar", "stubborn", "brave", "riding", "dragon"),
    )


def test_names_are_not_unknown_words() -> None:
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
    timeless = Place(place).timeless
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
