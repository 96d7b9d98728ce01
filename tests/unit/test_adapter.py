"""Adapters of each kind on a tiny checkpoint of SDXL's architecture: what references change."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.image_processor import IPAdapterMaskProcessor
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load, load_file, save, save_file
from transformers import CLIPImageProcessor

from actors.engine.adapter import Adapter, column_masks
from actors.engine.diffuser import Diffuser
from actors.engine.embedding import ENCODER, TENSOR, encoder_of
from actors.engine.loading import load_pipeline
from actors.engine.refusal import CheckpointRefused
from actors.engine.render import (
    EncoderChanged,
    PictureUnreadable,
    PlacedReference,
    RenderCancelled,
    RenderRequest,
    RenderResult,
    StepEvent,
)
from actors.engine.source import check_source
from actors.settings import DiffuserSettings
from actors.testing.stored import draw_pictures
from server.routing.catalogue import KNOWN
from tests.unit.tiny_adapter import KINDS, save_adapter, save_encoder, tensors_of
from tests.unit.tiny_sdxl import tiny_sdxl

REQUEST = RenderRequest(
    prompt="a girl in a forest",
    negative_prompt="blurry",
    width=192,
    height=64,
    steps=2,
    guidance_scale=5.0,
    guidance_rescale=0.0,
    seed=7,
)
HER, HIM = draw_pictures(2, 48)

# SDXL's own scheduler, in diffusers 0.42 with numpy 2.4.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def tiny() -> Any:
    return tiny_sdxl()


@pytest.fixture(scope="module")
def bare(tiny: Any) -> Iterator[Diffuser]:
    """Yields the same model without an adapter."""
    torch.set_num_threads(1)
    diffuser = Diffuser(tiny, model="sdxl")
    yield diffuser
    diffuser.close()


@pytest.fixture(scope="module", params=KINDS)
def settings(
    request: pytest.FixtureRequest, tiny: Any, tmp_path_factory: pytest.TempPathFactory
) -> DiffuserSettings:
    folder = tmp_path_factory.mktemp(request.param)
    tiny.save_pretrained(folder / "plain")
    return save_adapter(folder, tensors_of(request.param, tiny.unet))


@pytest.fixture(scope="module")
def diffuser(settings: DiffuserSettings) -> Iterator[Diffuser]:
    diffuser = Diffuser.load(settings)
    yield diffuser
    diffuser.close()


async def placed(diffuser: Diffuser, png: bytes, *column: float) -> PlacedReference:
    return PlacedReference((await diffuser.encode(png)).data, *column)


def pixels(result: RenderResult) -> NDArray[np.float32]:
    with Image.open(BytesIO(result.png)) as image:
        return np.asarray(image, np.float32)


async def test_a_reference_changes_the_picture(diffuser: Diffuser, bare: Diffuser) -> None:
    her, him = [(await placed(diffuser, png),) for png in (HER, HIM)]
    made = [
        diffuser.render(replace(REQUEST, references=references, reference_scale=1.0)).png
        for references in ((), her, him)
    ]
    assert len(set(made)) == 3
    assert made[0] == bare.render(REQUEST).png


async def test_without_references_a_picture_is_what_it_is_without_an_adapter(
    diffuser: Diffuser, bare: Diffuser
) -> None:
    shown = replace(REQUEST, references=(await placed(diffuser, HER),), reference_scale=1.0)
    diffuser.render(shown)
    for guidance in (5.0, 1.0):
        request = replace(REQUEST, guidance_scale=guidance, previews=True)
        assert diffuser.render(request).png == bare.render(request).png
    unweighed = replace(shown, reference_scale=0.0)
    assert diffuser.render(unweighed).png == bare.render(REQUEST).png


async def test_a_scale_between_is_between(diffuser: Diffuser, bare: Diffuser) -> None:
    without, shown = pixels(bare.render(REQUEST)), (await placed(diffuser, HER),)
    little, much = [
        pixels(diffuser.render(replace(REQUEST, references=shown, reference_scale=scale)))
        for scale in (0.1, 1.0)
    ]
    assert 0 < np.abs(little - without).mean() < np.abs(much - without).mean()


@pytest.mark.parametrize("guidance", [5.0, 1.0])
async def test_a_reference_is_drawn_in_its_column(
    diffuser: Diffuser, bare: Diffuser, guidance: float
) -> None:
    request = replace(REQUEST, guidance_scale=guidance)
    without = pixels(bare.render(request))
    left = await placed(diffuser, HER, 0.0, 0.4)
    right = await placed(diffuser, HIM, 0.6, 1.0)

    def drawn(*references: PlacedReference) -> NDArray[np.float32]:
        shown = replace(request, references=references, reference_scale=1.0)
        return pixels(diffuser.render(shown))

    # The thirds at the sides: what is between belongs to nobody.
    changes = {
        name: np.abs(drawn(reference) - without).mean(axis=(0, 2))
        for name, reference in (("left", left), ("right", right))
    }
    assert changes["left"][:64].mean() > changes["left"][-64:].mean()
    assert changes["right"][-64:].mean() > changes["right"][:64].mean()
    both = drawn(left, right)
    assert all((both != drawn(each)).any() for each in (left, right))


async def test_a_render_that_fails_leaves_no_reference_behind(
    diffuser: Diffuser, bare: Diffuser
) -> None:
    def fail(_: StepEvent) -> None:
        raise RenderCancelled("enough")

    shown = replace(REQUEST, references=(await placed(diffuser, HER),), reference_scale=1.0)
    with pytest.raises(RenderCancelled, match="enough"):
        diffuser.render(shown, on_step=fail)
    assert diffuser.render(REQUEST).png == bare.render(REQUEST).png


async def test_the_shipped_checkpoint_draws_from_its_own_adapter() -> None:
    settings = DiffuserSettings(device="cpu", torch_threads=1)
    diffuser = Diffuser.load(settings)
    bare = Diffuser(load_pipeline(settings), model="storybook")
    request = replace(REQUEST, width=128, height=128, guidance_scale=1.5, guidance_rescale=0.6)
    halves = (await placed(diffuser, HER, 0.0, 0.5), await placed(diffuser, HIM, 0.5, 1.0))
    made = diffuser.render(replace(request, references=halves, reference_scale=1.0)).png
    assert made != diffuser.render(request).png == bare.render(request).png
    diffuser.close()
    bare.close()


async def test_an_embedding_names_its_encoder(diffuser: Diffuser) -> None:
    embedding = await diffuser.encode(HER)
    assert embedding == await diffuser.encode(HER)
    assert await diffuser.encoder() == embedding.encoder == encoder_of(embedding.data)
    assert len(embedding.encoder) == 64
    [tensor] = load(embedding.data).values()
    assert tensor.dtype == torch.float16


async def test_an_embedding_by_another_encoder_is_refused(
    diffuser: Diffuser,
) -> None:
    data = (await diffuser.encode(HER)).data
    other = data.replace((await diffuser.encoder()).encode(), b"0" * 64)
    torn = data.replace(b'"F16"', b'"F32"')
    small = save({TENSOR: torch.zeros(3, 3)}, {ENCODER: await diffuser.encoder()})
    for wrong, message in (
        (other, "by encoder 00000000"),
        (b"", "by encoder none"),
        (torn, "damaged"),
        (small, r"damaged \(its shape is \[3, 3\]\)"),
    ):
        request = replace(REQUEST, references=(PlacedReference(wrong),), reference_scale=1.0)
        with pytest.raises(EncoderChanged, match=message):
            diffuser.render(request)


async def test_a_model_without_an_adapter_takes_no_references(bare: Diffuser) -> None:
    assert await bare.encoder() == ""
    with pytest.raises(EncoderChanged, match="IMGGEN_ADAPTER"):
        await bare.encode(HER)
    with pytest.raises(EncoderChanged, match="IMGGEN_ADAPTER"):
        bare.render(replace(REQUEST, references=(PlacedReference(b""),), reference_scale=1.0))


@pytest.mark.parametrize(
    "data", [b"", b"no picture", HER[:-200], HER[:40], b"GIF89a" + HER], ids=len
)
async def test_bytes_that_are_no_picture_are_said_to_be(diffuser: Diffuser, data: bytes) -> None:
    with pytest.raises(PictureUnreadable, match=rf"^{len(data)} bytes are no picture"):
        await diffuser.encode(data)


async def test_a_reference_is_read_as_it_is_seen(diffuser: Diffuser) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(BytesIO(HER)) as image:
        lying = image.transpose(Image.Transpose.ROTATE_90)
        clear = image.convert("RGBA")
        clear.putalpha(0)
        white = Image.new("RGB", image.size, "white")
    upright = (await diffuser.encode(HER)).data
    assert (await diffuser.encode(_png(lying, exif=exif))).data == upright
    assert (await diffuser.encode(_png(clear))).data == (await diffuser.encode(_png(white))).data


async def test_all_of_a_tall_portrait_is_read(diffuser: Diffuser) -> None:
    with Image.open(BytesIO(HER)) as image:
        tall = Image.new("RGB", (48, 96), "white")
        tall.paste(image, (0, 48))
        hatted = tall.copy()
        hatted.paste("red", (0, 0, 48, 12))
    assert await diffuser.encode(_png(tall)) != await diffuser.encode(_png(hatted))


async def test_references_are_encoded_while_a_picture_is_drawn(diffuser: Diffuser) -> None:
    reached, release = threading.Event(), threading.Event()

    def stall(_: StepEvent) -> None:
        reached.set()
        release.wait()

    rendering = asyncio.create_task(asyncio.to_thread(diffuser.render, REQUEST, on_step=stall))
    await asyncio.to_thread(reached.wait)
    async with asyncio.timeout(60):
        await diffuser.encode(HER)
    assert not rendering.done()
    release.set()
    await rendering


@pytest.mark.parametrize("kind", KINDS)
def test_an_encoder_whose_embeddings_are_not_finite_is_refused(
    tiny: Any, tmp_path: Path, kind: str
) -> None:
    tiny.save_pretrained(tmp_path / "plain")
    settings = save_adapter(tmp_path, tensors_of(kind, tiny.unet))
    file = tmp_path / "encoder" / "model.safetensors"
    damaged = {name: torch.full_like(each, torch.nan) for name, each in load_file(file).items()}
    save_file(damaged, file, {"format": "pt"})
    with pytest.raises(CheckpointRefused, match=r"/encoder: its embeddings are not finite"):
        Diffuser.load(settings)


def test_an_encoder_that_reads_no_picture_is_refused(tiny: Any, tmp_path: Path) -> None:
    tiny.save_pretrained(tmp_path / "plain")
    settings = save_adapter(tmp_path, tensors_of("full", tiny.unet))
    save_encoder(tmp_path / "encoder", layers=0)  # without the layer before the last
    with pytest.raises(CheckpointRefused, match=r"/encoder: reads no picture \(IndexError: "):
        Diffuser.load(settings)


def test_an_embedding_that_is_not_finite_is_not_kept(tiny: Any, tmp_path: Path) -> None:
    tiny.save_pretrained(tmp_path / "plain")
    settings = save_adapter(tmp_path, tensors_of("full", tiny.unet))
    pipeline, files = load_pipeline(settings), check_source(settings).adapter
    assert files is not None
    adapter = Adapter.load(pipeline, files)
    adapter.embed(HER)
    with torch.no_grad():
        pipeline.image_encoder.vision_model.embeddings.class_embedding.fill_(torch.inf)
    with pytest.raises(PictureUnreadable, match=r"^the embedding of \d+ bytes is not finite"):
        adapter.embed(HER)


def test_the_checksum_is_of_the_encoder_and_of_how_it_is_read(tiny: Any, tmp_path: Path) -> None:
    tiny.save_pretrained(tmp_path / "plain")

    pipeline = load_pipeline(save_adapter(tmp_path, tensors_of("base", tiny.unet)))

    def checksum(kind: str, **changes: Any) -> str:
        source = check_source(save_adapter(tmp_path, tensors_of(kind, tiny.unet), **changes))
        assert source.adapter is not None
        return Adapter.load(pipeline, source.adapter).encoder

    full = checksum("full")
    assert checksum("full") == checksum("plus") == full
    assert checksum("base") != full
    assert checksum("full", seed=1) != full
    settings = {"image_mean": [0.5, 0.5, 0.5]}
    CLIPImageProcessor(size=32, crop_size=32, **settings).save_pretrained(tmp_path / "encoder")
    assert checksum("full") != full


@pytest.mark.filterwarnings("error")
def test_columns_fit_every_picture_of_the_catalogue() -> None:
    local = [model for model in KNOWN.values() if model.provider == "local"]
    sizes = {form.native for model in local for form in model.portraits.values()}
    sizes |= {size for model in local for size in model.scenes.values()}
    for size in sizes:
        halves = (PlacedReference(b"", 0.0, 0.5), PlacedReference(b"", 0.5, 1.0))
        request = replace(REQUEST, width=size.width, height=size.height, references=halves)
        masks = column_masks(request)
        for shrink in (8, 16, 32, 64):
            queries = (size.height // shrink) * (size.width // shrink)
            small = IPAdapterMaskProcessor.downsample(masks[:, 0], 1, queries, 1)
            shown = small.reshape(size.height // shrink, size.width // shrink)
            assert (shown[:, 0] > 0.9).all(), (size, shrink)
            assert (shown[:, -1] < 0.1).all(), (size, shrink)


def _png(image: Image.Image, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG", **options)
    return buffer.getvalue()
