"""The attributes of captions that pictures show, as the audit classifier reads them."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from recipe.evaluation.audit import NUMBER, Audit, Reading, truth
from recipe.evaluation.report import Figure, Section, Share
from recipe.illustrator import Scene

COAT = "hair or fur"
TARGETS: Mapping[str, float] = {
    COAT: 90,
    "colour": 90,
    "place": 90,
    "style": 95,
    "species": 95,
    NUMBER: 90,
}
"""The least percentages of generated pictures."""
DRAWN_TARGET = 97.0
"""The least percentage of drawn pictures: a worse classifier measures nothing."""
_ALSO = (
    *("time", "weather", "framing", "position", "garment", "hat", "hair_style", "skin", "age"),
    *("expression", "eyes", "view", "pose", "glasses", "beard", "freckles", "scarf", "gender"),
)
UNREAD = "not read: no audit classifier, or no such attribute in the pictures"
_NAMES = {COAT: "hair or fur colour", "colour": "top colour", NUMBER: "number of characters"}


def shares(audit: Audit, images: NDArray[np.uint8], scenes: Sequence[Scene]) -> dict[str, Share]:
    """Returns the shares of right readings of the scenes' attributes."""
    whole, casts = audit.read(images, [len(scene.characters) for scene in scenes])
    found: dict[str, Share] = {}
    for scene, picture, cast in zip(scenes, whole, casts, strict=True):
        said, characters = truth(scene)
        _count(found, said, picture)
        for expected, reading in zip(characters, cast, strict=True):
            coat = "hair" if "hair" in expected else "fur"
            _count(found, expected, reading)
            _count(found, {COAT: expected[coat]}, {COAT: reading[coat]})
    return found


def attribute_section(
    title: str,
    generated: Mapping[str, Share],
    drawn: Mapping[str, Share],
    decoded: Mapping[str, Share],
) -> Section:
    """Returns the figures of generated pictures, with those of the same scenes drawn."""
    none = Share(0, 0)

    def figure(name: str) -> Figure:
        if name not in generated:
            return Figure(label(name), None, "%", TARGETS.get(name), missing=UNREAD)
        share = generated[name]
        beside = (
            f"of {share.of}; drawn {drawn.get(name, none).percent:.1f}, "
            f"through the VAE {decoded.get(name, none).percent:.1f}"
        )
        return Figure(label(name), share.percent, "%", TARGETS.get(name), beside=beside)

    also = [name for name in _ALSO if name in generated]
    return Section(title, tuple(figure(name) for name in (*TARGETS, *also)))


def drawn_section(drawn: Mapping[str, Share]) -> Section:
    """Returns the accuracies of the classifier itself, on drawn pictures."""
    figures = tuple(
        Figure(
            f"drawn: {label(name)}",
            drawn[name].percent if name in drawn else None,
            "%",
            DRAWN_TARGET,
            beside=f"of {drawn[name].of}" if name in drawn else "",
            missing="" if name in drawn else UNREAD,
        )
        for name in TARGETS
    )
    return Section("The audit classifier itself, on held-out drawings of all kinds", figures)


def label(name: str) -> str:
    """Returns the name of an attribute in the report."""
    return _NAMES.get(name, name.replace("_", " "))


def _count(found: dict[str, Share], expected: Reading, reading: Reading) -> None:
    for name, value in expected.items():
        found[name] = found.get(name, Share(0, 0)) + Share(int(reading[name] == value), 1)
