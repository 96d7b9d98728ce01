"""Looks in the grammar's words: colours, clothes and hair, and what is not drawn of them."""

from typing import Any

import pytest

from actors.prompts.denial import affirmed
from actors.prompts.dialect import CompiledPrompt
from actors.prompts.storybook import StorybookDialect
from server.domain.characters import FrozenCharacter, Gender
from server.domain.scenes import LossKind, NotDrawn, Scene
from server.domain.states import ImageType
from tests.unit.content import character, figure, render_spec


def girl(**looks: Any) -> FrozenCharacter:
    return character(**{"age": 7, "gender": Gender.FEMALE, **looks})


def drawn(who: FrozenCharacter, **page: Any) -> CompiledPrompt:
    scene = Scene(figures=(figure(who, **page),))
    return StorybookDialect().compile(render_spec([who], ImageType.PORTRAIT), scene)


@pytest.mark.parametrize(
    ("looks", "phrase", "lost"),
    [
        ({"hair": "dark red"}, "long red hair", ("dark red hair", "red hair")),
        ({"hair": "dark blonde"}, "long blonde hair", ("dark blonde hair", "blonde hair")),
        (
            {"hair": "strawberry blonde"},
            "long blonde hair",
            ("strawberry blonde hair", "blonde hair"),
        ),
        ({"hair": "salt-and-pepper"}, "long grey hair", ("salt-and-pepper hair", "grey hair")),
        ({"hair": "jet-black"}, "long black hair", None),
        ({"hair": "bright red"}, "long red hair", None),
        ({"hair": "golden brown curls"}, "curly brown hair", ("golden brown hair", "brown hair")),
        ({"hair": "green"}, "long blue hair", ("green hair", "blue hair")),
        ({"eyes": "violet"}, "blue eyes", ("violet eyes", "blue eyes")),
        ({"eyes": "dark green"}, "green eyes", ("dark green eyes", "green eyes")),
        ({"skin": "deep brown"}, "dark skin", None),
        (
            {"clothing": "a dark red coat"},
            "wearing a red coat,",
            ("dark red coat", "red coat"),
        ),
        (
            {"clothing": "a black and white dress"},
            "wearing a black dress,",
            ("black and white dress", "black dress"),
        ),
        (
            {"clothing": "a striped red shirt"},
            "wearing a red shirt,",
            ("striped red shirt", "red shirt"),
        ),
        ({"clothing": "a red crown"}, "and a crown,", ("red crown", "crown")),
    ],
)
def test_a_colour_becomes_the_nearest_one_and_is_told(
    looks: dict[str, str], phrase: str, lost: tuple[str, str] | None
) -> None:
    compiled = drawn(girl(**looks))
    assert phrase in compiled.prompt
    said = () if lost is None else (NotDrawn(lost[0], LossKind.COLOUR, lost[1]),)
    assert compiled.not_drawn == said


@pytest.mark.parametrize(
    ("clothing", "phrase", "lost"),
    [
        ("a red coat over a blue dress", "a red coat", {"blue dress": ""}),
        ("a blue dress under a red coat", "a red coat", {"blue dress": ""}),
        ("a red skirt and a white blouse", "a white shirt", {"red skirt": ""}),
        ("a red skirt", "a red dress", {"red skirt": "red dress"}),
        ("a skirt", "a blue dress", {"skirt": "dress"}),
        ("a bonnet", "a blue shirt and a straw hat", {"bonnet": "straw hat"}),
        ("a green shirt, blue trousers and brown shoes", "a green shirt", {}),
        ("a green dress and white socks", "a green dress", {}),
        ("a green shirt and white socks", "a green shirt", {"white socks": ""}),
        ("a green dress and red trousers", "a green dress", {"red trousers": ""}),
        ("a red shirt and red shoes", "a red shirt", {"red shoes": "shoes"}),
        ("none", "a blue shirt", {"no clothes": "blue shirt"}),
        ("a hat made of paper", "a straw hat", {"hat made of paper": "straw hat"}),
        ("a long blue coat with brass buttons", "blue coat", {"long blue coat": "blue coat",
          "brass buttons": ""}),
        ("her favourite red dress", "a red dress", {}),
    ],
)  # fmt: skip
def test_one_garment_is_drawn_in_its_own_colour(
    clothing: str, phrase: str, lost: dict[str, str]
) -> None:
    compiled = drawn(girl(clothing=clothing))
    assert f"{phrase}, smiling" in compiled.prompt
    assert {one.phrase: one.became for one in compiled.not_drawn} == lost


