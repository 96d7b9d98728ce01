"""The shipped checkpoint: a reference picture makes the character, and the judge sees it."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from actors.judging.judge import Judge
from actors.storybook import CHECKPOINT
from recipe.evaluation.identity import JUDGE, Case, cases, embeddings
from recipe.evaluation.plain import load_adapter
from recipe.evaluation.sampling import generate, load_pipeline
from recipe.illustrator import Illustrator
from recipe.illustrator.sampling import PAIRED

COUNT = 2


@pytest.fixture(scope="module")
def asked() -> list[Case]:
    """Makes portraits in new places; their captions say nothing of looks."""
    return cases(PAIRED, COUNT, people=1)


def likeness(asked: list[Case], scale: float) -> float:
    """Returns how much pictures look like their references, on average, in the judge's eyes."""
    pipeline, illustrator = load_pipeline(CHECKPOINT), Illustrator()
    load_adapter(pipeline, CHECKPOINT)
    pipeline.set_ip_adapter_scale(scale)
    references = [illustrator.draw(case.references[0]).image for case in asked]
    told = embeddings(pipeline, [[reference] for reference in references])
    captions = [case.caption for case in asked]
    made = generate(pipeline, captions, [case.seed for case in asked], steps=12, references=told)
    judge = Judge.load(CHECKPOINT / JUDGE)
    pairs = zip(made, references, strict=True)
    alike = [judge.main_character(a).likeness(judge.main_character(b)) for a, b in pairs]
    return float(np.mean(alike))


def test_a_reference_makes_the_character(asked: list[Case]) -> None:
    assert likeness(asked, 1.0) > likeness(asked, 0.0) + 0.3


def test_the_judge_knows_drawn_characters_from_strangers(asked: list[Case]) -> None:
    judge, illustrator = Judge.load(CHECKPOINT / JUDGE), Illustrator()

    def seen(image: NDArray[np.uint8]) -> float:
        return judge.main_character(image).likeness(known)

    for case in asked:
        [reference] = case.references
        known = judge.main_character(illustrator.draw(reference).image)
        right = seen(illustrator.draw(case.scene).image)
        stranger = replace(case.scene, characters=(case.rivals[0][0],))
        assert right > seen(illustrator.draw(stranger).image)
