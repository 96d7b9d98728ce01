"""The storybook dialect: free descriptions in the words of the caption grammar."""

from dataclasses import fields, replace
from typing import Any

import pytest

from actors.prompts.dialect import CompiledPrompt
from actors.prompts.storybook import StorybookDialect
from actors.prompts.styles import drawn_style
from actors.storybook.attributes import Place
from actors.storybook.grammar import LONGEST, length
from actors.storybook.vocabulary.places import PLACES, TIMES
from server.domain.characters import Description, FrozenCharacter, Gender
from server.domain.scenes import DayTime, LossKind, Mood, NotDrawn, Scene, Side, Weather
from server.domain.states import ImageType
from server.domain.styles import Style
from tests.unit.content import CARTOON, character, figure, read_scene, render_spec

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
    spec = render_spec(characters, ImageType.PORTRAIT)
    return StorybookDialect().compile(spec, read_scene(scene, *characters))


def scene(words: str, *characters: FrozenCharacter) -> CompiledPrompt:
    spec = render_spec(characters, scene=words)
    return StorybookDialect().compile(spec, read_scene(words, *characters))


def shown(scene: Scene, *characters: FrozenCharacter) -> CompiledPrompt:
    return StorybookDialect().compile(render_spec(characters), scene)


def test_a_portrait_reads_like_a_training_caption() -> None:
    compiled = portrait(MIA, scene="in a forest by day")
    assert compiled.prompt == (
        "cartoon style, portrait of a young girl with long red hair, light skin, green eyes, "
        "freckles, wearing a yellow dress and a straw hat, smiling, in a forest, during the day"
    )
    assert compiled.not_drawn == ()
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
    assert compiled.not_drawn == ()


def test_of_three_two_are_drawn_and_the_third_is_told() -> None:
    told = Scene(
        figures=tuple(figure(one, mood=Mood.LAUGHING) for one in (MIA, TOM, RUSTY)),
        weather=(Weather.RAIN,),
    )
    compiled = shown(told, MIA, TOM, RUSTY)
    assert "scene with two characters, a young girl with long red hair" in compiled.prompt
    assert compiled.prompt == shown(replace(told, figures=told.figures[:2]), MIA, TOM).prompt
    assert compiled.not_drawn[:2] == (
        NotDrawn(RUSTY.description.name, LossKind.CHARACTER),
        NotDrawn("laughing", LossKind.MOOD),
    )


def test_words_beyond_the_token_limit_are_left_out_and_reported() -> None:
    looks = {"hair": "a bun", "clothing": "a red coat, a crown, a scarf"}
    pair = [
        character(name, age=70, gender=Gender.MALE, features=("spectacles", "a beard"), **looks)
        for name in ("Jim", "Joe")
    ]
    told = Scene(
        figures=tuple(figure(one, doing=("wave to us",)) for one in pair),
        place="castle",
        weather=(Weather.RAIN,),
    )
    compiled = shown(told, *pair)
    assert length(compiled.prompt) <= LONGEST
    assert set(compiled.not_drawn) == {
        NotDrawn("scarf", LossKind.CLOTHING),
        NotDrawn("spectacles", LossKind.CLOTHING),
        NotDrawn("beard", LossKind.LOOK),
        NotDrawn("wave to us", LossKind.ACTION),
    }


def test_a_third_figure_and_what_it_does_are_reported() -> None:
    cast = (MIA, TOM, character("Zora"))
    told = Scene(
        figures=(
            *map(figure, cast[:2]),
            figure(cast[2], doing=("wave",), mood=Mood.SAD, wearing=("red hat",)),
        )
    )
    assert shown(told, *cast).not_drawn[:4] == (
        NotDrawn("Zora", LossKind.CHARACTER),
        NotDrawn("wave", LossKind.ACTION),
        NotDrawn("sad", LossKind.MOOD),
        NotDrawn("red hat", LossKind.CLOTHING),
    )