@pytest.mark.parametrize(
    ("looks", "phrase", "lost"),
    [
        ({"hair": "long curly red hair"}, "curly red hair", {"long": ""}),
        ({"hair": "two long brown plaits"}, "braided brown hair", {}),
        ({"hair": "bald"}, "short brown hair", {"bald": "short hair"}),
        ({"hair": "none"}, "short brown hair", {"bald": "short hair"}),
        ({"features": ("a long red braid",)}, "braided red hair", {}),
        ({"features": ("a salt-and-pepper braid",)}, "braided grey hair",
         {"salt-and-pepper hair": "grey hair"}),
        ({"features": ("long legs",)}, "long brown hair", {"long legs": ""}),
        ({"features": ("a red ribbon in her hair",)}, "long brown hair",
         {"red ribbon in her hair": ""}),
        ({"features": ("big blue eyes",)}, "blue eyes", {}),
        ({"features": ("freckles across her nose",)}, "brown eyes, freckles", {}),
        ({"features": ("freckles and goggles",)}, "glasses, freckles", {"goggles": "glasses"}),
        ({"features": ("a beard",)}, "brown eyes, wearing", {"beard": ""}),
        ({"traits": ("shy", "fond of cats")}, "sad, plain", {"shy": "sad"}),
    ],
)  # fmt: skip
def test_hair_and_features_are_drawn_or_told(
    looks: dict[str, Any], phrase: str, lost: dict[str, str]
) -> None:
    compiled = drawn(girl(**looks))
    assert phrase in compiled.prompt
    assert {one.phrase: one.became for one in compiled.not_drawn} == lost


@pytest.mark.parametrize(
    ("looks", "absent"),
    [
        ({"clothing": "a red coat, no hat"}, "straw hat"),
        ({"clothing": "a red coat without a hat or scarf"}, "straw hat"),
        ({"features": ("without glasses",)}, "glasses"),
        ({"features": ("no freckles, no glasses",)}, "freckles"),
        ({"hair": "not curly"}, "curly"),
        ({"hair": "not curly but long"}, "curly"),
        ({"hair": "red, never in braids"}, "braided"),
        ({"features": ("never wears shoes",)}, "shoes"),
        ({"clothing": "a hatless coat"}, "straw hat"),
        ({"features": ("neither freckles nor glasses",)}, "freckles"),
        ({"traits": ("not sad",)}, "sad"),
        ({"eyes": "blue, not green"}, "green"),
    ],
)
def test_what_a_description_denies_is_neither_drawn_nor_told(
    looks: dict[str, Any], absent: str
) -> None:
    compiled = drawn(girl(**looks))
    assert absent not in compiled.prompt
    assert compiled.not_drawn == ()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a red coat, no hat", "a red coat , ,"),
        ("no hat and curly hair", ", and curly hair"),
        ("no hat, scarf or gloves, but boots", ", , but boots"),
        ("not only red", "not only red"),
        ("doesn't smile. tall", ", . tall"),
    ],
)
def test_a_denied_phrase_ends_where_its_clause_does(text: str, left: str) -> None:
    assert affirmed(text) == left


MIA = girl(clothing="a dark red coat and a straw hat", features=("glasses",))


@pytest.mark.parametrize(
    ("page", "phrase", "lost"),
    [
        ({"wearing": ("pyjamas",)}, "glasses, wearing a blue shirt, smiling", {"pyjamas": "shirt"}),
        ({"wearing": ("green dress",)}, "wearing a green dress, smiling", {}),
        ({"wearing": ("cap",)}, "a red coat and a cap", {"dark red coat": "red coat"}),
        ({"wearing": ("coat",)}, "a red coat and a straw hat", {"dark red coat": "red coat"}),
        ({"wearing": ("plum-coloured coat",)}, "a purple coat and a straw hat",
         {"plum-coloured coat": "purple coat"}),
        ({"wearing": ("two plaits",)}, "braided brown hair", {"dark red coat": "red coat"}),
        ({"wearing": ("scarf",)}, "a straw hat and a scarf", {"dark red coat": "red coat"}),
        ({"without": ("hat",)}, "wearing a red coat, smiling", {"dark red coat": "red coat"}),
        ({"without": ("coat", "glasses")}, "brown eyes, wearing a blue shirt and a straw hat", {}),
        ({"wearing": ("wellington boots",)}, "a red coat and a straw hat",
         {"dark red coat": "red coat", "wellington boots": ""}),
        ({"wearing": ("green dress",), "doing": ("put on the green dress",)}, "a green dress", {}),
    ],
)  # fmt: skip
def test_what_a_page_says_of_clothes_holds(
    page: dict[str, Any], phrase: str, lost: dict[str, str]
) -> None:
    compiled = drawn(MIA, **page)
    assert phrase in compiled.prompt
    assert {one.phrase: one.became for one in compiled.not_drawn} == lost


@pytest.mark.parametrize(
    ("looks", "phrase", "lost"),
    [
        ({"species": "grey wolf"}, "a grey boy fox with", {"wolf": "fox"}),
        ({"species": "fox", "hair": "none"}, "an orange boy fox with", {}),
        ({"species": "fox", "features": ("a white tip", "a bushy tail")}, "orange boy fox",
         {"white tip": ""}),
        ({"species": "rabbit", "features": ("a thick brown coat",)}, "brown boy rabbit",
         {"thick": ""}),
        ({"species": "cat", "features": ("freckles",)}, "grey boy cat", {"freckles": ""}),
        ({"species": "dwarf", "age": None}, "an old man with", {"dwarf": "old man"}),
        ({"features": ("a king",), "age": 40}, "a man with", {"king": "man"}),
    ],
)  # fmt: skip
def test_a_kind_that_becomes_another_is_told(
    looks: dict[str, Any], phrase: str, lost: dict[str, str]
) -> None:
    compiled = drawn(character(**looks))
    assert phrase in compiled.prompt
    assert {one.phrase: one.became for one in compiled.not_drawn} == lost
