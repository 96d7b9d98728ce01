"""The shipped checkpoint: a reference picture gives the character, as the judge measures it."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from actors.engine.diffuser import Diffuser
from actors.engine.render import PlacedReference
from actors.judging.judge import Judge
from actors.settings import DiffuserSettings
from actors.storybook import CHECKPOINT
from recipe.evaluation.grids import read_png, write_png
from recipe.evaluation.identity import JUDGE, Case, cases
from recipe.evaluation.orders import Variant, order_of
from recipe.illustrator import Illustrator
from recipe.illustrator.sampling import PAIRED

COUNT = 2


@pytest.fixture(scope="module")
def portraits() -> list[Case]:
    """Returns cases of portraits in new places."""
    return cases(PAIRED, COUNT, people=1)


@pytest.fixture(scope="module")
def diffuser() -> Diffuser:
    torch.set_num_threads(1)
    return Diffuser.load(DiffuserSettings(model_path=str(CHECKPOINT), device="cpu"))


def likeness(diffuser: Diffuser, portraits: list[Case], variant: Variant) -> float:
    """Returns the judge's mean likeness of pictures to their references."""
    judge, illustrator = Judge.load(CHECKPOINT / JUDGE), Illustrator()
    alike = []
    for case in portraits:
        reference = illustrator.draw(case.references[0]).image
        order = order_of(case, variant)
        request = replace(order.request, steps=12)
        if order.sources:
            embedding = asyncio.run(diffuser.encode(write_png(reference)))
            request = replace(request, references=(PlacedReference(embedding.data),))
        made = read_png(diffuser.render(request).png)
        alike.append(judge.main_character(made).likeness(judge.main_character(reference)))
    return float(np.mean(alike))


def test_a_reference_gives_the_character(diffuser: Diffuser, portraits: list[Case]) -> None:
    nothing = likeness(diffuser, portraits, Variant.NEITHER)
    assert likeness(diffuser, portraits, Variant.REFERENCES) > nothing + 0.3


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
