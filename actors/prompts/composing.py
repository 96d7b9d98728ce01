"""Composition: the crop and the place of figures, where the content leaves them open.

The seed chooses it, so that pictures of one page with other seeds differ in more than their noise.
"""

from dataclasses import replace
from random import Random

from actors.storybook.attributes import Framing, Pose, Position, Scene, View

_ALONE = (
    *((Framing.CLOSE_UP, Position.CENTRE),) * 3,
    *((Framing.HALF_BODY, Position.CENTRE),) * 4,
    (Framing.FULL_BODY, Position.CENTRE),
    (Framing.FULL_BODY, Position.LEFT),
    (Framing.FULL_BODY, Position.RIGHT),
)
"""The crops and places of an only figure, which looks at the reader.

The smaller a face and the nearer a side, the more often the checkpoint blurs it, and the most where
it is turned: so most are close, and turned ones are drawn only where the content says so.
"""
_OPPOSITE = {
    Position.LEFT: Position.RIGHT,
    Position.CENTRE: Position.CENTRE,
    Position.RIGHT: Position.LEFT,
}


def composed(scene: Scene, seed: int) -> Scene:
    """Returns a scene with the composition that a seed chooses.

    A figure that waves or cheers is shown whole, and so is one that is seen from behind. Two and
    three figures stand as they are: turned or with raised arms, such small ones come out blurred.
    """
    cast = scene.characters
    if len(cast) > 1 or cast[0].pose is not Pose.STANDING or cast[0].view is View.BACK:
        return scene
    framing, position = Random(f"composition {seed}").choice(_ALONE)
    return replace(scene, framing=framing, position=position)


def is_mirrored(seed: int) -> bool:
    """Returns whether a seed has the picture drawn as a mirror shows it."""
    return Random(f"mirror {seed}").random() < 0.5


def is_swapped(seed: int) -> bool:
    """Returns whether a seed has two figures change places, of whom nothing says who is where."""
    return Random(f"places {seed}").random() < 0.5


def mirrored(scene: Scene) -> Scene:
    """Returns a scene as a mirror shows it."""
    position = _OPPOSITE[scene.position]
    return replace(scene, characters=scene.characters[::-1], position=position)
