"""Held-out characters in new scenes, and how the judge ranks them among look-alikes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy as np
from numpy.typing import NDArray

from actors.judging.judge import Appearance, Judge
from recipe.evaluation.audit import Audit, truth
from recipe.evaluation.sampling import HELD_OUT
from recipe.illustrator import Character, Illustrator, Scene
from recipe.illustrator.attributes import Place, Style
from recipe.illustrator.sampling import Domain
from recipe.training.cast import (
    GROUP,
    character_of,
    look_alikes,
    met_alone,
    met_together,
    reference_scene,
)

LOOK_ALIKES = 20
"""The ranked characters: the right one, and 19 of the same species, age and gender."""
JUDGE = "judge"
"""The folder of the judge in a checkpoint."""
Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Case:
    """One picture to generate: a scene, and the references of its characters."""

    scene: Scene
    references: tuple[Scene, ...]
    rivals: tuple[tuple[Character, ...], ...]
    """The look-alikes that each character is ranked among."""
    seed: int

    @property
    def people(self) -> int:
        """The number of characters."""
        return len(self.references)

    @property
    def contradictions(self) -> tuple[Scene, ...]:
        """References that contradict the scene: each shows the first look-alike."""
        return tuple(reference_scene(rivals[0], self.scene.style) for rivals in self.rivals)


def cases(domain: Domain, count: int, people: int) -> list[Case]:
    """Returns held-out cases: portraits in places, or two characters."""
    found = []
    close = replace(domain, framings=(1, 0, 0, 0, 0), turned=0.0)
    for index in range(count):
        chance = Random(f"identity {people} {index}")
        cast = [
            # Every fourth number is a new character; the others look like it.
            character_of(HELD_OUT, (index * people + which) * GROUP, domain)
            for which in range(people)
        ]
        scene = (
            met_together(cast, chance, domain) if people > 1 else met_alone(cast[0], chance, close)
        )
        if scene.place is Place.PLAIN:
            scene = replace(scene, place=Place.MEADOW)
        found.append(
            Case(
                scene,
                tuple(reference_scene(each, scene.style) for each in cast),
                tuple(tuple(look_alikes(each, chance, LOOK_ALIKES - 1)) for each in cast),
                index,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen of each character in a picture, from left to right.

    A rank is the number of look-alikes that the shown character resembles as much; 0 is the
    first, None one that was not found. `rival_ranks` are those of the first look-alike.
    `eyes` tells whether their colour is right, and is None where they are hidden or not read.
    """

    ranks: tuple[int | None, ...]
    rival_ranks: tuple[int | None, ...]
    eyes: tuple[bool | None, ...]


class Examiner:
    """Looks at pictures: the judge ranks their characters, the audit classifier reads eyes."""

    def __init__(self, judge: Judge, audit: Audit | None, illustrator: Illustrator) -> None:
        self._judge = judge
        self._audit = audit
        self._illustrator = illustrator
        self._known: tuple[Case, list[list[Appearance]]] | None = None

    def examine(self, case: Case, image: Picture) -> Seen:
        """Returns what is seen in a picture of a case, (256, 256, 3)."""
        eyes = self._eyes(case, image)
        shown = self._characters(case, image)
        if len(shown) != case.people:
            nobody = (None,) * case.people
            return Seen(nobody, nobody, eyes)
        pairs = list(zip(shown, self._candidates(case), strict=True))
        return Seen(
            tuple(rank(each, known) for each, known in pairs),
            tuple(rank(each, [known[1], known[0], *known[2:]]) for each, known in pairs),
            eyes,
        )

    def _characters(self, case: Case, image: Picture) -> list[Appearance]:
        if case.people == 1:
            return [self._judge.main_character(image)]
        return self._judge.look(image, self._judge.find(image))

    def _candidates(self, case: Case) -> list[list[Appearance]]:
        """Returns each character's look-alikes after itself; those of the last case are kept."""
        if self._known is None or self._known[0] is not case:
            style = case.scene.style
            known = [
                [self._look(each, style) for each in (reference.characters[0], *rivals)]
                for reference, rivals in zip(case.references, case.rivals, strict=True)
            ]
            self._known = (case, known)
        return self._known[1]

    def _look(self, character: Character, style: Style) -> Appearance:
        drawing = self._illustrator.draw(Scene((character,), style=style))
        return self._judge.main_character(drawing.image)

    def _eyes(self, case: Case, image: Picture) -> tuple[bool | None, ...]:
        if self._audit is None:
            return (None,) * case.people
        _, [readings] = self._audit.read([image], [case.people])
        _, cast = truth(case.scene)
        return tuple(
            reading["eyes"] == said["eyes"] if "eyes" in said else None
            for said, reading in zip(cast, readings, strict=True)
        )


def rank(shown: Appearance, candidates: Sequence[Appearance]) -> int:
    """Returns the number of candidates as like the shown one as the first, the right one."""
    likenesses = [shown.likeness(each) for each in candidates]
    return sum(each >= likenesses[0] for each in likenesses[1:])
