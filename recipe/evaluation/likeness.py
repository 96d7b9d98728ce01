"""Whether the service's pictures show the characters that were asked for."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from actors.engine.diffuser import Diffuser
from actors.judging.judge import Judge
from actors.settings import DiffuserSettings
from recipe.evaluation.audit import Audit
from recipe.evaluation.fidelity import psnr
from recipe.evaluation.grids import SHOWN, Picture, write_grid
from recipe.evaluation.identity import JUDGE, Case, Examiner, cases
from recipe.evaluation.likeness_report import Measured, likeness_section, missing_section
from recipe.evaluation.orders import SCALE, Order, Variant, order_of
from recipe.evaluation.plain import ADAPTER
from recipe.evaluation.report import Section
from recipe.evaluation.results import Result
from recipe.evaluation.sampling import held_out
from recipe.evaluation.studio import Studio
from recipe.illustrator import Illustrator
from recipe.illustrator.sampling import FULL, Domain
from recipe.training.cast import has_company

_ROWS = (
    *(Variant.BOTH, Variant.WORDS, Variant.REFERENCES, Variant.NEITHER),
    *(Variant.CONTRADICTED, Variant.OWN, Variant.DRAWN),
)
_BELOW_REFERENCES = (Variant.BOTH, Variant.CONTRADICTED, Variant.OWN)
"""The rows of a grid that are below their references."""
_ALWAYS = frozenset({Variant.BOTH, Variant.DRAWN})
"""The variants that the others are compared with."""
_TOGETHER = 8
"""Orders in work at once: the engine draws more than twice as many pictures in joint steps."""
_DRAWN = 24
"""Drawings by which a change of the illustrator is noticed."""


class Likeness:
    """Measures the characters of one checkpoint's pictures, and writes grids into a folder."""

    def __init__(
        self,
        studio: Studio,
        folder: Path,
        scales: Sequence[float] = (),
        variants: Sequence[Variant] = tuple(Variant),
    ) -> None:
        """Takes other scales at which pictures are made from words and references too.

        Of the variants, words and references, and the drawn scenes are always measured.
        """
        self._studio = studio
        self._folder = folder
        self._scales = tuple(scales)
        self._variants = [each for each in Variant if each in {*variants, *_ALWAYS}]

    def sections(self, domain: Domain, count: int) -> tuple[Section, ...]:
        """Measures cases of one character and of two in each variant."""
        kinds = (1, 2) if has_company(domain) else (1,)
        asked = {people: cases(domain, count, people) for people in kinds}
        variants = [
            *((variant, SCALE) for variant in self._variants),
            *((Variant.BOTH, scale) for scale in self._scales),
        ]
        cells = [(people, *variant) for people in kinds for variant in variants]
        # Case by case, so that a run that is cut has measured the same cases of all cells.
        orders = [
            order_of(asked[people][index], variant, scale)
            for index in range(count)
            for people, variant, scale in cells
        ]
        results = self._studio.measure(orders)
        found = {
            cell: self._measured(orders[at :: len(cells)], results[at :: len(cells)])
            for at, cell in enumerate(cells)
        }
        for people in kinds:
            self._write_grid(asked[people][:SHOWN])
        return tuple(
            likeness_section(
                {variant: found[people, variant, SCALE] for variant in self._variants},
                people,
                {scale: found[people, Variant.BOTH, scale] for scale in self._scales},
            )
            for people in kinds
        )

    def _measured(self, orders: Sequence[Order], results: Sequence[Result]) -> Measured:
        first = orders[:SHOWN]
        made = np.stack([self._studio.picture(order) for order in first])
        drawn = [self._studio.picture(order_of(order.case, Variant.DRAWN)) for order in first]
        return Measured(results, psnr(made, np.stack(drawn)))

    def _write_grid(self, asked: Sequence[Case]) -> None:
        rows: list[list[Picture]] = []
        for variant in (each for each in _ROWS if each in self._variants):
            orders = [order_of(case, variant) for case in asked]
            if variant in _BELOW_REFERENCES:
                rows.append([self._studio.references(each) for each in orders])
            rows.append([self._studio.picture(each) for each in orders])
        write_grid(self._folder / f"likeness-{asked[0].people}.png", rows)


def likeness_sections(
    checkpoint: Path,
    domain: Domain,
    count: int,
    folder: Path,
    audit: Path,
    scales: Sequence[float] = (),
    variants: Sequence[Variant] = tuple(Variant),
) -> tuple[Section, ...]:
    """Measures portraits and pictures of two; what the folder has of them is not made again."""
    if why := missing(checkpoint):
        return tuple(missing_section(people, why) for people in (1, 2))
    illustrator = Illustrator()
    likeness = Likeness(
        Studio(
            Diffuser.load(
                DiffuserSettings(
                    model_path=str(checkpoint), device="cpu", diffuser_rows=2 * _TOGETHER
                )
            ),
            Examiner(Judge.load(checkpoint / JUDGE), _audit(audit), illustrator),
            illustrator,
            folder / "likeness",
            marks(checkpoint, audit),
            _TOGETHER,
        ),
        folder,
        scales,
        variants,
    )
    sections = likeness.sections(domain, count)
    if has_company(domain):
        return sections
    return (*sections, missing_section(2, "the rung has one character"))


def missing(checkpoint: Path) -> str:
    """Returns a sentence about the parts that a checkpoint lacks, or an empty string."""
    parts = (ADAPTER, Path(JUDGE) / "model.safetensors")
    absent = [part.as_posix() for part in parts if not (checkpoint / part).is_file()]
    return f"the checkpoint has no {' and no '.join(absent)}" if absent else ""


def marks(checkpoint: Path, audit: Path) -> tuple[str, ...]:
    """Returns checksums of what makes and judges the pictures."""
    illustrator = Illustrator()
    parts = (
        (file.read_bytes() for file in sorted(checkpoint.rglob("*")) if file.is_file()),
        (file.read_bytes() for file in (audit,) if file.is_file()),
        (illustrator.draw(each.scene).image.tobytes() for each in held_out(FULL, _DRAWN)),
    )
    return tuple(_checksum(part) for part in parts)


def _checksum(parts: Iterable[bytes]) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()


def _audit(file: Path) -> Audit | None:
    return Audit.load(file) if file.is_file() else None
