"""Tiling: tiles cover a picture and share what they should, and no seam is left between them."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from PIL import Image

from actors.finishing.tiling import Pixels, Tiling
from tests.markdown import ROOT

TILING = Tiling(side=128, margin=8, fade=24)
TIGHT = Tiling(side=64, margin=16, fade=8)
"""Tiles of which three and more share a pixel."""


def picture() -> Pixels:
    drawn = Image.open(ROOT / "docs" / "storybook.jpg").convert("RGB")
    return np.asarray(drawn.crop((0, 0, 420, 300)))


def twice(tile: Pixels) -> Pixels:
    """Enlarges by nearest neighbours: what a tile shows is no other than what the whole shows."""
    return tile.repeat(2, axis=0).repeat(2, axis=1)


def evened(tile: Pixels) -> Pixels:
    """Enlarges, and evens the light out, as a network whose reach is the whole picture does."""
    light = tile / 2 + (192 - tile.mean()) / 2
    return twice(np.rint(light).astype(np.uint8))


def steepest(of: Pixels, without: Pixels) -> float:
    """Returns the largest step between neighbours that one picture has and another has not."""
    apart = of.astype(np.float32) - without
    return float(max(np.abs(np.diff(apart, axis=axis)).max() for axis in (0, 1)))


@pytest.mark.parametrize("tiling", [TILING, TIGHT], ids=["usual", "tight"])
@pytest.mark.parametrize("length", [1, 39, 40, 127, 128, 129, 168, 169, 216, 217, 1000])
def test_tiles_cover_a_side_and_share_the_overlap(length: int, tiling: Tiling) -> None:
    spans = tiling.spans(length)
    assert (spans[0][0], spans[-1][1]) == (0, length)
    assert all(end - start <= tiling.side for start, end in spans)
    shared = [before[1] - after[0] for before, after in pairwise(spans)]
    assert set(shared) <= {tiling.overlap}
    # None ends before the pixels begin that its neighbour is right in.
    assert all(end - start > tiling.overlap for start, end in spans[1:])


def test_tiles_that_are_mostly_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="tiles of 63 pixels that share 40: too small"):
        Tiling(side=63, margin=8, fade=24).spans(100)


def test_what_every_tile_agrees_on_is_not_changed() -> None:
    for tiling in (TILING, TIGHT):
        assert (tiling.enlarge(picture(), 2, twice) == twice(picture())).all()


def test_no_part_is_larger_than_a_tile() -> None:
    given: list[tuple[int, ...]] = []

    def compute(tile: Pixels) -> Pixels:
        given.append(tile.shape)
        return twice(tile)

    TILING.enlarge(picture(), 2, compute)
    assert max(given) == (128, 128, 3)


def test_tiles_that_differ_fade_into_each_other() -> None:
    whole = evened(picture())
    faded = TILING.enlarge(picture(), 2, evened)
    pasted = Tiling(side=128, margin=20, fade=0).enlarge(picture(), 2, evened)
    assert steepest(pasted, whole) >= 8
    assert steepest(faded, whole) <= 2


def test_the_margin_of_a_tile_is_thrown_away() -> None:
    def blurred(tile: Pixels) -> Pixels:
        """Enlarges what is blurred by nine pixels, with black beyond the tile's sides."""
        soft = cv2.boxFilter(tile, -1, (9, 9), borderType=cv2.BORDER_CONSTANT)
        return twice(np.asarray(soft))

    whole = blurred(picture()).astype(int)
    kept = Tiling(side=128, margin=4, fade=8).enlarge(picture(), 2, blurred)
    bare = Tiling(side=128, margin=0, fade=8).enlarge(picture(), 2, blurred)
    tight = TIGHT.enlarge(picture(), 2, blurred)
    assert np.abs(kept - whole).max() == np.abs(tight - whole).max() == 0
    assert np.abs(bare - whole).max() > 30
