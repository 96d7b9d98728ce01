"""Composition: the crop, the place and the turn of figures, where the content leaves them open.

The seed chooses it, so that pictures of one page with other seeds differ in more than their noise.
"""

from dataclasses import replace
from random import Random

from actors.storybook.attributes import Framing, Pose, Position, Scene, View

_ALONE = (
    *((Framing.HALF_BODY, Position.CENTRE, View.FRONT),) * 2,
    (Framing.HALF_BODY, Position.CENTRE, View.THREE_QUARTER),
    (Framing.FULL_BODY, Position.CENTRE, View.FRONT),
    (Framing.FULL_BODY, Position.LEFT, View.FRONT),
    (Framing.FULL_BODY, Position.LEFT, View.THREE_QUARTER),
    (Framing.FULL_BODY, Position.RIGHT, View.FRONT),
    (Framing.FULL_BODY, Position.RIGHT, View.THREE_QUARTER),
)
"""The crops, places and turns of an only figure; faces stay turned to the reader."""
_OPPOSITE = {
    Position.LEFT: Position.RIGHT,
    Position.CENTRE: Position.CENTRE,
    Position.RIGHT: Position.LEFT,
}


def composed(scene: Scene, seed: int) -> Scene:
    """Returns a scene with the composition that a seed chooses.

    A figure that waves or cheers is shown whole; a turn that the content tells stays. Two and
    three figures stand as they are: turned or with raised arms, such small ones come out blurred.
    """
    chance = Random(f"composition {seed}")
    cast = scene.characters
    if len(cast) == 1:
        acts = cast[0].pose is not Pose.STANDING
        able = [one for one in _ALONE if one[0] is Framing.FULL_BODY or not acts]
        framing, position, view = chance.choice(able)
        turned = cast[0] if cast[0].view is not View.FRONT else replace(cast[0], view=view)
        return replace(scene, characters=(turned,), framing=framing, position=position)
    return scene


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
