"""The yardstick of reading: what a label asks for, and what counts as right, missed and wrong."""

from pathlib import Path
from uuid import UUID

import pytest

from recipe.reading.corpus import Item, Kind, Page, Part, load_pages
from recipe.reading.scoring import Score, Scores, fits
from server.domain.characters import Description, FrozenCharacter
from server.domain.ids import CharacterId
from server.domain.scenes import DayTime, Figure, Mood, Scene, Season, Weather

_MIA, _TOM = CharacterId(UUID(int=1)), CharacterId(UUID(int=2))
_CAST = (
    FrozenCharacter(_MIA, 1, Description("Mia")),
    FrozenCharacter(_TOM, 1, Description("Tom")),
)


def _scored(scene: Scene, *labels: tuple[Kind, str, str]) -> Scores:
    """Returns the scores of one page with labels: of which kind, whose, and what."""
    items = {
        kind: tuple(Item.of_label(label, of) for asked, of, label in labels if asked is kind)
        for kind in Kind
    }
    scores = Scores()
    scores.add(Page("made up", 1, "", _CAST, (), items), scene)
    return scores


def _things(read: tuple[str, ...], *labels: str) -> Score:
    """Returns the score of the things of a page."""
    return _scored(Scene(props=read), *((Kind.PROPS, "", one) for one in labels)).kinds[Kind.PROPS]


def _counts(score: Score) -> tuple[int, int, int]:
    return score.right, score.missed, score.wrong


def _story(folder: Path, text: str) -> list[Page]:
    """Returns the pages of a story that is the only one of its part."""
    (folder / "practice").mkdir()
    (folder / "practice" / "tale.yaml").write_text(text, encoding="utf-8")
    return load_pages(Part.PRACTICE, folder)


def test_the_shares_are_of_what_was_read_of_what_is_there_and_of_both() -> None:
    score = Score(right=6, missed=2, wrong=4)
    assert (score.precision, score.recall, score.correct) == (6 / 10, 6 / 8, 6 / 12)


def test_nothing_read_and_nothing_there_is_a_share_of_none() -> None:
    assert (Score().precision, Score().recall, Score().correct) == (0, 0, 0)


def test_each_thing_is_right_missed_or_wrong() -> None:
    score = _things(("lantern", "moon"), "lantern", "ladder")
    assert _counts(score) == (1, 1, 1)
    assert score.faults == ["made up 1: + moon", "made up 1: - ladder"]


def test_any_alternative_is_right_once() -> None:
    assert _counts(_things(("ship",), "boat|ship")) == (1, 0, 0)
    assert _counts(_things(("boat", "ship"), "boat|ship")) == (1, 0, 0)
    assert _things((), "boat|ship").faults == ["made up 1: - boat|ship"]


def test_what_may_be_left_out_counts_neither_way() -> None:
    assert _counts(_things(("step",), "step?")) == (0, 0, 0)
    assert _counts(_things((), "step?")) == (0, 0, 0)


def test_what_is_read_twice_is_right_once_and_not_wrong() -> None:
    assert _counts(_things(("lantern", "lantern"), "lantern")) == (1, 0, 0)


def test_a_label_of_two_things_asks_for_both() -> None:
    assert _counts(_things(("hat",), "hat", "hat")) == (1, 1, 0)


def test_what_another_does_is_wrong() -> None:
    scene = Scene((Figure(_MIA, doing=("climb",)), Figure(_TOM)))
    score = _scored(scene, (Kind.DOING, "Tom", "climb")).kinds[Kind.DOING]
    assert _counts(score) == (0, 1, 1)
    assert score.faults == ["made up 1: + Mia: climb", "made up 1: - Tom: climb"]


def test_what_no_name_is_said_of_may_be_anybodys() -> None:
    scene = Scene((Figure(_TOM, doing=("climb",)),))
    assert _counts(_scored(scene, (Kind.DOING, "", "climb")).kinds[Kind.DOING]) == (1, 0, 0)


def test_a_thing_that_is_labelled_is_not_wrong_in_a_hand_either() -> None:
    scene = Scene((Figure(_MIA, holding=("kite",)),), props=("kite",))
    scores = _scored(scene, (Kind.PROPS, "", "kite")).kinds
    assert _counts(scores[Kind.PROPS]) == (1, 0, 0)
    assert _counts(scores[Kind.HOLDING]) == (0, 0, 0)


def test_every_kind_is_scored_by_its_own_part_of_the_scene() -> None:
    figure = Figure(_MIA, doing=("wave",), mood=Mood.HAPPY, holding=("kite",), wearing=("red hat",))
    scene = Scene(
        (figure,),
        extras=("crowd",),
        place="beach",
        time=DayTime.NIGHT,
        season=Season.WINTER,
        weather=(Weather.SNOW,),
        props=("boat",),
        colours=("red hat",),
        absent=("dog",),
    )
    labels = [
        *((Kind.WHO, "", "Mia"), (Kind.EXTRAS, "", "crowd"), (Kind.PLACE, "", "beach")),
        *((Kind.TIME, "", "night"), (Kind.TIME, "", "winter"), (Kind.WEATHER, "", "snow")),
        *((Kind.DOING, "Mia", "wave"), (Kind.MOOD, "Mia", "happy")),
        *((Kind.HOLDING, "Mia", "kite"), (Kind.WEARING, "Mia", "hat")),
        *((Kind.PROPS, "", "boat"), (Kind.COLOURS, "", "red hat"), (Kind.NOT, "", "dog")),
    ]
    scores = _scored(scene, *labels)
    found = {kind: _counts(score) for kind, score in scores.kinds.items()}
    assert found == {kind: (2 if kind is Kind.TIME else 1, 0, 0) for kind in Kind}
    assert _counts(scores.negations) == (1, 0, 0)


