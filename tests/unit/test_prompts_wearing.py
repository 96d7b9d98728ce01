"""What a page changes of a character's clothes, in words."""

from typing import Any

import pytest

from actors.prompts.hosted import HostedDialect
from actors.prompts.sdxl import SdxlDialect
from actors.prompts.wording import look
from server.domain.characters import Description
from server.domain.scenes import Scene
from tests.unit.content import character, figure, render_spec

MIA = character(
    "Mia",
    hair="red",
    clothing="a long yellow coat with brass buttons, a straw hat",
    features=("a scar over the left eyebrow", "freckles and round glasses"),
)
RUSTY = character("Rusty", species="fox", features=("a thick brown coat",), clothing="a hat")
WHOLE = (
    "Mia, a character with red hair, a scar over the left eyebrow, freckles and round glasses, "
    "wearing a long yellow coat with brass buttons, a straw hat"
)
COAT = "a long yellow coat, brass buttons"


def worn(who: Description = MIA.description, **page: Any) -> str:
    return look(who, figure(MIA, **page))


def test_a_page_that_says_nothing_of_clothes_leaves_them_in_their_own_words() -> None:
    assert worn() == WHOLE
    assert worn(doing=("wave",), without=("scarf",)) == WHOLE
    assert worn(wearing=("hat", "coat")) == WHOLE


@pytest.mark.parametrize(
    ("page", "clothes"),
    [
        ({"wearing": ("scarf",)}, f"a scarf, {COAT}, a straw hat and round glasses"),
        ({"wearing": ("red cap",)}, f"a red cap, {COAT} and round glasses"),
        ({"wearing": ("pyjamas",)}, "pyjamas and round glasses"),
        ({"wearing": ("pyjamas",), "without": ("glasses",)}, "pyjamas"),
        ({"without": ("hat",)}, f"{COAT} and round glasses"),
        ({"without": ("hat",), "wearing": ("her scarf",)}, f"her scarf, {COAT} and round glasses"),
        ({"without": ("coat", "buttons")}, "a straw hat and round glasses"),
    ],
)
def test_clothes_of_a_page_are_added_to_those_of_the_description_or_replace_them(
    page: dict[str, Any], clothes: str
) -> None:
    with_looks = "Mia, a character with red hair, a scar over the left eyebrow, freckles"
    assert worn(**page) == f"{with_looks}, wearing {clothes}"


def test_hair_and_features_of_a_page_are_not_worn() -> None:
    said = worn(wearing=("two plaits",), without=("freckles",))
    assert said.startswith("Mia, a character with red hair, two plaits, a scar over the left ")
    assert said.endswith(
        "eyebrow, round glasses, wearing a long yellow coat with brass buttons, a straw hat"
    )


def test_nothing_is_left_to_wear() -> None:
    assert worn(Description("Mia", clothing="a hat"), without=("hat",)) == "Mia, a character"


def test_an_animals_coat_is_its_fur() -> None:
    said = look(RUSTY.description, figure(RUSTY, wearing=("scarf",)))
    assert said == "Rusty, a fox with a thick brown coat, wearing a scarf and a hat"


@pytest.mark.parametrize(
    ("scene", "negative"),
    [
        (Scene((figure(MIA, without=("hat",)),)), True),
        (Scene((figure(MIA, without=("hat",)), figure(RUSTY))), False),
        (Scene((figure(MIA, without=("hat",), holding=("straw hat",)),)), False),
        (Scene((figure(MIA, without=("hat",)),), props=("hat",)), False),
    ],
)
def test_what_nobody_there_has_on_is_in_the_negative_prompt(scene: Scene, negative: bool) -> None:
    there = {one.character for one in scene.figures}
    cast = [one for one in (MIA, RUSTY) if one.id in there]
    compiled = SdxlDialect().compile(render_spec(cast), scene)
    assert ("hat" in compiled.negative_prompt.split(", ")) is negative
    [mia] = [one for one in compiled.prompt.split(". ") if one.startswith("Mia")]
    assert "wearing a long yellow coat, brass buttons and round glasses" in mia


def test_a_hosted_model_is_told_who_is_without_something() -> None:
    scene = Scene((figure(MIA, without=("hat", "boots")),))
    prompt = HostedDialect(32_000).compile(render_spec([MIA]), scene).prompt
    assert "brass buttons and round glasses, without a hat and boots." in prompt
    assert "straw hat" not in prompt
