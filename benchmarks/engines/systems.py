"""Systems that draw the same pictures: the engine, and the plain pipeline by turns."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any, Protocol

import torch

from actors.engine.diffuser import Diffuser
from actors.engine.render import RenderRequest
from actors.storybook import GUIDANCE, RESCALE

MOST = 8
SIDE = 256


class System(Protocol):
    """Draws one picture for each call; calls come from many threads."""

    def draw(self, steps: int, seed: int) -> bytes:
        """Returns a PNG; blocks."""
        ...


def request(steps: int, seed: int, side: int = SIDE) -> RenderRequest:
    """Returns the request of a portrait."""
    return RenderRequest("portrait of a young girl", "", side, side, steps, GUIDANCE, RESCALE, seed)


def drawn(pipeline: Any, requests: Sequence[RenderRequest]) -> list[bytes]:
    """Returns pictures of equal requests, but for their seeds, by diffusers' own pipeline."""
    first = requests[0]
    images = pipeline(
        prompt=[first.prompt] * len(requests),
        width=first.width,
        height=first.height,
        num_inference_steps=first.steps,
        guidance_scale=first.guidance_scale,
        guidance_rescale=first.guidance_rescale,
        generator=[torch.Generator("cpu").manual_seed(one.seed) for one in requests],
    ).images
    return [_png(image) for image in images]


def _png(image: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


class Engine:
    """Pictures share steps."""

    def __init__(self, diffuser: Diffuser, side: int = SIDE) -> None:
        self._diffuser = diffuser
        self._side = side

    def draw(self, steps: int, seed: int) -> bytes:
        """Returns a PNG; blocks."""
        return self._diffuser.render(request(steps, seed, self._side)).png


class Turns:
    """One picture at a time, the first that came first."""

    def __init__(self, pipeline: Any, side: int = SIDE) -> None:
        self._pipeline = pipeline
        self._side = side
        self._thread = ThreadPoolExecutor(1)

    def draw(self, steps: int, seed: int) -> bytes:
        """Returns a PNG; blocks."""
        asked = [request(steps, seed, self._side)]
        [png] = self._thread.submit(drawn, self._pipeline, asked).result()
        return png
