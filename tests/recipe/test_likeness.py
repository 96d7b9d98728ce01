"""The judge, the characters it is trained on, and the IP-Adapter's layout, on tiny networks."""

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from actors.engine.adapter import column_masks
from actors.engine.render import PlacedReference
from actors.judging.judge import (
    CELLS,
    CROP,
    Appearance,
    Detector,
    Judge,
    crop,
    peaks,
)
from recipe.evaluation.identity import LOOK_ALIKES, cases, rank
from recipe.evaluation.orders import Variant, order_of
from recipe.illustrator import draw
from recipe.illustrator.attributes import (
    Character,
    Expression,
    Framing,
    Hair,
    Place,
    Pose,
    Scene,
    Species,
    Style,
    View,
)
from recipe.illustrator.sampling import FULL, PORTRAITS
from recipe.training.adapter import adapter_weights, add_adapter, halves
from recipe.training.cast import (
    GROUP,
    brief_caption,
    character_of,
    has_company,
    look_alikes,
    met_alone,
    met_together,
    partner,
    reference_scene,
    style_of,
)
from recipe.training.encoder import contrast, new_encoder
from recipe.training.export import check_size
from recipe.training.judge import (
    crop_targets,
    detector_targets,
    focal_loss,
    matched,
    overlap,
    views_of,
)
from recipe.training.labels import IGNORED
from recipe.training.settings import SMOKE
from recipe.training.unet import new_unet

CLASSES = {"species": ("human", "fox"), "view": ("front view", "side view")}
GIRL = Character(hair=Hair.RED)
WIDTHS = (8, 8, 16)


class FixedDetector(Detector):
    """A detector that finds given boxes."""

    def __init__(self, boxes: list[tuple[float, float, float, float]]) -> None:
        super().__init__(WIDTHS)
        places = np.full((1, 3, 4), np.nan, np.float32)
        places[0, : len(boxes)] = boxes
        self.heat, self.boxes, _ = detector_targets(places)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        return torch.logit(self.heat.clamp(1e-3, 1 - 1e-3)), self.boxes


def looks(identity: list[float]) -> Appearance:
    vector = np.array(identity, np.float32)
    return Appearance(vector / np.linalg.norm(vector), {}, {})


def test_look_alikes_differ_in_two_or_three_attributes() -> None:
    for index in range(30):
        first = character_of(5, index * GROUP, FULL)
        for other in look_alikes(first, Random(index), LOOK_ALIKES - 1):
            changed = [
                name
                for name in first.__dataclass_fields__
                if getattr(first, name) != getattr(other, name)
            ]
            assert 2 <= len(changed) <= 3
            assert (first.species, first.age, first.gender) == (
                other.species,
                other.age,
                other.gender,
            )


def test_four_in_a_row_look_alike_and_a_number_gives_the_same_character() -> None:
    cast = [character_of(3, index, FULL) for index in range(8)]
    assert cast == [character_of(3, index, FULL) for index in range(8)]
    assert len({(each.species, each.age, each.gender) for each in cast[:GROUP]}) == 1
    assert all(each != cast[0] for each in cast[1:GROUP])
    assert cast[0] != character_of(4, 0, FULL)


def test_partners_are_mutual_and_from_different_groups_of_one_style() -> None:
    for index in range(24):
        other = partner(index)
        assert partner(other) == index
        assert other // GROUP != index // GROUP
        assert style_of(3, index, FULL) is style_of(3, other, FULL)
    assert {style_of(3, index, FULL) for index in range(0, 400, GROUP)} == set(FULL.styles)


def test_a_reference_shows_a_character_alone_and_at_rest() -> None:
    busy = replace(GIRL, view=View.SIDE, expression=list(Expression)[-1], pose=list(Pose)[-1])
    shown = reference_scene(busy, Style.WATERCOLOR)
    assert shown.style is Style.WATERCOLOR
    assert shown.place is Place.PLAIN
    assert shown == reference_scene(GIRL, Style.WATERCOLOR)


def test_a_character_keeps_its_looks_in_every_scene() -> None:
    chance = Random(2)
    for _ in range(20):
        scene = met_alone(GIRL, chance, FULL)
        shown = scene.characters[0]
        still = replace(shown, view=GIRL.view, expression=GIRL.expression, pose=GIRL.pose)
        assert still == GIRL
        assert shown.view is not View.BACK
    together = met_together([GIRL, Character(species=Species.FOX)], chance, FULL)
    assert [each.species for each in together.characters] == [Species.HUMAN, Species.FOX]
    assert together.framing is Framing.FULL_BODY


def test_a_brief_caption_says_nothing_of_looks() -> None:
    scene = Scene((GIRL, Character(species=Species.FOX)), framing=Framing.FULL_BODY)
    assert brief_caption(scene) == (
        "cartoon style, scene with two characters, a young girl, smiling and a girl fox, smiling, "
        "plain background"
    )
    assert brief_caption(
        replace(scene, characters=(replace(GIRL, hair=Hair.BLUE), scene.characters[1]))
    ) == brief_caption(scene)


def test_cases_are_held_out_portraits_in_places_and_pictures_of_two() -> None:
    alone, two = cases(FULL, 5, 1), cases(FULL, 5, 2)
    assert all(case.scene.framing is Framing.CLOSE_UP for case in alone)
    assert all(case.scene.place is not Place.PLAIN for case in (*alone, *two))
    assert all(len(rivals) == LOOK_ALIKES - 1 for case in two for rivals in case.rivals)
    assert all(len(case.references) == 2 for case in two)
    assert all(reference.style is case.scene.style for case in two for reference in case.references)


