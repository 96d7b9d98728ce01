"""Drawn scenes in the words of callers: the service's dialect reads back the same looks."""

from dataclasses import replace
from random import Random

import pytest

from actors.engine.profiles import profile, render_request
from actors.prompts.casting import SLOTS
from actors.prompts.fitting import fit
from actors.storybook import vocabulary
from recipe.evaluation.wording import (
    NAMES,
    STYLES,
    describe,
    portrait_spec,
    scene_spec,
    situation,
    told_portrait,
    told_scene,
)
from recipe.illustrator.attributes import (
    Character,
    Expression,
    Framing,
    Hat,
    Place,
    Pose,
    Scene,
    Species,
    Style,
    Time,
    View,
)
from recipe.illustrator.captions import caption
from recipe.illustrator.sampling import FULL, PAIRED, Domain, sample_scene
from recipe.training.cast import reference_scene
from server.domain.spec import RenderSpec

STORYBOOK = "storybook"


def compiled(spec: RenderSpec, scene: Scene | None = None) -> tuple[str, int]:
    """Returns the service's prompt of a spec, and how much it reports as not drawn."""
    told = told_scene(scene, spec.characters) if scene else told_portrait(spec)
    prompt = profile(STORYBOOK).dialect.compile(spec, told)
    return prompt.prompt, len(prompt.not_drawn)


@pytest.mark.parametrize(("domain", "count"), [(FULL, 400), (PAIRED, 200)])
def test_the_service_reads_back_the_scene_that_was_worded(domain: Domain, count: int) -> None:
    for index in range(count):
        scene = sample_scene(Random(f"wording {index}"), domain)
        # The service never asks for three.
        scene = replace(scene, characters=scene.characters[:SLOTS])
        shown, left_out = fit(scene)
        faces = {
            (who, "expression") for who, one in enumerate(scene.characters) if one.view is View.BACK
        }
        lost = len(left_out.keys() - faces)
        assert compiled(scene_spec(scene, index), scene) == (caption(shown), lost)


def test_the_service_reads_back_the_looks_of_a_portrait() -> None:
    for index in range(200):
        scene = sample_scene(Random(f"portrait {index}"), PAIRED)
        for character in scene.characters:
            expected = caption(reference_scene(character, scene.style))
            assert compiled(portrait_spec(character, scene.style, 0)) == (expected, 0)


def test_a_scene_reads_like_that_of_a_caller() -> None:
    girl = Character(expression=Expression.SAD, pose=Pose.WAVING, view=View.SIDE)
    fox = Character(species=Species.FOX, hat=Hat.CROWN, scarf=True)
    scene = Scene((girl, fox), framing=Framing.FULL_BODY, place=Place.FOREST, time=Time.NIGHT)
    assert situation(scene) == (
        "Alma, sad, side view, waving. Bruno, smiling. In a forest, at night."
    )
    assert situation(Scene((fox,))) == "Portrait of Alma, smiling. Plain background."
    assert describe(fox, "Bruno").clothing == "a blue shirt and a crown and a scarf"


def test_no_name_is_a_word_of_the_vocabulary() -> None:
    tables = vocabulary.tables().values()
    assert len(tables) > 10
    for name in NAMES:
        assert not any(list(each.matches([name.lower()])) for each in tables)


def test_every_style_has_an_id_that_the_service_draws_as_it() -> None:
    for style in Style:
        prompt, lost = compiled(portrait_spec(Character(), style, 0))
        assert prompt.startswith(caption(Scene((Character(),), style=style)).split(",")[0])
        assert lost == 0
    assert {*STYLES} == {*Style}


def test_a_request_has_the_sampling_of_the_default_quality() -> None:
    spec = scene_spec(Scene((Character(),)), 7)
    told = told_scene(Scene((Character(),)), spec.characters)
    request = render_request(spec, profile(STORYBOOK).dialect.compile(spec, told))
    assert (request.width, request.height, request.steps, request.seed) == (256, 256, 30, 7)
