"""Post-processing: its steps in their order, each of which can be left out."""

from collections.abc import Callable
from dataclasses import fields, replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from actors.finishing.forms import finish
from actors.finishing.post import post_process
from imggen.errors import InvalidRequest
from imggen.rules import prints
from imggen.rules.checks import Checks
from imggen.v1 import finishing_pb2
from server.domain.finishing import (
    DEFAULT,
    NOTHING,
    FinishingStep,
    PostProcessing,
    StepDone,
    read_steps,
    steps_json,
)
from server.domain.models import Size
from server.domain.spec import SPEC_VERSION, RenderSpec
from server.domain.states import AssetKind, ImageType
from tests.builders import render_spec
from tests.unit.test_background import figure, plain
from tests.unit.test_correction import changed, chart
from tests.unit.test_signatures import ground, written

EVERYTHING = PostProcessing(background_removal=True)
SQUARE = Size(1024, 1024)


def signed() -> Image.Image:
    return Image.fromarray(written(ground(), (344, 466), (20, 40, 20), "M. Lindqvist"))


def png(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def test_the_steps_run_in_the_order_of_the_contract_and_say_what_they_did() -> None:
    found = post_process(signed(), EVERYTHING, 4)
    assert [one.step for one in found.steps] == list(FinishingStep)[:4]
    first = found.steps[0]
    assert first.changed
    assert first.said.startswith("painted over: ")
    assert found.shows_other


@pytest.mark.parametrize("step", list(FinishingStep)[:4])
def test_a_step_that_is_not_wanted_is_left_out(step: FinishingStep) -> None:
    without: dict[str, Any] = {step.value: False}
    found = post_process(signed(), replace(EVERYTHING, **without), 4)
    assert step not in [one.step for one in found.steps]


def test_without_steps_the_picture_is_the_same() -> None:
    picture = signed()
    found = post_process(picture, NOTHING, 4)
    assert (found.picture is picture, found.steps, found.shows_other) == (True, (), False)


def test_a_sharper_picture_shows_the_same() -> None:
    found = post_process(signed(), replace(NOTHING, sharpening=True), 4)
    assert found.steps[0].changed
    assert not found.shows_other


def test_a_transparent_picture_keeps_its_alpha() -> None:
    faulty = changed(chart(), lambda p: p * (1.03, 1.0, 0.95))
    alpha = np.zeros(faulty.shape[:2], np.uint8)
    alpha[:, :200] = 255
    given = Image.fromarray(np.dstack((faulty, alpha)))
    found = post_process(given, EVERYTHING, 1)
    assert (np.asarray(found.picture)[..., 3] == alpha).all()
    by_step = {one.step: one for one in found.steps}
    assert not by_step[FinishingStep.BACKGROUND_REMOVAL].changed
    assert "transparent already" in by_step[FinishingStep.BACKGROUND_REMOVAL].said


def specks(alpha: NDArray[np.uint8]) -> None:
    alpha[3, 5] = alpha[100:103, 40] = 0
    alpha[250, 256] = 128


def corners(alpha: NDArray[np.uint8]) -> None:
    for y, x in ((0, 0), (0, -40), (-40, 0), (-40, -40)):
        alpha[y : (y + 40) or None, x : (x + 40) or None] = 0


def frame(alpha: NDArray[np.uint8]) -> None:
    alpha[:8] = alpha[-8:] = alpha[:, :8] = alpha[:, -8:] = 0


def veil(alpha: NDArray[np.uint8]) -> None:
    alpha[:] = 253


@pytest.mark.parametrize("clear", [specks, corners, frame, veil])
def test_a_few_clear_pixels_leave_a_background_to_be_removed(
    clear: Callable[[NDArray[np.uint8]], None],
) -> None:
    drawn = figure(plain((90, 150, 220)), (70, 60, 140), (40, 20, 30))
    alpha = np.full(drawn.shape[:2], 255, np.uint8)
    clear(alpha)
    wanted = replace(NOTHING, background_removal=True)
    found = post_process(Image.fromarray(np.dstack((drawn, alpha))), wanted, 1)
    [step] = found.steps
    assert (step.changed, step.said) == (True, "by a smooth ground")
    seen = np.asarray(found.picture)[..., 3]
    assert not seen[alpha == 0].any(), "what is clear stays so"
    assert not seen[[5, 500, 250], [250, 10, 500]].any()
    assert (seen[[150, 400], [256, 256]] == alpha[150, 256]).all()


def test_a_figure_that_stands_on_nothing_stays_as_it_is() -> None:
    drawn = Image.fromarray(figure(plain((90, 150, 220)), (70, 60, 140), (40, 20, 30)))
    wanted = replace(NOTHING, background_removal=True)
    once = post_process(drawn, wanted, 1)
    twice = post_process(once.picture, wanted, 1)
    assert not twice.steps[0].changed
    assert twice.steps[0].said == "the model's picture is transparent already"
    assert twice.picture is once.picture


def test_a_portrait_without_its_background_has_transparent_forms() -> None:
    drawn = Image.fromarray(figure(plain((90, 150, 220)), (70, 60, 140), (40, 20, 30)))
    wanted = replace(NOTHING, background_removal=True)
    finished = finish(png(drawn), ImageType.PORTRAIT, SQUARE, None, "", wanted)
    for kind in (AssetKind.DISPLAY, AssetKind.PRINT, AssetKind.THUMBNAIL):
        form = finished.asset(kind)
        image = opened(form.data)
        assert (form.content_type, image.mode) == ("image/png", "RGBA")
        corner = image.getpixel((3, 3))
        assert isinstance(corner, tuple)
        assert corner[3] == 0
    assert opened(finished.asset(AssetKind.ORIGINAL).data).mode == "RGB"
    assert finished.shows_other


def test_a_print_says_its_dots_per_inch_at_the_trim_size() -> None:
    wanted = replace(NOTHING, trim_width_mm=200, trim_height_mm=200)
    [step] = finish(png(signed()), ImageType.PORTRAIT, SQUARE, None, "", wanted).steps
    assert step == StepDone(
        FinishingStep.PRINT_CHECK,
        changed=False,
        said="2048x2048 pixels on 200x200 mm are 260 DPI; 300 look better",
        ms=0,
    )
    assert (
        prints.print_note((3000, 2000), (250, 150)) == "3000x2000 pixels on 250x150 mm are 305 DPI"
    )


def test_the_lesser_side_decides_the_dots_per_inch() -> None:
    # The naive check looks at the width alone.
    assert prints.dots_per_inch((3000, 2000), (254, 254)) == pytest.approx(200)
    assert prints.dots_per_inch((3000, 2000), (254, 100)) == pytest.approx(300)


def test_a_coarse_print_is_refused_with_the_largest_size_that_is_not() -> None:
    asked = finishing_pb2.PostProcessing(trim_width_mm=420, trim_height_mm=297)
    with pytest.raises(InvalidRequest) as refused:
        prints.refuse_coarse(asked, (1536, 1024), portrait=False)
    [violation] = refused.value.violations
    assert violation.field == "options.post_processing.trim_width_mm"
    assert "171 DPI, too few" in violation.description
    assert "381x254 mm or smaller" in violation.description
    good = finishing_pb2.PostProcessing(trim_width_mm=381, trim_height_mm=254)
    prints.refuse_coarse(good, (1536, 1024), portrait=False)


@pytest.mark.parametrize("trim", [(0, 100), (100, 0), (9, 100), (100, 2001), (-1, -1)])
def test_a_trim_has_two_sides_of_a_sensible_size(trim: tuple[int, int]) -> None:
    checks = Checks()
    asked = finishing_pb2.PostProcessing(trim_width_mm=trim[0], trim_height_mm=trim[1])
    prints.check_post_processing(checks, asked, portrait=True)
    assert checks.violations


def test_only_portraits_lose_their_background() -> None:
    asked = finishing_pb2.PostProcessing(background_removal=True, trim_width_mm=9, trim_height_mm=9)
    checks = Checks()
    prints.check_post_processing(checks, asked, portrait=False)
    assert "options.post_processing.background_removal" in [one.field for one in checks.violations]
    # Of a story the portraits alone lose it, and the others alone are printed.
    portrait = prints.settled(asked, portrait=True, of_story=True)
    page = prints.settled(asked, portrait=False, of_story=True)
    assert (portrait.background_removal, portrait.trim_width_mm) == (True, 0)
    assert (page.background_removal, page.trim_width_mm) == (False, 9)


def test_what_is_as_usual_changes_neither_a_spec_nor_its_version() -> None:
    spec = render_spec()
    assert "post_processing" not in spec.to_json()
    assert spec.version(batched=False, cropped=False) < SPEC_VERSION
    for field in fields(PostProcessing):
        usual = getattr(DEFAULT, field.name)
        other_value: Any = not usual if isinstance(usual, bool) else 100
        wanted = replace(DEFAULT, **{field.name: other_value})
        other = replace(spec, post_processing=wanted)
        assert RenderSpec.from_json(other.to_json()) == other
        assert other.content_digest() != spec.content_digest()
        assert other.version(batched=False, cropped=False) == SPEC_VERSION


def test_steps_of_a_newer_worker_are_passed_over() -> None:
    steps = (StepDone(FinishingStep.SHARPENING, changed=True, said="edges", ms=20),)
    data = [*steps_json(steps), {"step": "polish", "changed": True, "said": "", "ms": 1}]
    assert read_steps(data) == steps
    assert read_steps(None) == ()
