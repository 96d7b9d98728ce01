"""SDXL's dialect: all of the content in plain language."""

from actors.prompts.sdxl import SdxlDialect
from server.domain.characters import FrozenCharacter, Gender
from server.domain.scenes import DayTime, Mood, Scene
from server.domain.states import ImageType
from tests.unit.content import CARTOON, character, figure, render_spec

MIA = character(
    "Mia",
    age=8,
    gender=Gender.FEMALE,
    hair="long red hair",
    eyes="green",
    skin="tan",
    clothing="a yellow raincoat and rubber boots.",
    features=("freckles", "a scar over the left eyebrow"),
    traits=("brave", "curious"),
)
RUSTY = character("Rusty", species="fox", skin="orange", gender=Gender.MALE)


def prompt(image_type: ImageType, scene: str, *characters: FrozenCharacter) -> str:
    spec = render_spec(characters, image_type, model="sdxl", scene=scene)
    return SdxlDialect().compile(spec, Scene()).prompt


def test_a_portrait_says_the_style_then_all_of_the_description() -> None:
    assert prompt(ImageType.PORTRAIT, "in a garden", MIA) == (
        "children's book illustration, cartoon style, vibrant colors. portrait of Mia, a brave, "
        "curious 8-year-old girl with long red hair, green eyes, tan skin, freckles, a scar over "
        "the left eyebrow, wearing a yellow raincoat and rubber boots. in a garden"
    )


def test_a_scene_says_what_happens_before_who_is_in_it() -> None:
    assert prompt(ImageType.SCENE, "Mia and Rusty  sit\nby a fire.", MIA, RUSTY).startswith(
        "children's book illustration, cartoon style, vibrant colors. Mia and Rusty sit by a fire. "
        "Mia, a brave, curious 8-year-old girl with "
    )
    assert prompt(ImageType.SCENE, "", RUSTY).endswith("Rusty, a male fox with orange fur")


def test_the_article_follows_the_sound_of_a_number() -> None:
    assert "an 11-year-old child" in prompt(ImageType.SCENE, "", character(age=11))
    assert "an 8-year-old child" in prompt(ImageType.SCENE, "", character(age=8))
    assert "a 7-year-old child" in prompt(ImageType.SCENE, "", character(age=7))


def test_without_an_age_nobody_is_made_older_or_younger() -> None:
    assert prompt(ImageType.SCENE, "", character()).endswith("Mia, a character")
    assert "a female character" in prompt(ImageType.SCENE, "", character(gender=Gender.FEMALE))


def test_ages_have_nouns() -> None:
    for age, noun in {5: "5-year-old boy", 17: "17-year-old boy", 80: "80-year-old man"}.items():
        assert noun in prompt(ImageType.SCENE, "", character(age=age, gender=Gender.MALE))


def test_the_negative_prompt_holds_the_styles_words_and_the_models_once_each() -> None:
    scene = Scene(absent=("hat", "blurry"))
    negative = SdxlDialect().compile(render_spec([MIA], style=CARTOON), scene).negative_prompt
    assert negative.startswith("hat, blurry, photo, realistic, lowres, ")
    assert negative.count("blurry") == 1


def test_all_that_was_read_is_said_in_words() -> None:
    scene = Scene(
        figures=(figure(MIA, doing=("sit by the fire",), mood=Mood.HAPPY, wearing=("pyjamas",)),),
        extras=("old man",),
        place="kitchen",
        time=DayTime.EVENING,
        props=("xylophone",),
    )
    compiled = SdxlDialect().compile(render_spec([MIA]), scene)
    assert compiled.prompt.endswith(
        "wearing pyjamas, sitting by the fire, smiling. in the kitchen, in the evening, an old "
        "man, a xylophone"
    )
    assert compiled.not_drawn == ()
