"""Pictures as they are seen: pixels that every program shows alike, and nothing beside them."""

from PIL import Image

from actors.pictures.colours import to_srgb

_GREYS = frozenset(("1", "L", "LA", "La"))


def seen(picture: Image.Image) -> Image.Image:
    """Returns the pixels of a picture of `opened` as 8-bit sRGB on white, without metadata.

    Of an animation those of its first picture.
    """
    rgb, alpha = layers(picture)
    if alpha is None:
        return rgb
    return Image.composite(rgb, Image.new("RGB", rgb.size, "white"), alpha)


def kept(picture: Image.Image) -> Image.Image:
    """Returns the pixels of a picture of `opened` as 8-bit sRGB, without metadata.

    They are RGBA where something is transparent, else RGB.
    """
    rgb, alpha = layers(picture)
    if alpha is not None:
        rgb.putalpha(alpha)
    return rgb


def layers(picture: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Returns the colours of a picture of `opened` as 8-bit sRGB, and its alpha.

    The alpha is None for an opaque picture; colours where nothing is seen are what the file says.
    """
    colours, alpha = _parted(picture)
    rgb = to_srgb(colours, picture.info, picture.format)
    # Pillow writes some of it into the next file: comments, profiles.
    rgb.info = {}
    if alpha is not None and alpha.getextrema() == (255, 255):
        alpha = None
    return rgb, alpha


def _parted(picture: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Returns the colours of a picture, as L, RGB or CMYK, and its alpha."""
    alpha, colours = None, picture
    if picture.has_transparency_data:
        rgba = picture.convert("RGBA")
        alpha, colours = rgba.getchannel("A"), rgba.convert("RGB")
    if picture.mode in _GREYS:
        return colours.convert("L"), alpha
    return (colours if picture.mode == "CMYK" else colours.convert("RGB")), alpha
