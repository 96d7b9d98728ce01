"""What teaches the learned reader of places."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from actors.extractors.learned.kinds import place_kinds
from actors.extractors.learned.places import PlaceReader, softmax
from actors.extractors.rules.reading import readings
from recipe.reading.chain import Chain, Pages
from recipe.reading.learning import Example, how_often, learn
from recipe.reading.passages import load_passages
from recipe.reading.words import WordCounts, kinds_of, likeness_of_kinds


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
        Example("a", one.clues, one.found, ("kitchen",), 1.0) for one in readings(texts, [])
    )
    first, second = (learn([story], 2, seed=3) for _ in range(2))
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_what_is_trained_reads_as_what_ships(tmp_path: Path) -> None:
    texts = [
        "Tom stirred the soup in the kitchen and salted it. His aunt was peeling the potatoes.",
        "He ran out into the garden with the big spoon, and the hens came from under the hedge.",
        "Later he sat on the wall by the road, as the carts went by, and thought of the sea.",
        "At night he lay in his bunk and dreamt of a ship.",
    ]
    places = ("kitchen", "garden", "wall", "bedroom")
    story = tuple(Example("a", one.clues, one.found, (), 1.0) for one in readings(texts, []))
    taught = tuple(replace(one, places=(place,)) for one, place in zip(story, places, strict=True))
    stories = [story, *([taught] * 8)]
    learnt = learn(stories, 3, seed=3)
    save_file(learnt, tmp_path / "places.safetensors")
    reader = PlaceReader.of_file(tmp_path / "places.safetensors")
    labelled = [[(one.clues.words, kinds_of(one.places)) for one in each] for each in stories]
    pages = Pages.of_stories(stories, WordCounts(labelled, how_often(stories)))
    chain = Chain(len(pages.traits), np.log(how_often(stories)), likeness_of_kinds())
    for name, parameter in chain.named_parameters():
        if name != "alike":
            parameter.data = torch.tensor(learnt[f"by_{name}"])
    alike = learnt["by_near"].max() / likeness_of_kinds().max()
    chain.alike.data = torch.tensor([float(alike)])
    trained = pages.beliefs(chain).exp().detach().numpy()
    before, kinds = None, len(place_kinds())
    for one, row in zip(story, trained, strict=False):
        answers = reader.answers(one.clues, one.found, before)
        shares = softmax(answers.scores)
        others = len(answers.names) - 1
        assert shares[:kinds] == pytest.approx(row[:kinds], rel=0.02, abs=2e-4)
        assert shares[kinds:-1] == pytest.approx(row[kinds : kinds + others], rel=0.02, abs=2e-4)
        assert shares[-1] == pytest.approx(row[-1], rel=0.02, abs=2e-4)
        before = answers.after(shares, "")