@pytest.mark.parametrize(
    ("label", "said", "fitting"),
    [
        ("forest", "dark forest", True),
        ("dark forest", "forest", False),
        ("dark forest", "forest in the dark", True),
        ("wolf", "Wolves", True),
        ("climb", "climbing", True),
        ("washing-machine", "washing machine", True),
        ("top of the hill", "hill top", True),
        ("the", "the", True),
        ("cat", "caterpillar", False),
        ("boat||ship", "moon", False),
        ("zoe", "zo\u00eb", False),
        ("cafe\u0301", "caf\u00e9", True),
    ],
)
def test_words_fit_a_label_whose_every_word_they_have_in_any_form(
    label: str, said: str, *, fitting: bool
) -> None:
    assert fits(Item.of_label(label), said) is fitting


def test_a_denied_thing_that_would_be_drawn_is_not_obeyed() -> None:
    denied = (Kind.NOT, "", "dog"), (Kind.NOT, "", "cat")
    negations = _scored(Scene(props=("dog", "moon")), *denied).negations
    assert _counts(negations) == (1, 0, 1)
    assert negations.faults == ["made up 1: draws dog"]


@pytest.mark.parametrize(
    "scene",
    [
        Scene(extras=("sweep",)),
        Scene(weather=(Weather.RAIN,)),
        Scene(colours=("red sweep",)),
        Scene((Figure(_MIA, doing=("sweep the floor",)),)),
        Scene((Figure(_MIA, holding=("sweep",)),)),
        Scene((Figure(_MIA, wearing=("sweep",)),)),
    ],
)
def test_whatever_part_of_the_scene_it_is_a_denied_thing_is_drawn(scene: Scene) -> None:
    assert _counts(_scored(scene, (Kind.NOT, "", "sweep|rain")).negations) == (0, 0, 1)


def test_an_action_is_denied_by_its_verb_alone() -> None:
    scene = Scene((Figure(_MIA, doing=("sweep the floor",)),))
    assert _counts(_scored(scene, (Kind.NOT, "", "floor")).negations) == (1, 0, 0)


def test_what_is_denied_of_one_thing_and_labelled_of_another_is_obeyed() -> None:
    labels = (Kind.NOT, "", "hat"), (Kind.PROPS, "", "red hat")
    assert _counts(_scored(Scene(props=("red hat",)), *labels).negations) == (1, 0, 0)
    assert _counts(_scored(Scene(props=("blue hat",)), *labels).negations) == (0, 0, 1)


@pytest.mark.parametrize(
    ("label", "item"),
    [
        ("boat", Item(("boat",))),
        ("boat|ship", Item(("boat", "ship"))),
        ("boat|ship?", Item(("boat", "ship"), optional=True)),
        ("cafe\u0301", Item(("caf\u00e9",))),
    ],
)
def test_a_label_has_alternatives_and_may_be_left_out(label: str, item: Item) -> None:
    assert Item.of_label(label) == item


def test_a_story_is_pages_with_those_before_them_and_labels(tmp_path: Path) -> None:
    first, second = _story(
        tmp_path,
        """
characters:
  - {name: Mia, age: 6}
  - {name: Tom}
pages:
  - text: Mia waves.
    who: [Mia, "Tom?"]
    doing: {Mia: wave}
    wearing: {Mia: [hat, "scarf|shawl?"]}
    time: [1]
  - text: Tom runs.
""",
    )
    assert (first.story, first.number, first.before) == ("tale", 1, ())
    assert (second.number, second.text, second.before) == (2, "Tom runs.", ("Mia waves.",))
    assert [one.description.name for one in first.cast] == ["Mia", "Tom"]
    assert first.labels[Kind.WHO] == (Item(("Mia",)), Item(("Tom",), optional=True))
    assert first.labels[Kind.DOING] == (Item(("wave",), of="Mia"),)
    hers = (Item(("hat",), of="Mia"), Item(("scarf", "shawl"), optional=True, of="Mia"))
    assert first.labels[Kind.WEARING] == hers
    assert first.labels[Kind.TIME] == (Item(("1",)),)
    assert not any(second.labels.values())


@pytest.mark.parametrize(
    "label", ["who: [Tim]", "who: [Mia|Tim]", "doing: {Tim: wave}", "mood: {Tim: [happy]}"]
)
def test_a_label_of_somebody_unknown_is_refused(tmp_path: Path, label: str) -> None:
    text = f"characters: [{{name: Mia}}]\npages:\n  - {{text: Mia waves., {label}}}\n"
    with pytest.raises(ValueError, match='tale 1: no characters of it: "Tim"; use Mia'):
        _story(tmp_path, text)


def test_a_name_is_the_same_in_either_form_of_its_letters(tmp_path: Path) -> None:
    text = "characters: [{name: Zo\u00eb}]\npages:\n  - {text: Hm., doing: {Zoe\u0308: wave}}\n"
    [page] = _story(tmp_path, text)
    [item] = page.labels[Kind.DOING]
    assert item.of == page.cast[0].description.name