def test_the_right_one_must_be_the_most_alike() -> None:
    shown = looks([1, 0.1])
    right, wrong = looks([1, 0]), looks([0, 1])
    assert rank(shown, [right, wrong, wrong]) == 0
    assert rank(shown, [wrong, right, wrong]) == 2
    assert rank(shown, [right, right]) == 1  # an equally similar rival counts as a miss


def test_a_saved_judge_judges_the_same(tmp_path: Path) -> None:
    torch.manual_seed(1)
    judge = Judge.new(WIDTHS, WIDTHS, 8, CLASSES, same=0.7)
    judge.save(tmp_path)
    loaded = Judge.load(tmp_path)
    image = draw(Scene((GIRL,))).image
    one, other = (each.main_character(image) for each in (judge, loaded))
    assert one.likeness(other) == pytest.approx(1, abs=1e-3)
    assert one.attributes == other.attributes
    assert set(one.attributes) == {*CLASSES}
    assert loaded.same == 0.7


def test_characters_are_found_from_left_to_right_in_pixels() -> None:
    judge = Judge.new(WIDTHS, WIDTHS, 8, CLASSES)
    right, left = (0.55, 0.2, 0.95, 0.9), (0.05, 0.3, 0.45, 0.9)
    judge.detector = FixedDetector([right, left]).eval()
    image = draw(Scene((GIRL, GIRL), framing=Framing.FULL_BODY)).image
    found = judge.find(image)
    expected = [[256 * side for side in box] for box in (left, right)]
    assert [[f.left, f.top, f.right, f.bottom] for f in found] == [
        pytest.approx(box, abs=0.1) for box in expected
    ]
    assert len(judge.look(image, found)) == 2
    assert judge.look(image, []) == []


def test_without_a_peak_no_character_is_found() -> None:
    nothing = torch.full((CELLS, CELLS), -5.0)
    assert peaks(nothing, torch.zeros(4, CELLS, CELLS), 0.35) == []


def test_a_crop_stays_within_the_picture() -> None:
    image = draw(Scene((GIRL,))).image
    assert crop(image, (-20, -20, 300, 300)).shape == (CROP, CROP, 3)
    assert crop(image, (255, 255, 256, 256)).shape == (CROP, CROP, 3)


def test_boxes_overlap_and_are_matched_once() -> None:
    assert overlap((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 1, 1), (2, 2, 3, 3)) == 0
    assert matched([(0, 0, 2, 2)], [(0, 0, 2, 2), (0, 0, 2, 2)]) == 1


def test_the_focal_loss_is_least_for_the_truth() -> None:
    heat, _, middles = detector_targets(np.array([[[0.1, 0.1, 0.5, 0.9]] * 3], np.float32))
    right = torch.where(middles, 6.0, -6.0)
    assert focal_loss(right, heat, middles) < focal_loss(-right, heat, middles)
    assert int(middles.sum()) == 1


def test_the_judge_is_trained_only_on_visible_attributes() -> None:
    seen = [view for index in range(12) for view in views_of(9, index)]
    assert all(which < len(scene.characters) for scene, which in seen)
    found = crop_targets(seen)
    animals = [scene.characters[which].is_animal for scene, which in seen]
    assert [value == IGNORED for value in found["skin"]] == animals
    assert all(found["view"] != IGNORED)


def test_contrast_is_least_for_matching_pairs() -> None:
    views = torch.eye(4)
    assert contrast(views, views, 0.1) < contrast(views, views.roll(1, 0), 0.1)


def test_patches_start_with_distinct_position_embeddings() -> None:
    places = new_encoder(SMOKE.encoder).vision_model.embeddings.position_embedding.weight[1:]
    apart = torch.cdist(places, places) + torch.eye(len(places))
    assert apart.min() > 0.1
    beside, across = apart[0, 1], apart[0, -1]
    assert across > beside


def test_only_the_adapter_is_trained_and_it_starts_from_the_text_weights() -> None:
    unet = new_unet(SMOKE).requires_grad_(False)
    layers = add_adapter(unet, SMOKE.encoder.width)
    weights = adapter_weights(unet)
    numbers = sorted({name.split(".")[1] for name in weights if name.startswith("ip_adapter")})
    assert numbers == ["1", "3", "5", "7"]
    assert all(parameter.requires_grad for parameter in layers.parameters())
    trained = sum(parameter.numel() for parameter in unet.parameters() if parameter.requires_grad)
    assert trained == sum(parameter.numel() for parameter in layers.parameters())
    text: Any = unet.down_blocks[1].attentions[0].transformer_blocks[0].attn2.to_k.weight
    assert torch.equal(weights["ip_adapter.1.to_k_ip.weight"], text.half())


def test_regions_are_those_that_the_adapter_was_trained_with() -> None:
    case = cases(FULL, 1, 2)[0]
    order = order_of(case, Variant.BOTH)
    placed = tuple(PlacedReference(b"", left, right) for left, right in order.columns)
    assert torch.equal(column_masks(replace(order.request, references=placed)), halves())


def test_a_checkpoint_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "unet").mkdir()
    for name in ("a", "b"):
        with (tmp_path / "unet" / name).open("wb") as stream:
            stream.truncate(23 * 1024 * 1024)
    with pytest.raises(ValueError, match="must be 41943040 or less"):
        check_size(tmp_path)
    with (tmp_path / "unet" / "a").open("wb") as stream:
        stream.truncate(25 * 1024 * 1024)
    with pytest.raises(ValueError, match="unet/a: larger"):
        check_size(tmp_path)


def test_a_domain_of_portraits_has_no_scenes_of_two() -> None:
    assert has_company(FULL)
    assert not has_company(PORTRAITS)
    assert met_alone(GIRL, Random(0), PORTRAITS).framing is Framing.CLOSE_UP
