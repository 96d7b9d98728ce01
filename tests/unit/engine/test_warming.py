"""A diffuser is warm once it has drawn and decoded a picture of each size in use."""

from typing import Any

import pytest
import torch

from actors.engine.diffuser import Diffuser
from actors.engine.profiles import profile
from actors.settings import DiffuserSettings
from server.domain.joined import Joined
from server.domain.models import Size
from tests.unit.tiny_sdxl import tiny_sdxl

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def test_each_size_is_drawn_and_decoded_before_the_model_is_warm() -> None:
    torch.set_num_threads(1)
    pipeline = tiny_sdxl()
    drawn, decoded = set[tuple[int, ...]](), set[tuple[int, ...]]()

    def note_step(_: Any, inputs: tuple[torch.Tensor, ...], __: Any) -> None:
        drawn.add(tuple(8 * side for side in inputs[0].shape[:1:-1]))

    def note_picture(_: Any, __: Any, output: torch.Tensor) -> None:
        decoded.add(tuple(output.shape[:1:-1]))

    pipeline.unet.register_forward_hook(note_step)
    pipeline.vae.decoder.register_forward_hook(note_picture)
    warm_ups = profile("sdxl").warm_ups([Size(64, 64), Size(96, 64), Size(64, 128)])
    diffuser = Diffuser(pipeline, model="sdxl", max_rows=2, warm_ups=warm_ups)
    diffuser.warm()
    diffuser.close()
    assert drawn == decoded == {(64, 64), (96, 64), (64, 128)}


def test_the_sizes_are_those_that_a_setting_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert DiffuserSettings().warm_sizes == ()
    monkeypatch.setenv("IMGGEN_WARM_SIZES", "1024x1024, 1344x768")
    assert DiffuserSettings().warm_sizes == ("1024x1024", "1344x768")


@pytest.mark.parametrize(("max_rows", "pictures"), [(1, 1), (2, 1), (7, 3)])
async def test_a_diffuser_tells_how_many_guided_pictures_the_rows_that_were_set_hold(
    max_rows: int, pictures: int
) -> None:
    torch.set_num_threads(1)
    warm_ups = profile("sdxl").warm_ups([Size(64, 64)])
    diffuser = Diffuser(tiny_sdxl(), model="sdxl", max_rows=max_rows, warm_ups=warm_ups)
    diffuser.warm()
    diffuser.close()
    assert await diffuser.joined() == Joined(pictures, 1.0)


async def test_a_diffuser_tells_how_many_pictures_it_has_measured() -> None:
    torch.set_num_threads(1)
    warm_ups = profile("sdxl").warm_ups([Size(64, 64)])
    diffuser = Diffuser(tiny_sdxl(), model="sdxl", warm_ups=warm_ups)
    diffuser.warm()
    diffuser.close()
    joined = await diffuser.joined()
    assert joined.pictures in {1, 2, 4, 8}
    assert 1 <= joined.gain <= joined.pictures


@pytest.mark.parametrize("text", ["1024", "1020x1024", "0x64", "1024x1024;64x64", "1e3x64"])
def test_what_is_no_size_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("IMGGEN_WARM_SIZES", text)
    with pytest.raises(ValueError, match="is no size; use width x height in multiples of 8"):
        DiffuserSettings()
