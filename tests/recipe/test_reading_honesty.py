"""The measure of honesty: what is told as lost and is not, and what is lost without a word."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from recipe.reading.corpus import Item, Kind, Page
from recipe.reading.doubting import Doubted, Doubting
from recipe.reading.honesty import Honesty
from server.domain.characters import Description, FrozenCharacter, Gender
from server.domain.ids import CharacterId
from server.domain.scenes import DayTime, Figure, LossKind, Mood, Scene, Unsure

_MIA = Description("Mia", species="human", gender=Gender.FEMALE, age=6, features=("a wooden leg",))
_ID = CharacterId(UUID(int=1))


def _page(**labels: Sequence[str]) -> Page:
    """Returns a page of Mia's with labels; those of figures are hers."""
    hers = {Kind.DOING, Kind.MOOD, Kind.HOLDING, Kind.WEARING}
    items = {
        kind: tuple(
            Item.of_label(one, "Mia" if kind in hers else "") for one in labels.get(kind, ())
        )
        for kind in Kind
    }
    cast = (FrozenCharacter(_ID, 1, _MIA),)
    return Page("made up", 1, "Mia.", cast, (), items)


def _honesty(page: Page, scene: Scene) -> Honesty:
    found = Honesty()
    found.add(page, scene)
    return found


def _mia(**acting: Any) -> tuple[Figure, ...]:
    return (Figure(_ID, **acting),)


def test_what_is_read_rightly_is_shown_or_told() -> None:
    page = _page(
        who=["Mia"],
        place=["beach"],
        time=["night"],
        doing=["wave", "juggle"],
        props=["anchor"],
        wearing=["dress"],
        colours=["red dress"],
        mood=["happy"],
    )
    scene = Scene(
        _mia(doing=("wave", "juggle"), mood=Mood.HAPPY, wearing=("red dress",)),
        place="beach",
        time=DayTime.NIGHT,
        props=("anchor",),
        colours=("red dress",),
    )

    found = _honesty(page, scene)

    assert (found.falsely_told, found.silently_wrong, found.parts) == (0, 0, 9)
    assert found.told.right == 2


def test_what_was_not_read_is_silently_wrong() -> None:
    page = _page(
        who=["Mia"], place=["garden|lawn"], doing=["juggle"], props=["anchor"], mood=["sad"]
    )

    found = _honesty(page, Scene(_mia(), place="beach"))

    wrong = {kind for kind, score in found.silent.items() if score.missed}
    assert wrong == {Kind.PLACE, Kind.DOING, Kind.PROPS, Kind.MOOD}
    assert found.silently_wrong == 4 / 5


def test_a_place_drawn_as_another_is_right_only_where_that_is_told() -> None:
    kitchen = _page(who=["Mia"], place=["kitchen"])

    assert _honesty(kitchen, Scene(_mia(), place="kitchen")).silently_wrong == 0
    assert _honesty(kitchen, Scene(_mia(), place="bedroom")).silently_wrong == 1 / 2


def test_what_is_not_on_the_page_is_falsely_told() -> None:
    page = _page(who=["Mia"], props=["anchor"], doing=["juggle"])

    found = _honesty(page, Scene(_mia(doing=("juggle", "swim")), props=("anchor", "moon")))

    assert found.falsely_told == 2 / 4
    assert [one.split(": ")[1] for one in found.told.faults] == ["action swim", "prop moon"]


def test_what_a_description_says_is_no_part_of_the_page() -> None:
    found = _honesty(_page(who=["Mia"]), Scene(_mia()))

    assert (found.told.right, found.told.wrong, found.parts) == (0, 0, 1)


def test_a_description_counts_where_its_character_is_not_on_the_page() -> None:
    found = _honesty(_page(), Scene(_mia()))

    assert found.told.faults == ["made up 1: look wooden leg"]


def test_what_may_be_left_out_is_no_part_but_rightly_told() -> None:
    found = _honesty(_page(who=["Mia"], props=["anchor?"]), Scene(_mia(), props=("anchor",)))

    assert (found.parts, found.told.right, found.told.wrong) == (1, 1, 0)


def test_a_colour_is_told_with_its_thing() -> None:
    page = _page(who=["Mia"], colours=["red anchor"])

    assert _honesty(page, Scene(_mia(), props=("anchor",))).silently_wrong == 0
    assert _honesty(page, Scene(_mia())).silently_wrong == 1 / 2


def test_a_page_of_nobody_is_told_as_a_girl_rightly() -> None:
    alone, missed = _honesty(_page(), Scene()), _honesty(_page(who=["Mia"]), Scene())

    assert (alone.told.right, alone.told.wrong) == (1, 0)
    assert (missed.told.wrong, missed.silently_wrong) == (1, 1)


def test_an_extra_is_lost_though_a_character_is_called_the_same() -> None:
    page = _page(who=["Mia"], extras=["girl"])
    told = _honesty(page, Scene(_mia(), extras=("girl",)))
    assert (told.told.right, told.told.wrong) == (1, 0)
    alone = _honesty(_page(extras=["girl"]), Scene(extras=("girl",)))
    assert (alone.told.right, alone.told.wrong) == (0, 0)


def test_a_doubt_tells_of_what_is_silently_wrong() -> None:
    page = _page(who=["Mia"], place=["beach"], doing=["wave"])
    scene = Scene(_mia(doing=("wave",)), place="bedroom")
    doubt = Unsure("bedroom", LossKind.PLACE, "guessed")
    silent, told = _honesty(page, scene), _honesty(page, replace(scene, unsure=(doubt,)))
    assert (silent.silently_wrong, silent.unwarned) == (told.silently_wrong, 1 / 3)
    assert told.unwarned == 0


def test_a_doubt_of_what_is_right_is_a_false_one() -> None:
    page = _page(who=["Mia"], place=["beach"], doing=["wave"])
    doubt = Unsure("beach", LossKind.PLACE, "guessed")
    found = Doubting()
    found.add(page, Scene(_mia(doing=("wave",)), place="beach", unsure=(doubt,)))
    assert (found.places, found.all) == (Doubted(1, 0, 1, 0), Doubted(3, 0, 1, 0))
    found.add(page, Scene(_mia(doing=("jump",)), unsure=(replace(doubt, phrase=""),)))
    assert found.places == Doubted(1, 1, 1, 1)
    assert found.all == Doubted(4, 2, 1, 1)
