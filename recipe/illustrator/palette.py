"""The colours of things, as (red, green, blue) of 0 to 255, distinct enough to be named."""

from recipe.illustrator.attributes import Colour, Eyes, Fur, Hair, Skin

RGB = tuple[float, float, float]

WHITE: RGB = (252, 252, 252)
INK: RGB = (26, 22, 30)
TROUSERS: RGB = (58, 74, 128)
SHOES: RGB = (96, 60, 42)
SOCKS: RGB = (244, 240, 230)

SKINS: dict[Skin, RGB] = {
    Skin.PALE: (255, 230, 218),
    Skin.LIGHT: (250, 204, 168),
    Skin.TAN: (218, 160, 108),
    Skin.BROWN: (152, 98, 62),
    Skin.DARK: (92, 58, 42),
}
FURS: dict[Fur, RGB] = {
    Fur.ORANGE: (236, 120, 40),
    Fur.BROWN: (140, 88, 52),
    Fur.GREY: (142, 148, 160),
    Fur.WHITE: (244, 242, 238),
    Fur.BLACK: (62, 58, 70),
    Fur.GOLDEN: (242, 196, 98),
}
HAIRS: dict[Hair, RGB] = {
    Hair.BLONDE: (248, 208, 84),
    Hair.BROWN: (116, 68, 34),
    Hair.BLACK: (40, 34, 44),
    Hair.RED: (206, 68, 24),
    Hair.GREY: (142, 144, 154),
    Hair.WHITE: (240, 240, 242),
    Hair.BLUE: (52, 108, 222),
    Hair.PINK: (246, 116, 178),
}
IRISES: dict[Eyes, RGB] = {
    Eyes.BLUE: (36, 116, 232),
    Eyes.GREEN: (40, 160, 70),
    Eyes.BROWN: (122, 70, 26),
    Eyes.GREY: (138, 146, 158),
}
CLOTHS: dict[Colour, RGB] = {
    Colour.RED: (214, 40, 44),
    Colour.BLUE: (44, 98, 214),
    Colour.GREEN: (48, 156, 72),
    Colour.YELLOW: (250, 208, 50),
    Colour.PURPLE: (134, 66, 182),
    Colour.ORANGE: (246, 136, 30),
    Colour.WHITE: (244, 244, 240),
    Colour.BLACK: (52, 50, 60),
    Colour.PINK: (250, 146, 190),
    Colour.BROWN: (132, 88, 54),
}


def mix(a: RGB, b: RGB, share: float) -> RGB:
    """Returns the colour at a share of the way from a to b."""
    return (
        a[0] + (b[0] - a[0]) * share,
        a[1] + (b[1] - a[1]) * share,
        a[2] + (b[2] - a[2]) * share,
    )


def tone(colour: RGB, amount: float) -> RGB:
    """Returns a lighter colour for an amount of 0 to 1, a darker one for 0 to -1."""
    if amount >= 0:
        return mix(colour, (255, 255, 255), amount)
    return mix(colour, (10, 4, 24), -amount)


def against(colour: RGB, amount: float = 0.4) -> RGB:
    """Returns a tone that contrasts with the colour: lighter on dark, darker on light ones."""
    return tone(colour, -amount if sum(colour) > 480 else amount)
