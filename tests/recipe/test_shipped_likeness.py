"""The shipped checkpoint: a reference picture gives the character, as the judge measures it."""

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
def portraits() -> list[Case]:
    """Returns cases of portraits in new places, whose captions do not describe looks."""
    return cases(PAIRED, COUNT, people=1)


def likeness(portraits: list[Case], scale: float) -> float:
    """Returns the judge's mean likeness of pictures to their references."""
    pipeline, illustrator = load_pipeline(CHECKPOINT), Illustrator()
    load_adapter(pipeline, CHECKPOINT)
    pipeline.set_ip_adapter_scale(scale)
    references = [illustrator.draw(case.references[0]).image for case in portraits]
    embedded = embeddings(pipeline, [[reference] for reference in references])
    captions = [case.caption for case in portraits]
    made = generate(
        pipeline, captions, [case.seed for case in portraits], steps=12, references=embedded
    )
    judge = Judge.load(CHECKPOINT / JUDGE)
    pairs = zip(made, references, strict=True)
    alike = [judge.main_character(a).likeness(judge.main_character(b)) for a, b in pairs]
    return float(np.mean(alike))


def test_a_reference_gives_the_character(portraits: list[Case]) -> None:
    assert likeness(portraits, 1.0) > likeness(portraits, 0.0) + 0.3


def test_the_judge_distinguishes_drawn_characters_from_strangers(portraits: list[Case]) -> None:
    judge, illustrator = Judge.load(CHECKPOINT / JUDGE), Illustrator()

    def seen(image: NDArray[np.uint8]) -> float:
        return judge.main_character(image).likeness(known)

    for case in portraits:
        [reference] = case.references
        known = judge.main_character(illustrator.draw(reference).image)
        right = seen(illustrator.draw(case.scene).image)
        stranger = replace(case.scene, characters=(case.rivals[0][0],))
        assert right > seen(illustrator.draw(stranger).image)
