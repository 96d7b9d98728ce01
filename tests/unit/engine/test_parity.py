"""The loop draws what diffusers' own pipeline draws, by every scheduler and every adapter."""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import (
    EulerAncestralDiscreteScheduler,
    HeunDiscreteScheduler,
    LCMScheduler,
    StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLInpaintPipeline,
)
from PIL import Image
from safetensors.torch import load

from actors.engine.adapter import Adapter, column_masks
from actors.engine.batch import BatchedUNet
from actors.engine.embedding import TENSOR
from actors.engine.loading import load_source
from actors.engine.loop import StepLoop
from actors.engine.origins import read_origin
from actors.engine.preparing import prepare, read_references
from actors.engine.render import (
    Origin,
    PictureUnreadable,
    PlacedReference,
    RenderRequest,
    Scheduler,
)
from actors.engine.schedulers import new_scheduler
from actors.engine.source import check_source
from actors.engine.text import encode
from actors.settings import DiffuserSettings
from actors.testing.stored import draw_pictures
from tests.unit.engine.tiny import WAIT_S
from tests.unit.tiny_adapter import KINDS, save_adapter, tensors_of

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
REQUEST = RenderRequest(
    prompt="a girl in a forest",
    negative_prompt="blurry",
    width=128,
    height=64,
    steps=5,
    guidance_scale=5.0,
    guidance_rescale=0.0,
    seed=7,
)


@pytest.fixture(scope="module")
def loop(pipeline: Any) -> Iterator[StepLoop]:
    loop = StepLoop(BatchedUNet(pipeline.unet), max_rows=16)
    yield loop
    loop.close()


@pytest.mark.parametrize("scheduler", list(Scheduler), ids=lambda it: it or "own")
@pytest.mark.parametrize(
    "request_",
    [
        REQUEST,
        replace(REQUEST, guidance_rescale=0.7),
        replace(REQUEST, guidance_scale=1.0),
        replace(REQUEST, prompt=", ".join([REQUEST.prompt] * 20)),
    ],
    ids=["guided", "rescaled", "unguided", "long"],
)
def test_the_loop_draws_as_the_pipeline_does(
    pipeline: Any, loop: StepLoop, request_: RenderRequest, scheduler: Scheduler
) -> None:
    drawn = prepare(pipeline, replace(request_, scheduler=scheduler))
    latents = loop.add(drawn, lambda _: None).drawn.result(WAIT_S)
    expected = _by_the_pipeline(pipeline, request_, scheduler)
    assert torch.allclose(latents, expected, atol=1e-4 * float(expected.abs().max()))


@pytest.mark.parametrize(
    "kind", [EulerAncestralDiscreteScheduler, LCMScheduler, HeunDiscreteScheduler]
)
def test_other_schedulers_of_checkpoints_draw_as_in_the_pipeline(
    pipeline: Any, loop: StepLoop, kind: Any
) -> None:
    own = pipeline.scheduler
    pipeline.scheduler = kind.from_config(own.config)
    try:
        latents = loop.add(prepare(pipeline, REQUEST), lambda _: None).drawn.result(WAIT_S)
        expected = _by_the_pipeline(pipeline, REQUEST, Scheduler.OWN)
    finally:
        pipeline.scheduler = own
    assert torch.allclose(latents, expected, atol=1e-4 * float(expected.abs().max()))


def _by_the_pipeline(
    pipeline: Any, request: RenderRequest, scheduler: Scheduler, **more: Any
) -> torch.Tensor:
    text = encode(pipeline, request.prompt, request.negative_prompt)
    own = pipeline.scheduler
    pipeline.scheduler = new_scheduler(own, scheduler)
    try:
        if "image" not in more or "mask_image" in more:
            more |= {"width": request.width, "height": request.height}
        drawn: torch.Tensor = pipeline(
            prompt_embeds=text.prompt,
            negative_prompt_embeds=text.negative,
            pooled_prompt_embeds=text.pooled,
            negative_pooled_prompt_embeds=text.negative_pooled,
            num_inference_steps=request.steps,
            guidance_scale=request.guidance_scale,
            guidance_rescale=request.guidance_rescale,
            generator=torch.Generator("cpu").manual_seed(request.seed),
            output_type="latent",
            **more,
        ).images
        return drawn
    finally:
        pipeline.scheduler = own