@pytest.mark.parametrize(
    ("words", "phrase"),
    [
        ("Mia waves", "smiling, waving, in a meadow"),
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


def test_what_a_portrait_cannot_show_is_reported() -> None:
    told = Scene(
        figures=(figure(MIA, doing=("wave", "smile"), side=Side.LEFT),),
        place="bedroom",
        weather=(Weather.RAIN,),
        told="Mia, seen from behind.",
    )
    compiled = StorybookDialect().compile(render_spec([MIA], ImageType.PORTRAIT), told)
    assert "freckles, wearing a yellow dress and a straw hat, smiling, in a bed" in compiled.prompt
    assert compiled.not_drawn == (
        NotDrawn("back view", LossKind.ACTION),
        NotDrawn("wave", LossKind.ACTION),
        NotDrawn("on the left", LossKind.PLACE),
        NotDrawn("rain", LossKind.WEATHER),
    )


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


def test_a_scene_without_figures_draws_its_first_extra_that_can_be_drawn() -> None:
    compiled = shown(Scene(extras=("crowd", "grey wolf", "old woman"), place="forest"))
    assert "half body illustration of a grey boy fox with" in compiled.prompt
    assert compiled.not_drawn == (
        NotDrawn("crowd", LossKind.EXTRA),
        NotDrawn("grey wolf", LossKind.EXTRA, "fox"),
        NotDrawn("old woman", LossKind.EXTRA),
    )
    assert shown(Scene(extras=("old woman",))).not_drawn == ()


@pytest.mark.parametrize(
    ("extra", "became"),
    [
        ("queen", "woman"),
        ("dwarf", "old man"),
        ("tall man", "man"),
        ("two girls", "young girl"),
        ("foxes", "fox"),
        ("white rabbit", ""),
        ("little boy", ""),
    ],
)
def test_an_extra_that_is_drawn_as_another_is_reported(extra: str, became: str) -> None:
    expected = (NotDrawn(extra, LossKind.EXTRA, became),) if became else ()
    assert shown(Scene(extras=(extra,))).not_drawn == expected


def test_a_picture_of_nobody_shows_a_girl_and_says_so() -> None:
    compiled = shown(Scene(place="beach"))
    assert "illustration of a young girl with" in compiled.prompt
    assert compiled.not_drawn == (NotDrawn("nobody", LossKind.CHARACTER, "a girl"),)


@pytest.mark.parametrize(
    ("looks", "phrase"),
    [
        ({"hair": "ginger"}, "long red hair"),
        ({"hair": "long curly auburn hair"}, "curly red hair"),
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
    assert fox.not_drawn == ()
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
    assert compiled.not_drawn == (NotDrawn(species.split()[-1], LossKind.LOOK, drawn.split()[-1]),)


def test_a_being_becomes_a_person_and_is_reported() -> None:
    fairy = portrait(character("Bell", species="fairy", hair="blonde"))
    assert "portrait of a woman with long blonde hair" in fairy.prompt
    assert fairy.not_drawn == (NotDrawn("fairy", LossKind.LOOK, "woman"),)
    griffon = portrait(character("X", species="griffon"))
    assert griffon.not_drawn == (NotDrawn("griffon", LossKind.LOOK, "young girl"),)


def test_words_that_nothing_draws_are_reported_as_phrases() -> None:
    hero = character(
        clothing="a green dress and red boots",
        features=("a scar over the left eye",),
        traits=("one-legged", "very brave"),
    )
    assert portrait(hero).not_drawn == (
        NotDrawn("scar over the left eye", LossKind.LOOK),
        NotDrawn("one-legged", LossKind.LOOK),
        NotDrawn("red boots", LossKind.CLOTHING),
    )


@pytest.mark.parametrize(
    "trait",
    [
        *("brave", "very brave", "kind", "kind-hearted", "curious", "hard-working", "stubborn"),
        *("loves books", "good at maths", "never afraid and clever", "Honest", "gentle"),
    ],
)
def test_what_no_picture_can_show_is_not_reported(trait: str) -> None:
    assert portrait(character(traits=(trait,))).not_drawn == ()


@pytest.mark.parametrize(
    "trait", ["tall", "brave with a scar", "wheelchair user", "strong", "tattooed", "afraid"]
)
def test_a_trait_that_a_picture_could_show_is_reported(trait: str) -> None:
    assert portrait(character(traits=(trait,))).not_drawn != ()


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
    compiled = StorybookDialect().compile(spec, Scene())
    assert compiled.prompt.startswith(f"{phrase}, ")
    bent = [NotDrawn("painterly", LossKind.STYLE, "watercolor")]
    assert list(compiled.not_drawn) == (bent if style == "painterly" else [])


def test_another_style_is_known_by_its_template_or_reported() -> None:
    def compiled(template: str) -> CompiledPrompt:
        style = Style("bold-lines", 1, "Bold", "", template, "")
        return StorybookDialect().compile(render_spec([MIA], style=style), Scene())

    assert compiled("a comic with bold lines").prompt.startswith("cartoon style, ")
    assert compiled("bold lines").prompt.startswith("storybook style, ")
    assert compiled("bold lines").not_drawn == (
        NotDrawn("bold-lines", LossKind.STYLE, "storybook"),
    )


def test_a_style_is_told_by_a_word_and_whether_it_is_exact() -> None:
    styles = {one: drawn_style(replace(CARTOON, id=one)) for one in ("painterly", "3d_render")}
    assert {one: (each.word, each.exact) for one, each in styles.items()} == {
        "painterly": ("watercolor", False),
        "3d_render": ("3d render", True),
    }


@pytest.mark.parametrize("place", PLACES.meanings)
@pytest.mark.parametrize("time", DayTime)
def test_places_and_times_are_drawn_and_told_as_lost_where_they_are_not(
    place: str, time: DayTime
) -> None:
    compiled = shown(Scene(figures=(figure(MIA),), place=place, time=time), MIA)
    drawn, bent = TIMES[time]
    timeless = Place(place).timeless
    assert compiled.prompt.endswith(place if timeless else f"{place}, {drawn}")
    became = "sunset" if bent and not timeless else ""
    lost = (NotDrawn(time, LossKind.TIME, became),) if bent or timeless else ()
    assert compiled.not_drawn == lost


def test_the_page_decides_the_expression_over_the_traits() -> None:
    jolly = character(traits=("jolly", "happy"))
    compiled = shown(Scene(figures=(figure(jolly, mood=Mood.SAD),)), jolly)
    assert ", sad, in a meadow" in compiled.prompt
    assert compiled.not_drawn == ()


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
        "traits": ("grumpy",),
    }
    assert portrait(character(**{"name": "Mia", field: changed[field]})) != portrait(character())
