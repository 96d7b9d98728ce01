"""Profiles: how each model of the catalogue is used."""

import pytest

from actors.engine.profiles import PROFILES, profile, render_request, warm_up_request
from actors.engine.render import PlacedReference, RenderRequest
from actors.prompts.dialect import CompiledPrompt
from actors.storybook import GUIDANCE, RESCALE
from server.domain.models import Size
from server.domain.states import ImageType, Quality
from server.routing.catalogue import KNOWN
from tests.unit.content import render_spec

PROMPT = CompiledPrompt("a fox", "blurry")


def test_every_local_model_of_the_catalogue_has_a_profile() -> None:
    local = {name for name, row in KNOWN.items() if row.provider == "local"}
    assert PROFILES.keys() == local
    for name in local:
        assert PROFILES[name].max_references == KNOWN[name].references


@pytest.mark.parametrize(
    ("quality", "steps"), [(Quality.DRAFT, 10), (Quality.STANDARD, 20), (Quality.HD, 30)]
)
def test_a_request_takes_its_steps_from_the_quality(quality: Quality, steps: int) -> None:
    request = render_request(render_spec(quality=quality, seed=11), PROMPT, previews=True)
    assert (request.prompt, request.negative_prompt) == ("a fox", "blurry")
    assert (request.width, request.height, request.steps) == (256, 256, steps)
    assert (request.seed, request.previews) == (11, True)


@pytest.mark.parametrize(
    ("model", "standard", "hd", "guidance", "rescale"),
    [("storybook", 20, 30, GUIDANCE, RESCALE), ("sdxl", 30, 50, 7.5, 0.0)],
)
def test_standard_and_hd_are_drawn_as_before_there_were_files(
    model: str, standard: int, hd: int, guidance: float, rescale: float
) -> None:
    for quality, steps in ((Quality.STANDARD, standard), (Quality.HD, hd)):
        request = render_request(render_spec(model=model, quality=quality), PROMPT)
        side = request.width
        assert request == RenderRequest(
            *("a fox", "blurry", side, side, steps, guidance, rescale), seed=7
        )


def test_a_draft_takes_the_least_steps_of_a_model() -> None:
    for chosen in PROFILES.values():
        steps = [chosen.tiers[quality].steps for quality in Quality]
        assert steps == sorted(set(steps))


def test_references_count_as_their_model_is_used() -> None:
    spec, references = render_spec(model="sdxl", width=1824), (PlacedReference(b"her", 0.0, 0.5),)
    request = render_request(spec, PROMPT, references=references)
    assert (request.references, request.reference_scale) == (references, 0.6)
    without = render_request(spec, PROMPT)
    assert (without.references, without.reference_scale) == ((), 0.0)


def test_a_display_size_is_drawn_at_the_models_own_size() -> None:
    request = render_request(render_spec(model="sdxl", width=1824), PROMPT)
    assert (request.width, request.height) == (1344, 768)


@pytest.mark.parametrize("width", [1024, 1368, 1824])
def test_a_model_of_squares_draws_squares_of_every_scene(width: int) -> None:
    spec = render_spec(image_type=ImageType.SCENE, width=width)
    request = render_request(spec, PROMPT)
    assert (request.width, request.height) == (256, 256)


def test_a_scene_of_a_size_that_has_no_ratio_of_the_contract_is_refused() -> None:
    with pytest.raises(ValueError, match="draws no scene of 640x480; use 1824x1024, 1368x1024, 10"):
        profile("storybook").native(ImageType.SCENE, Size(640, 480))


def test_a_portrait_of_a_size_that_is_not_offered_is_refused() -> None:
    with pytest.raises(ValueError, match="storybook draws no portrait of 1x2; use 1024x1024"):
        profile("storybook").native(ImageType.PORTRAIT, Size(1, 2))


def test_a_model_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match='"dall-e-3" has no profile; known are storybook, sdxl'):
        profile("dall-e-3")


def test_every_native_size_is_warmed_the_usual_one_first() -> None:
    [only] = profile("storybook").warm_ups()
    assert (only.width, only.height) == (256, 256)
    sizes = [(one.width, one.height) for one in profile("sdxl").warm_ups()]
    assert sizes == [(1024, 1024), (832, 1216), (1344, 768), (1152, 896)]


def test_a_warm_up_draws_two_steps_at_the_first_size() -> None:
    request = warm_up_request("sdxl")
    assert (request.width, request.height, request.steps) == (1024, 1024, 2)
