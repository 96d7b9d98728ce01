"""What a reading is not sure of, and why it says so."""

import numpy as np

from actors.extractors.learned.kinds import kind_of, place_kinds
from actors.extractors.learned.places import Belief
from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.doubts import Why, doubt_of_place
from actors.extractors.rules.found import Found, Way
from server.domain.scenes import LossKind, Scene
from tests.unit.reading.pages import read

KITCHEN = "In the kitchen Mia cut the bread."


def unsure(scene: Scene, kind: LossKind) -> list[tuple[str, str]]:
    """Returns the parts of a kind of which a scene is unsure, and why."""
    return [(one.phrase, one.why) for one in scene.unsure if one.kind is kind]


def belief(name: str, share: float, doubt: str = "") -> Belief:
    """Returns a belief in a place that is so likely."""
    shares = np.full(len(place_kinds()) + 1, (1 - share) / len(place_kinds()), np.float32)
    kind = kind_of(name)
    shares[-1 if kind is None else kind] = share
    return Belief(name, shares, "", doubt)


def moving() -> list[Clause]:
    """Returns the clauses of `ran`."""
    return [Clause(0, verb="run", tag="VBD")]


def test_a_place_that_the_page_names_is_not_doubted() -> None:
    scene = read(KITCHEN)
    assert scene.place == "kitchen"
    assert unsure(scene, LossKind.PLACE) == []


def test_a_page_that_does_not_say_where_it_is_is_told() -> None:
    assert unsure(read("Mia laughed."), LossKind.PLACE) == [("", Why.NOWHERE)]


def test_a_place_that_is_only_spoken_of_is_told() -> None:
    scene = read("“We are at the zoo!” said Mia.")
    assert unsure(scene, LossKind.PLACE) == [("zoo", Why.SPOKEN)]


def test_a_guess_by_the_words_of_a_page_is_told_unless_it_is_likely() -> None:
    nothing = Found("", 0, Way.KEPT)
    assert doubt_of_place(belief("kitchen", 0.5), nothing, None, []) == Why.GUESSED
    assert doubt_of_place(belief("kitchen", 0.9), nothing, None, []) == ""


def test_a_kept_place_is_doubted_where_somebody_moves() -> None:
    kept, before = Found("kitchen", 1.2, Way.KEPT), belief("kitchen", 0.9)
    now = belief("kitchen", 0.4)
    assert doubt_of_place(now, kept, before, []) == ""
    assert doubt_of_place(now, kept, before, moving()) == Why.KEPT


def test_a_kept_place_is_doubted_where_it_is_unlikely() -> None:
    kept, before = Found("kitchen", 1.2, Way.KEPT), belief("kitchen", 0.9)
    assert doubt_of_place(belief("kitchen", 0.02), kept, before, []) == Why.KEPT


def test_a_doubt_is_kept_with_its_place_until_the_page_is_sure() -> None:
    kept, before = Found("kitchen", 1.2, Way.KEPT), belief("kitchen", 0.5, Why.GUESSED)
    assert doubt_of_place(belief("kitchen", 0.6), kept, before, []) == Why.GUESSED
    assert doubt_of_place(belief("kitchen", 0.99), kept, before, []) == ""


def test_a_place_that_things_hint_at_is_doubted_unless_it_is_likely() -> None:
    given = Found("bedroom", 0.6, Way.GIVEN)
    assert doubt_of_place(belief("bedroom", 0.3), given, None, []) == Why.HINTED
    assert doubt_of_place(belief("bedroom", 0.9), given, None, []) == ""


def test_a_place_that_is_named_in_passing_is_told_unless_it_is_likely() -> None:
    named = Found("bean pole", 1.3, Way.NAMED)
    assert doubt_of_place(belief("bean pole", 0.05), named, None, []) == Why.PASSING
    assert doubt_of_place(belief("bean pole", 0.9), named, None, []) == ""


def test_a_pronoun_that_can_mean_two_is_told() -> None:
    scene = read("In the kitchen Mia met Grandma. She climbed the ladder.")
    assert unsure(scene, LossKind.ACTION) == [("climb ladder", "'she' may be Mia or Grandma")]


def test_a_pronoun_that_can_mean_one_is_not_doubted() -> None:
    scene = read("In the kitchen Mia met Tom. She climbed the ladder.")
    assert unsure(scene, LossKind.ACTION) == []


def test_they_who_are_not_named_together_are_told() -> None:
    scene = read("They climbed the ladder.", before=["In the garden Mia saw Tom."])
    assert unsure(scene, LossKind.ACTION) == [("climb ladder", Why.THEY)]


def test_they_who_are_named_together_are_not_doubted() -> None:
    scene = read("In the garden Mia and Tom met. They climbed the ladder.")
    assert unsure(scene, LossKind.ACTION) == []


def test_what_only_tells_where_something_is_is_told() -> None:
    scene = read("In the garden Mia put the jug on the wall. The jug was full.")
    assert unsure(scene, LossKind.PROP) == [("wall", Why.PASSING)]
