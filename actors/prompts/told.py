"""What the content of a picture tells, part by part, and what is not drawn of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from server.domain.scenes import LossKind, NotDrawn

AROUND = -1
"""The figure of what is told of no figure."""
SHOWN = "shown"
"""The part of what no caption leaves out."""
LeftOut = Mapping[tuple[int, str], str]
"""The attributes left out of a caption, by figure, and what is drawn instead of each."""


@dataclass(frozen=True, slots=True)
class Told:
    """A part of the content in its own words.

    `part` is the attribute of figure `who` that shows it, empty where nothing does. `became` is
    what is drawn instead, empty where it is drawn as told or not at all.
    """

    phrase: str
    kind: LossKind
    part: str = ""
    became: str = ""
    who: int = AROUND

    def lost(self, left_out: LeftOut) -> NotDrawn | None:
        """Returns what is not drawn of it, if anything."""
        instead = left_out.get((self.who, self.part))
        if instead is not None:
            return NotDrawn(self.phrase, self.kind, instead)
        if self.part and not self.became:
            return None
        return NotDrawn(self.phrase, self.kind, self.became)


def not_drawn(told: Iterable[Told], left_out: LeftOut) -> tuple[NotDrawn, ...]:
    """Returns what is not drawn as told, each once."""
    losses = (one.lost(left_out) for one in told)
    return tuple(dict.fromkeys(loss for loss in losses if loss is not None))
