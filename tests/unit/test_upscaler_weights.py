"""Weights of upscalers: published ones are converted, and what is none is refused in one line."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from actors.engine.refusal import CheckpointRefused
from actors.finishing.convert import convert, main
from actors.finishing.network import USEFUL_REACH, Network
from actors.finishing.upscaler import Upscaler
from actors.settings import DiffuserSettings
from actors.storybook import UPSCALER
from tests.markdown import ROOT
from tests.unit.published_weights import published


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def drawn(width: int, height: int) -> bytes:
    buffer = BytesIO()
    whole = Image.open(ROOT / "docs" / "storybook.jpg").convert("RGB")
    whole.crop((40, 40, 40 + width, 40 + height)).save(buffer, "PNG")
    return buffer.getvalue()


def pixels(png: bytes) -> Any:
    return np.asarray(Image.open(BytesIO(png))).astype(int)


def written(folder: Path, weights: dict[str, Tensor]) -> Path:
    file = folder / "weights.safetensors"
    save_file({name: each.contiguous() for name, each in weights.items()}, file)
    return file


@pytest.mark.parametrize(("colours", "scale"), [(3, 4), (12, 2)], ids=["x4plus", "x2plus"])
def test_published_weights_are_converted_and_work_in_tiles(
    tmp_path: Path, colours: int, scale: int
) -> None:
    source, target = tmp_path / "x.pth", tmp_path / "x.safetensors"
    torch.save({"params_ema": published(colours=colours)}, source)
    assert main([str(source), str(target)]) == 0
    settings = DiffuserSettings(upscaler=str(target), device="cpu", upscaler_tile=128)
    in_tiles = Upscaler.load(settings)
    at_once = Upscaler.load(settings.model_copy(update={"upscaler_tile": 512}))
    assert in_tiles is not None
    assert at_once is not None
    png = drawn(165, 131)  # odd, and cut once in each direction
    whole, tiled = pixels(at_once.enlarge(png).png), pixels(in_tiles.enlarge(png).png)
    assert whole.shape == (131 * scale, 165 * scale, 3)
    assert whole.std() > 10
    assert np.quantile(np.abs(whole - tiled), 0.999) <= 2


def test_the_averaged_weights_are_taken(tmp_path: Path) -> None:
    source, target = tmp_path / "x.pth", tmp_path / "x.safetensors"
    averaged = published()
    torch.save(
        {"params": {name: each + 1 for name, each in averaged.items()}} | {"params_ema": averaged},
        source,
    )
    assert convert(source, target).scale == 4
    found = load_file(target)
    assert found.keys() == averaged.keys()
    assert all(torch.equal(found[name], each) for name, each in averaged.items())
    assert not list(tmp_path.glob("*.partial"))


class Opens:
    """A pickle that makes a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (str(self.path), "w"))


def test_a_pickle_with_code_is_refused_and_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "x.pth", tmp_path / "x.safetensors"
    torch.save({"params_ema": Opens(tmp_path / "made")}, source)
    assert main([str(source), str(target)]) == 1
    said = capsys.readouterr().err
    assert "x.pth: is no file of weights only, or cut off" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "made").exists()
    assert not target.exists()


@pytest.mark.parametrize("kept", [0, 100, -100])
def test_a_published_file_that_is_cut_off_is_refused(tmp_path: Path, kept: int) -> None:
    source = tmp_path / "x.pth"
    torch.save({"params_ema": published()}, source)
    source.write_bytes(source.read_bytes()[:kept])
    with pytest.raises(CheckpointRefused, match=r"x\.pth: is no file of weights only, or cut off"):
        convert(source, tmp_path / "x.safetensors")


@pytest.mark.parametrize("content", [[1], {"params": {"name": 3}}, {"iter": 5}])
def test_a_published_file_without_tensors_is_refused(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "x.pth")
    with pytest.raises(CheckpointRefused, match=r"x\.pth: holds no tensors by name"):
        convert(tmp_path / "x.pth", tmp_path / "x.safetensors")


def test_the_target_is_safetensors(tmp_path: Path) -> None:
    with pytest.raises(CheckpointRefused, match=r"x\.pt: must end in \.safetensors"):
        convert(tmp_path / "x.pth", tmp_path / "x.pt")


def test_a_missing_published_file_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "no.pth"), str(tmp_path / "x.safetensors")]) == 1
    assert "no.pth" in capsys.readouterr().err


def without(name: str) -> dict[str, Tensor]:
    return {other: each for other, each in published().items() if other != name}


def spoiled(name: str, number: float) -> dict[str, Tensor]:
    weights = published()
    weights[name].view(-1)[-1] = number
    return weights


def grown(name: str) -> dict[str, Tensor]:
    weights = published()
    weights[name] = torch.cat([weights[name]] * 2)
    return weights


def grey() -> dict[str, Tensor]:
    weights = published(colours=1)
    weights["conv_last.weight"] = weights["conv_last.weight"][:1]
    weights["conv_last.bias"] = weights["conv_last.bias"][:1]
    return weights


@pytest.mark.parametrize(
    ("weights", "why"),
    [
        ({"some.weight": torch.ones(3)}, "its 1 tensors are of no architecture"),
        (without("conv_up1.bias"), r"its tensors do not fit together \("),
        (grown("body.0.rdb2.conv3.weight"), r"its tensors do not fit together \("),
        (spoiled("conv_hr.weight", float("nan")), r"conv_hr\.weight has numbers that are not"),
        (spoiled("conv_last.bias", float("inf")), r"conv_last\.bias has numbers that are not"),
        (grey(), "ESRGAN makes 1 channels of 1, 4 times as large; an upscaler makes 3 of 3"),
    ],
    ids=["other", "incomplete", "grown", "nan", "infinite", "grey"],
)
def test_what_is_no_upscaler_is_refused_in_one_line(
    tmp_path: Path, weights: dict[str, Tensor], why: str
) -> None:
    file = written(tmp_path, weights)
    with pytest.raises(CheckpointRefused, match=rf"weights\.safetensors: {why}") as refused:
        Network.load(file)
    assert "\n" not in str(refused.value)


def test_a_pickle_is_refused_with_the_command_that_converts_it(tmp_path: Path) -> None:
    (tmp_path / "x4.pth").write_bytes(b"pickle")
    command = r"python -m actors\.finishing\.convert x4\.pth x4\.safetensors"
    with pytest.raises(CheckpointRefused, match=f"must be safetensors; .*{command}"):
        Network.load(tmp_path / "x4.pth")


def test_the_reach_of_plain_layers_is_their_number(tmp_path: Path) -> None:
    shipped = Network.load(UPSCALER)
    layers = [one for one in shipped.run.modules() if isinstance(one, nn.Conv2d)]
    assert shipped.reach == len(layers) == 10
    assert Network.load(written(tmp_path, published())).reach == USEFUL_REACH
