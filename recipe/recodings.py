"""What happens to pictures after they are fetched, as pure functions."""

from collections.abc import Callable, Mapping
from io import BytesIO
from random import Random
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

Recoding: TypeAlias = Callable[[Image.Image, Random], Image.Image]
"""Makes another picture of one; what is left to chance is drawn from the generator."""

_RESAMPLINGS = (
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
)


def jpeg(quality: int) -> Recoding:
    """Returns a JPEG of a quality, its colours at half the size."""

    def recode(picture: Image.Image, _chance: Random) -> Image.Image:
        buffer = BytesIO()
        picture.save(buffer, "JPEG", quality=quality, subsampling=2)
        return Image.open(buffer).convert("RGB")

    return recode


def scaled(share: float) -> Recoding:
    """Returns a picture whose sides are a share of what they were."""

    def recode(picture: Image.Image, _chance: Random) -> Image.Image:
        size = (round(picture.width * share), round(picture.height * share))
        return picture.resize(size, Image.Resampling.LANCZOS)

    return recode


def cropped(share: float) -> Recoding:
    """Returns a share of each side, from a corner or the middle."""

    def recode(picture: Image.Image, chance: Random) -> Image.Image:
        width, height = round(picture.width * share), round(picture.height * share)
        right, down = chance.choice(((0, 0), (0, 1), (1, 0), (1, 1), (0.5, 0.5)))
        left, top = int((picture.width - width) * right), int((picture.height - height) * down)
        return picture.crop((left, top, left + width, top + height))

    return recode


def screenshot(picture: Image.Image, chance: Random) -> Image.Image:
    """Returns a picture as from a screen: 0.8 to 1.25 of its size, another gamma, JPEG 85, and on
    each side up to two pixels of a black border, or that many missing.
    """
    scale = chance.uniform(0.8, 1.25)
    size = (round(picture.width * scale), round(picture.height * scale))
    shown = picture.resize(size, chance.choice(_RESAMPLINGS))
    gamma = chance.uniform(0.9, 1.1)
    shown = shown.point([round(255 * (level / 255) ** gamma) for level in range(256)] * 3)
    left, top, right, bottom = (chance.randint(-2, 2) for _ in range(4))
    shown = shown.crop((left, top, shown.width + right, shown.height + bottom))
    return jpeg(85)(shown, chance)


def turned(degrees: float) -> Recoding:
    """Returns a picture turned about its middle, without the corners that it lacks."""

    def recode(picture: Image.Image, chance: Random) -> Image.Image:
        whole = picture.rotate(degrees, Image.Resampling.BICUBIC)
        return cropped(0.9)(whole, chance)

    return recode


def noisy(levels: float) -> Recoding:
    """Returns a picture with Gaussian noise of that deviation."""

    def recode(picture: Image.Image, chance: Random) -> Image.Image:
        noise = np.random.default_rng(chance.getrandbits(32)).normal(
            0, levels, (picture.height, picture.width, 3)
        )
        return Image.fromarray((np.asarray(picture) + noise).clip(0, 255).astype(np.uint8))

    return recode


def blurred(radius: float) -> Recoding:
    """Returns a picture blurred by a Gaussian of that deviation in pixels."""
    return lambda picture, _chance: picture.filter(ImageFilter.GaussianBlur(radius))


def leaning(share: float) -> Recoding:
    """Returns a picture as photographed from the side: one edge is that share shorter."""

    def recode(picture: Image.Image, _chance: Random) -> Image.Image:
        width, height = picture.size
        by = height * share / 2
        corners = (0, 0, 0, height, width, height - by, width, by)
        return picture.transform(
            picture.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC
        )

    return recode


def chain(*recodings: Recoding) -> Recoding:
    """Returns a picture recoded several times."""

    def recode(picture: Image.Image, chance: Random) -> Image.Image:
        for each in recodings:
            picture = each(picture, chance)
        return picture

    return recode


PROMISED: Mapping[str, Recoding] = {
    "JPEG 75": jpeg(75),
    "half size": scaled(0.5),
    "90 % of each side": cropped(0.9),
    "screenshot": screenshot,
}
"""What the mark has to survive."""
COMBINED: Mapping[str, Recoding] = {
    "half size, JPEG 75": chain(scaled(0.5), jpeg(75)),
    "90 % of each side, half size": chain(cropped(0.9), scaled(0.5)),
    "90 % of each side, screenshot": chain(cropped(0.9), screenshot),
    "90 % of each side, screenshot, JPEG 75": chain(cropped(0.9), screenshot, jpeg(75)),
    "screenshot of a screenshot, half size": chain(screenshot, screenshot, scaled(0.5)),
}
BEYOND: Mapping[str, Recoding] = {
    "mirrored": lambda picture, _chance: ImageOps.mirror(picture),
    "grey": lambda picture, _chance: picture.convert("L").convert("RGB"),
    "contrast 0.6": lambda picture, _chance: ImageEnhance.Contrast(picture).enhance(0.6),
    "half of each side": cropped(0.5),
    "a third of each side": cropped(1 / 3),
    "JPEG 50": jpeg(50),
    "JPEG 30": jpeg(30),
    "JPEG 10": jpeg(10),
    "a third of the size": scaled(1 / 3),
    "a quarter of the size": scaled(0.25),
    "an eighth of the size": scaled(0.125),
    "blurred by 2 pixels": blurred(2),
    "blurred by 4 pixels": blurred(4),
    "noise of 10 levels": noisy(10),
    "16 colours": lambda picture, _chance: picture.quantize(16).convert("RGB"),
    "turned by 0.5 degrees": turned(0.5),
    "turned by 3 degrees": turned(3),
    "turned by a quarter": lambda picture, _chance: picture.transpose(Image.Transpose.ROTATE_90),
    "one edge 1 % shorter": leaning(0.01),
    "one edge 5 % shorter": leaning(0.05),
    "stretched by 5 %": lambda picture, _chance: picture.resize(
        (round(picture.width * 1.05), picture.height)
    ),
}
"""What nobody promises, from gentle to rough."""
