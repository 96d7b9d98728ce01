"""The adapter: an IP-Adapter that draws characters from their references."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
import torch
from diffusers.image_processor import IPAdapterMaskProcessor
from diffusers.utils import logging as diffusers_logging
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load, save

from actors.engine.adapter_files import AdapterFiles
from actors.engine.attention import RowReference, projection_of, use_row_attention
from actors.engine.embedding import ENCODER, TENSOR, encoder_of
from actors.engine.encoder import embedding_of_nothing, encode, kept, load_encoder, load_processor
from actors.engine.projection import Kind
from actors.engine.render import (
    Embedding,
    EncoderChanged,
    PictureUnreadable,
    PlacedReference,
    RenderRequest,
)
from actors.pictures.opened import NotAPicture, opened
from actors.pictures.seen import seen

_TAKEN = {
    Kind.BASE: "pooled, of a square",
    Kind.FULL: "second to last layer, of a square",
    Kind.PLUS: "second to last layer, of a square",
}
"""How the encoder's output is taken: a part of its checksum, to be changed with `embed`."""


class Adapter:
    """An adapter that was loaded into a pipeline, whose UNet from then on attends by rows.

    `encoder` is the checksum of its image encoder, and `projection` makes tokens of embeddings.
    """

    def __init__(self, pipeline: Any, kind: Kind, encoder: str, nothing: torch.Tensor) -> None:
        self.encoder = encoder
        self._pipeline = pipeline
        self._kind = kind
        self.projection = projection_of(pipeline.unet)
        # What diffusers reads where there is no reference: by the encoder's picture of zeros.
        self._nothing = nothing

    @classmethod
    def load(cls, pipeline: Any, files: AdapterFiles) -> Self:
        """Loads checked files into a pipeline, which is on its device; blocks.

        Raises CheckpointRefused for an encoder that cannot read a small picture, or whose
        embeddings are not finite.
        """
        if not files.encoder.is_own:
            pipeline.register_modules(
                image_encoder=load_encoder(files.encoder, pipeline),
                feature_extractor=load_processor(files.encoder),
            )
        with _quiet():
            pipeline.load_ip_adapter(
                str(files.file.parent),
                subfolder="",
                weight_name=files.file.name,
                image_encoder_folder=None,
            )
        nothing = embedding_of_nothing(pipeline, files.kind, files.encoder)
        adapter = cls(pipeline, files.kind, _checksum(files, pipeline.feature_extractor), nothing)
        use_row_attention(pipeline.unet)
        return adapter

    def embed(self, png: bytes) -> Embedding:
        """Returns the embedding of a picture; blocks, and may run beside a render.

        Raises PictureUnreadable for bytes that are no picture, and for an embedding that is not
        finite.
        """
        found, _ = encode(self._pipeline, self._kind, _square(_opened(png)))
        tensor = kept(found)
        if not tensor.isfinite().all():
            raise PictureUnreadable(f"the embedding of {len(png)} bytes is not finite")
        return Embedding(self.encoder, save({TENSOR: tensor}, {ENCODER: self.encoder}))

    def rows(
        self, request: RenderRequest
    ) -> tuple[tuple[RowReference, ...], tuple[RowReference, ...]]:
        """Returns what the row with the prompt sees, and the row without it; blocks.

        Where the one sees a reference, the other sees none in the same columns, as diffusers has
        it. Raises EncoderChanged for an embedding by another encoder.
        """
        if not request.references:
            return (), ()
        shown = self._tokens(torch.stack([self._read(each) for each in request.references]))
        scale = request.reference_scale
        masks = _columns(request, self._nothing.device)
        nothing = self.nothing()
        pairs = list(zip(shown, masks, strict=True))
        return (
            tuple(RowReference(tokens, scale, mask) for tokens, mask in pairs),
            tuple(RowReference(nothing, scale, mask) for _, mask in pairs),
        )

    def nothing(self) -> torch.Tensor:
        """Returns what a row sees where there is no reference, (T, D)."""
        return self._tokens(self._nothing[None])[0]

    @torch.no_grad()
    def _tokens(self, embeddings: torch.Tensor) -> torch.Tensor:
        tokens: torch.Tensor = self.projection(embeddings)
        return tokens

    def _read(self, reference: PlacedReference) -> torch.Tensor:
        encoder = encoder_of(reference.embedding)
        if encoder != self.encoder:
            raise EncoderChanged(
                f"the embedding is by encoder {encoder[:8] or 'none'}, and the model's is "
                f"{self.encoder[:8]}"
            )
        try:
            found = load(reference.embedding)[TENSOR]
        except (LookupError, SafetensorError) as error:
            raise EncoderChanged(f"the embedding is damaged ({error})") from error
        if found.shape != self._nothing.shape:
            raise EncoderChanged(f"the embedding is damaged (its shape is {list(found.shape)})")
        return found.to(self._nothing)


def column_masks(request: RenderRequest) -> torch.Tensor:
    """Returns the columns of a request's references, (1, references, height, width)."""
    masks = np.zeros((len(request.references), request.height, request.width), np.uint8)
    for mask, reference in zip(masks, request.references, strict=True):
        left, right = (round(part * request.width) for part in (reference.left, reference.right))
        mask[:, left:right] = 255
    processor = IPAdapterMaskProcessor()
    columns: torch.Tensor = processor.preprocess(
        [Image.fromarray(mask) for mask in masks], height=request.height, width=request.width
    )
    return columns.reshape(1, len(masks), request.height, request.width)


def _columns(request: RenderRequest, device: torch.device) -> list[torch.Tensor] | list[None]:
    """Returns the columns of each reference, (height, width); None for the only one, everywhere."""
    match request.references:
        case (PlacedReference(left=0.0, right=1.0),):
            return [None]
        case _:
            return list(column_masks(request)[0].to(device))


@contextmanager
def _quiet() -> Iterator[None]:
    """Hides a warning of diffusers 0.42 about a cast that it makes itself while it loads."""
    verbosity = diffusers_logging.get_verbosity()
    diffusers_logging.set_verbosity_error()
    try:
        yield
    finally:
        diffusers_logging.set_verbosity(verbosity)


def _checksum(files: AdapterFiles, processor: Any) -> str:
    """Returns the SHA-256 of all that decides an embedding: weights, settings, and what is read."""
    digest = hashlib.sha256()
    folder = files.encoder.folder
    for file in (*sorted(folder.glob("*.safetensors")), folder / "config.json"):
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    settings = json.dumps(processor.to_dict(), sort_keys=True, default=str)
    digest.update(f"{settings}\n{_TAKEN[files.kind]}".encode())
    return digest.hexdigest()


def _opened(data: bytes) -> Image.Image:
    try:
        return seen(opened(data))
    except NotAPicture as error:
        raise PictureUnreadable(str(error)) from error


def _square(image: Image.Image) -> Image.Image:
    """Returns a picture as a square, since encoders cut off what is beyond one: a head, say.

    The edges are repeated: bars of a colour would be drawn as part of the character's picture.
    """
    side = max(image.size)
    pads = [((side - size) // 2, side - size - (side - size) // 2) for size in image.size[::-1]]
    return Image.fromarray(np.pad(np.asarray(image), [*pads, (0, 0)], mode="edge"))
