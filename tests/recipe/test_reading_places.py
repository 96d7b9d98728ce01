"""What teaches the learned reader of places."""

from pathlib import Path

import numpy as np

from actors.extractors.rules.reading import readings
from recipe.reading.learning import Example, learn
from recipe.reading.passages import load_passages


def test_lines_of_a_story_stay_together_and_may_keep_their_place(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(
        "kitchen: She stirred.\nkitchen~: She sighed. / He too.\n\n" + "wood: A fir.\n" * 6
    )
    read = load_passages(tmp_path)
    assert [one.kept for one in read[:3]] == [False, True, False]
    assert read[0].story == read[1].story
    assert read[1].text == "She sighed.\nHe too."
    assert len({one.story for one in read}) == 7


def test_the_same_stories_and_seed_teach_the_same() -> None:
    texts = ["Tom stirred the soup and salted it.", "He tasted it with the big spoon."]
    story = tuple(
        Example(tuple(one.clues), one.found, ("kitchen",), 1.0) for one in readings(texts, [])
    )
    first, second = (learn([story], 2, seed=3) for _ in range(2))
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)
