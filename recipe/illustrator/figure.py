"""The measures of one character, in units of its head's radius, from the middle of its head."""

from dataclasses import dataclass

from recipe.illustrator.attributes import Age, Character, View
from recipe.illustrator.canvas import Pen
from recipe.illustrator.palette import FURS, HAIRS, RGB, SKINS, tone


@dataclass(frozen=True, slots=True)
class Build:
    """The build of an age: half widths, and heights below the middle of the head."""

    shoulder: float
    waist: float
    hip: float
    foot: float
    eye: float
    jaw: float


NECK = 0.86
"""Where the neck leaves the head; shoulders begin at `SHOULDER`."""
SHOULDER = 1.12


def build_of(age: Age) -> Build:
    """Returns the build of an age."""
    match age:
        case Age.CHILD:
            return Build(shoulder=0.60, waist=0.56, hip=2.02, foot=2.72, eye=1.0, jaw=0.98)
        case Age.ADULT:
            return Build(shoulder=0.82, waist=0.62, hip=2.42, foot=3.52, eye=0.82, jaw=1.10)
        case Age.ELDER:
            return Build(shoulder=0.76, waist=0.74, hip=2.30, foot=3.16, eye=0.76, jaw=1.06)


@dataclass(frozen=True, slots=True)
class Figure:
    """A character with the pen that draws it, its build and the turn of its face."""

    character: Character
    pen: Pen
    build: Build
    turn: float
    squeeze: float

    @classmethod
    def of(cls, character: Character, pen: Pen) -> "Figure":
        """Measures a character; animals have the build of a child."""
        turn, squeeze = _TURNS[character.view]
        return cls(character, pen, build_of(character.age), turn, squeeze)

    @property
    def skin(self) -> RGB:
        """The colour of hands, ears and face."""
        if self.character.is_animal:
            return FURS[self.character.fur]
        return SKINS[self.character.skin]

    @property
    def hair(self) -> RGB:
        """The colour of the hair; an animal's fur, darker, for its brows."""
        if self.character.is_animal:
            return tone(FURS[self.character.fur], -0.5)
        return HAIRS[self.character.hair]

    @property
    def is_profile(self) -> bool:
        """Whether only one eye is visible."""
        return self.character.view is View.SIDE

    @property
    def is_averted(self) -> bool:
        """Whether the face is hidden."""
        return self.character.view is View.BACK

    def across(self, x: float) -> float:
        """Returns the x of a point of the face after the turn of the head."""
        return self.turn + x * self.squeeze


_TURNS = {
    View.FRONT: (0.0, 1.0),
    View.THREE_QUARTER: (0.28, 0.84),
    View.SIDE: (0.34, 0.55),
    View.BACK: (0.0, 1.0),
}
