"""The picture gate on a sample; `python -m recipe.gate` measures a thousand drawings."""

import pytest

from actors.engine.loading import load_pipeline
from actors.finishing.measures import measure
from actors.finishing.quality import quality_of
from actors.settings import DiffuserSettings
from recipe.damage import ODD
from recipe.gate import auc, broken, decoded_noise, drawings, main, rendered


def test_no_good_drawing_is_refused_or_near_a_limit() -> None:
    for pixels in drawings(90):
        assert quality_of(pixels).fault is None
        found = measure(pixels)
        assert found.relation > 0.45
        assert found.span > 64
        assert found.light > 64


@pytest.mark.parametrize("kind", list(broken(0)))
def test_every_broken_picture_is_refused(kind: str) -> None:
    faults = [quality_of(pixels).fault for pixels in broken(10)[kind]]
    assert len(faults) == 10
    assert all(faults)


def test_what_the_checkpoint_makes_of_noise_is_refused_and_its_pictures_are_not() -> None:
    pipeline = load_pipeline(DiffuserSettings(device="cpu", torch_threads=1))
    noise = list(decoded_noise(pipeline, 9))
    assert {quality_of(pixels).fault for pixels in noise} == {"noise"}
    assert max(measure(pixels).relation for pixels in noise) < 0.2
    assert [quality_of(pixels).fault for pixels in rendered(pipeline, 2)] == [None, None]


def test_the_command_prints_each_kind_and_finds_nothing_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--pictures", "2", "--broken", "2", "--rendered", "0", "--damaged", "63"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("drawings: 2 pictures, 0 refused; light ")
    assert sum(": 2 pictures, 2 refused; " in line for line in printed) == len(broken(0)) + 1
    assert sum(f": {63 // len(ODD)} pictures, 0 refused; " in line for line in printed) == len(ODD)
    (held,) = [line for line in printed if line.startswith("held back: AUC ")]
    assert float(held.split()[3].rstrip(",")) >= 0.98


def test_the_auc_is_how_often_good_is_above_bad() -> None:
    assert auc([5, 4], [1, 2]) == 1
    assert auc([5, 1], [5, 1]) == 0.5
    assert auc([1], [5, 0, 0, 0]) == 0.75
