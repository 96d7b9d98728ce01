"""Whether a reference gives its character: the judge ranks it among look-alikes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from diffusers.image_processor import IPAdapterMaskProcessor
from numpy.typing import NDArray
from PIL import Image

from actors.judging.judge import Appearance, Judge
from recipe.evaluation.plain import ADAPTER, load_adapter
from recipe.evaluation.report import Figure, Section, Share
from recipe.evaluation.sampling import HELD_OUT, SIDE, generate, load_pipeline
from recipe.illustrator import Character, Illustrator, Scene
from recipe.illustrator.attributes import Place, Style
from recipe.illustrator.captions import caption
from recipe.illustrator.sampling import Domain
from recipe.training.cast import (
    GROUP,
    brief_caption,
    character_of,
    look_alikes,
    met_alone,
    met_together,
    reference_scene,
)

LOOK_ALIKES = 20
"""The ranked characters: the right one, and 19 of the same species, age and gender."""
PORTRAITS_TARGET = 90.0
DUOS_TARGET = 80.0
FALL_TARGET = 20.0
"""The least fall of the rate, in points, without the adapter: less is no conditioning."""
JUDGE = "judge"
_SCALE = 1.0
Pictures = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Case:
    """One picture to generate: a scene, the references of its characters, and its caption."""

    scene: Scene
    references: tuple[Scene, ...]
    rivals: tuple[tuple[Character, ...], ...]
    """The look-alikes that each character is ranked among."""
    seed: int

    @property
    def caption(self) -> str:
        """A caption without the characters' looks."""
        return brief_caption(self.scene)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The shares of characters that the judge ranks first."""

    with_adapter: Share
    without: Share
    told: Share
    """Without references, from full captions: the adapter learns from these."""
    drawn: Share
    """In the drawn scenes: no checkpoint can do better."""
    pictures: Mapping[str, Pictures]


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


def identity_section(
    checkpoint: Path, domain: Domain, count: int
) -> tuple[Section, list[Pictures]]:
    """Ranks the characters of generated portraits and of pictures of two; returns grids too."""
    title = f"Characters from reference pictures: first among {LOOK_ALIKES} look-alikes"
    names = ("portraits in new places", "pictures of two, with region masks")
    targets = (PORTRAITS_TARGET, DUOS_TARGET)
    why = missing(checkpoint)
    figures: list[Figure] = []
    grids: list[Pictures] = []
    for name, target, people in zip(names, targets, (1, 2), strict=True):
        fall = f"{name}: fall without the adapter"
        shown = why or ("" if people == 1 or domain.framings[3] else "the rung has one character")
        if shown:
            figures.append(Figure(name, None, "%", target, missing=shown))
            figures.append(Figure(fall, None, "points", FALL_TARGET, missing=shown))
            continue
        outcome = measure(checkpoint, cases(domain, count, people))
        grids.extend(outcome.pictures.values())
        lost = outcome.with_adapter.percent - outcome.without.percent
        beside = (
            f"of {outcome.with_adapter.of}; full captions, without a reference"
            f" {outcome.told.percent:.1f}; drawn {outcome.drawn.percent:.1f}"
        )
        figures.append(Figure(name, outcome.with_adapter.percent, "%", target, beside=beside))
        figures.append(
            Figure(fall, lost, "points", FALL_TARGET, beside=f"to {outcome.without.percent:.1f} %")
        )
    return Section(title, tuple(figures)), grids


def missing(checkpoint: Path) -> str:
    """Returns a sentence about the parts that a checkpoint lacks, or an empty string."""
    parts = (ADAPTER, Path(JUDGE) / "model.safetensors")
    absent = [part.as_posix() for part in parts if not (checkpoint / part).is_file()]
    return f"the checkpoint has no {' and no '.join(absent)}" if absent else ""


def measure(checkpoint: Path, asked: Sequence[Case]) -> Outcome:
    """Generates each case with the adapter, without it and from a full caption, and ranks all."""
    pipeline = load_pipeline(checkpoint)
    load_adapter(pipeline, checkpoint)
    judge, illustrator = Judge.load(checkpoint / JUDGE), Illustrator()
    references = [[illustrator.draw(each).image for each in case.references] for case in asked]
    people = len(asked[0].references)
    more: dict[str, Any] = {"references": embeddings(pipeline, references)}
    if people > 1:
        more["cross_attention_kwargs"] = {"ip_adapter_masks": [region_masks(people)]}

    def made(captions: Sequence[str], scale: float) -> Pictures:
        pipeline.set_ip_adapter_scale(scale)
        return generate(pipeline, captions, [case.seed for case in asked], **more)

    brief = [case.caption for case in asked]
    whole = [caption(case.scene) for case in asked]
    pictures = {
        "with_adapter": made(brief, _SCALE),
        "without": made(brief, 0.0),
        "told": made(whole, 0.0),
        "drawn": np.stack([illustrator.draw(case.scene).image for case in asked]),
    }
    candidates = [_candidates(judge, illustrator, case) for case in asked]
    ranked = {name: _ranked(judge, each, candidates) for name, each in pictures.items()}
    shown = {"reference": np.stack([_beside(each) for each in references]), **pictures}
    return Outcome(**ranked, pictures=shown)


@torch.no_grad()
def embeddings(pipeline: Any, references: Sequence[Sequence[Pictures]]) -> torch.Tensor:
    """Returns the embeddings of no reference and of each one, (N, 2, images, tokens, D)."""
    found = []
    for pictures in references:
        shown = [Image.fromarray(picture) for picture in pictures]
        embeds, nothing = pipeline.encode_image(shown, "cpu", 1, output_hidden_states=True)
        found.append(torch.stack([nothing, embeds]))
    return torch.stack(found)


def region_masks(people: int) -> torch.Tensor:
    """Returns the region of each character, (1, people, 256, 256): columns of the same width."""
    masks = []
    for index in range(people):
        mask = np.zeros((SIDE, SIDE), np.uint8)
        mask[:, index * SIDE // people : (index + 1) * SIDE // people] = 255
        masks.append(Image.fromarray(mask))
    processor = IPAdapterMaskProcessor()
    regions: torch.Tensor = processor.preprocess(masks, height=SIDE, width=SIDE)
    return regions.reshape(1, people, SIDE, SIDE)


def _beside(pictures: Sequence[Pictures]) -> Pictures:
    """Returns pictures side by side in one of the same size."""
    side = SIDE // len(pictures)
    sheet = Image.new("RGB", (SIDE, SIDE), "white")
    for index, picture in enumerate(pictures):
        small = Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS)
        sheet.paste(small, (index * side, (SIDE - side) // 2))
    return np.asarray(sheet)


def rank(shown: Appearance, candidates: Sequence[Appearance]) -> int:
    """Returns the number of candidates as like the shown one as the first, the right one."""
    likenesses = [shown.likeness(each) for each in candidates]
    return sum(each >= likenesses[0] for each in likenesses[1:])


def _candidates(judge: Judge, illustrator: Illustrator, case: Case) -> list[list[Appearance]]:
    return [
        [_reference(judge, illustrator, reference.characters[0], case.scene.style)]
        + [_reference(judge, illustrator, rival, case.scene.style) for rival in rivals]
        for reference, rivals in zip(case.references, case.rivals, strict=True)
    ]


def _reference(
    judge: Judge, illustrator: Illustrator, character: Character, style: Style
) -> Appearance:
    return judge.main_character(illustrator.draw(Scene((character,), style=style)).image)


def _ranked(
    judge: Judge, images: Pictures, candidates: Sequence[Sequence[Sequence[Appearance]]]
) -> Share:
    """Returns the share of characters ranked first; one that is not found counts as not first."""
    total = Share(0, 0)
    for image, cast in zip(images, candidates, strict=True):
        if len(cast) == 1:
            shown = [judge.main_character(image)]
        else:
            shown = judge.look(image, judge.find(image))
            if len(shown) != len(cast):
                total += Share(0, len(cast))
                continue
        for each, known in zip(shown, cast, strict=True):
            total += Share(int(rank(each, known) == 0), 1)
    return total