class WithAdapter:
    """A tiny checkpoint with an adapter, twice: as the engine loads it, and as diffusers does."""

    def __init__(self, settings: DiffuserSettings) -> None:
        source = check_source(settings)
        assert source.adapter is not None
        self.pipeline = load_source(settings, source)
        self.adapter = Adapter.load(self.pipeline, source.adapter)
        self.plain = load_source(settings, source)
        folder, file = str(source.adapter.file.parent), source.adapter.file.name
        self.plain.load_ip_adapter(
            folder, subfolder="", weight_name=file, image_encoder_folder=None
        )

    def expected(self, request: RenderRequest) -> torch.Tensor:
        """Returns the latents of diffusers' own pipeline."""
        embeddings = torch.stack(
            [load(reference.embedding)[TENSOR].float() for reference in request.references]
        )
        nothing = self.adapter._nothing.expand_as(embeddings)
        self.plain.set_ip_adapter_scale(request.reference_scale)
        attended = {"ip_adapter_masks": [column_masks(request)]}
        is_everywhere = [(each.left, each.right) for each in request.references] == [(0, 1)]
        return _by_the_pipeline(
            self.plain,
            request,
            Scheduler.OWN,
            ip_adapter_image_embeds=[torch.stack([nothing, embeddings])],
            **({} if is_everywhere else {"cross_attention_kwargs": attended}),
        )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("columns", [[(0.0, 1.0)], [(0.0, 0.5)], [(0.0, 0.5), (0.25, 1.0)]])
def test_references_are_drawn_as_the_pipeline_draws_them(
    pipeline: Any, tmp_path: Path, kind: str, columns: list[tuple[float, float]]
) -> None:
    pipeline.save_pretrained(tmp_path / "plain")
    both = WithAdapter(save_adapter(tmp_path, tensors_of(kind, pipeline.unet)))
    pictures = draw_pictures(len(columns), 48)
    references = tuple(
        PlacedReference(both.adapter.embed(png).data, *column)
        for png, column in zip(pictures, columns, strict=True)
    )
    request = replace(REQUEST, references=references, reference_scale=0.7)
    loop = StepLoop(BatchedUNet(both.pipeline.unet), max_rows=16)
    drawn = prepare(both.pipeline, request, read_references(both.adapter, request))
    latents = loop.add(drawn, lambda _: None).drawn.result(WAIT_S)
    loop.close()
    expected = both.expected(request)
    assert torch.allclose(latents, expected, atol=1e-4 * float(expected.abs().max()))


PICTURE, MASK = draw_pictures(1, 128)[0], Image.new("L", (128, 128))
MASK.paste(255, (32, 16, 100, 128))


@pytest.mark.parametrize("scheduler", list(Scheduler), ids=lambda it: it or "own")
@pytest.mark.parametrize("strength", [1.0, 0.6])
@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
def test_a_picture_is_drawn_over_as_the_pipelines_do(
    pipeline: Any, loop: StepLoop, scheduler: Scheduler, strength: float, masked: bool
) -> None:
    mask = _png(MASK) if masked else b""
    request = replace(
        REQUEST, height=128, scheduler=scheduler, origin=Origin(PICTURE, strength, mask)
    )
    latents = loop.add(prepare(pipeline, request), lambda _: None).drawn.result(WAIT_S)
    kind = StableDiffusionXLInpaintPipeline if masked else StableDiffusionXLImg2ImgPipeline
    other = kind(**pipeline.components)
    other.set_progress_bar_config(disable=True)
    more: dict[str, Any] = {"mask_image": MASK} if masked else {}
    more["image"] = Image.open(BytesIO(PICTURE))
    more["strength"] = strength
    expected = _by_the_pipeline(other, replace(request, origin=None), scheduler, **more)
    assert torch.allclose(latents, expected, atol=1e-4 * float(expected.abs().max()))


def test_an_origin_is_what_is_seen_of_a_picture() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(BytesIO(PICTURE)) as picture:
        lying = picture.transpose(Image.Transpose.ROTATE_90).crop((0, 0, 128, 96))
        whole = picture.convert("RGB")
    buffer = BytesIO()
    lying.save(buffer, "PNG", exif=exif)
    found = read_origin(buffer.getvalue(), (96, 128), "RGB")
    assert found.tobytes() == whole.crop((32, 0, 128, 128)).tobytes()
    with pytest.raises(PictureUnreadable, match="96x128 begins no render of 128x96"):
        read_origin(buffer.getvalue(), (128, 96), "RGB")


@pytest.mark.parametrize(
    ("origin", "error", "words"),
    [
        (Origin(b"no picture", 0.5), PictureUnreadable, "no picture"),
        (
            Origin(draw_pictures(1, 64)[0], 0.5),
            PictureUnreadable,
            "64x64 begins no render of 128x128",
        ),
        (Origin(PICTURE, 0.5, b"no mask"), PictureUnreadable, "no picture"),
        (Origin(PICTURE, 0.1), ValueError, r"0\.1 of 5 steps leaves none; use 0\.2 or more"),
    ],
)
def test_an_origin_that_cannot_begin_is_refused(
    pipeline: Any, origin: Origin, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        prepare(pipeline, replace(REQUEST, height=128, origin=origin))


def _png(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
