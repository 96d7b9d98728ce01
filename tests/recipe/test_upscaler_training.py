"""The upscaler's training, and the shipped one's gain over Lanczos."""

from random import Random

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from actors.storybook import UPSCALER
from recipe.illustrator import Illustrator
from recipe.illustrator.sampling import FULL, sample_scene
from recipe.training.settings import LAPTOP, SMOKE
from recipe.training.upscaler import HELD_OUT, Pairs, begin, measure, new_upscaler, shrunk
from recipe.upscaled import load, main, reach


def test_the_shipped_weights_are_small_and_a_decibel_better_than_lanczos() -> None:
    assert UPSCALER.stat().st_size < 2_500_000
    assert {str(each.dtype) for each in load_file(UPSCALER).values()} == {"torch.float16"}
    chance, illustrator = Random(1_234), Illustrator(4)
    large = np.stack([illustrator.draw(sample_scene(chance, FULL)).image for _ in range(4)])
    found = measure(load(UPSCALER), large, np.stack([shrunk(picture) for picture in large]))
    assert found["upscaler"] > found["lanczos"] + 1


def test_the_command_prints_the_gain(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--pictures", "1"])
    drawn, decoded, taken = capsys.readouterr().out.splitlines()
    assert drawn.startswith("drawn: upscaler ")
    assert "gain +" in drawn
    assert decoded.startswith("decoded by the VAE: ")
    assert taken.startswith("256 to 1024 pixels: ")


def test_the_initial_upscaler_is_better_than_lanczos() -> None:
    torch.manual_seed(1)
    chance, illustrator = Random(5), Illustrator(4)
    large = np.stack([illustrator.draw(sample_scene(chance, FULL)).image for _ in range(22)])
    small = np.stack([shrunk(picture) for picture in large])
    network = new_upscaler(LAPTOP.upscaler)
    begin(network, Pairs(LAPTOP, large, small, small))
    found = measure(network, large[-HELD_OUT:], small[-HELD_OUT:])
    assert found["upscaler"] > found["lanczos"]


def test_a_training_pair_is_one_crop_in_two_sizes() -> None:
    large = np.random.default_rng(0).integers(0, 255, (18, 1024, 1024, 3), np.uint8)
    small = np.stack([shrunk(picture) for picture in large])
    source, target = Pairs(SMOKE, large, small, small).batch(0)
    assert target.shape[-1] == 4 * source.shape[-1]
    pooled = torch.nn.functional.avg_pool2d(target, 4)
    # A degraded small crop differs from its large one; most are not degraded.
    agree = [(one - other).abs().max() < 0.01 for one, other in zip(source, pooled, strict=True)]
    assert any(agree)


def test_the_shipped_upscaler_sees_nothing_ten_pixels_from_a_cut() -> None:
    lines = reach(load(UPSCALER), 1)
    assert lines[0].startswith("0 pixels from a cut: 99.9 % of 768 values within ")
    assert not lines[0].endswith(" 0.00")
    assert all(line.endswith(" 0.00") for line in lines[5:])
