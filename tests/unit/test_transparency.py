"""Transparency: colours that nobody sees, and what an enlarged alpha may be."""

import numpy as np

from actors.finishing.transparency import spread, within_neighbours


def test_unseen_pixels_have_the_colour_of_the_nearest_seen_one() -> None:
    colours = np.zeros((1, 7, 3), np.uint8)
    colours[0, 0], colours[0, 6] = (200, 0, 0), (0, 0, 200)
    alpha = np.array([[255, 0, 7, 0, 0, 0, 8]], np.uint8)
    found = spread(colours, alpha)
    assert found[0, :, 0].tolist() == [200, 200, 200, found[0, 3, 0], 0, 0, 0]
    assert found[0, :, 2].tolist() == [0, 0, 0, found[0, 3, 2], 200, 200, 200]


def test_seen_colours_are_kept() -> None:
    chance = np.random.default_rng(5)
    colours = chance.integers(0, 255, (40, 50, 3), np.uint8)
    alpha = chance.integers(0, 255, (40, 50), np.uint8)
    assert (spread(colours, alpha)[alpha >= 8] == colours[alpha >= 8]).all()


def test_a_picture_of_which_nothing_is_seen_stays_as_it_is() -> None:
    colours = np.full((3, 3, 3), 9, np.uint8)
    assert (spread(colours, np.zeros((3, 3), np.uint8)) == colours).all()


def test_an_enlarged_alpha_is_within_that_of_its_neighbours() -> None:
    small = np.zeros((8, 8), np.uint8)
    small[:, 4:] = 255
    large = np.full((16, 16), 130, np.uint8)
    found = within_neighbours(large, small)
    assert (found[:, :6] == 0).all()
    assert (found[:, 10:] == 255).all()
    assert (found[:, 6:10] == 130).all()
