"""The command of the evaluation."""

import argparse
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers.utils import logging as diffusers_logging
from numpy.typing import NDArray
from transformers.utils import logging as transformers_logging

from actors.storybook import CHECKPOINT
from recipe.evaluation import AUDIT
from recipe.evaluation.attributes import attribute_section, drawn_section, shares
from recipe.evaluation.audit import Audit
from recipe.evaluation.fidelity import fidelity_section, load_upscaler, through_vae
from recipe.evaluation.grids import write_grid
from recipe.evaluation.likeness import likeness_sections
from recipe.evaluation.orders import Variant
from recipe.evaluation.plain import plain_section, time_section
from recipe.evaluation.report import Report, Section, Share
from recipe.evaluation.sampling import Prompt, generate, held_out, load_pipeline
from recipe.illustrator import Illustrator, Scene
from recipe.illustrator.sampling import FULL, RUNGS, Domain

_DESCRIPTION = """\
Measures a storybook checkpoint on held-out captions and characters.

It writes report.txt, report.json and grids into the folder that --out names: each generated
picture above the drawing of the same scene. It prints the report, and exits with 0 when all
targets are met, else with 1. A part that the checkpoint lacks is named and counts as not met.

It climbs the ladder of rungs (portraits, styled, placed, paired, full) until one misses a target;
--rung measures a single one.

Likeness is measured on pictures that the service's own code makes of descriptions and references,
by its prompts and its sampling. Each result is kept in the folder `likeness` as it is made: a run
that was cut goes on there, and one with more pictures makes only those that are new. Grids show,
from above: the references, and pictures made from both, from words alone, from references alone
and from neither; the references of look-alikes, and pictures made from words and those; the
service's own portraits, and pictures made from words and those; the drawn scenes.
--only-likeness measures nothing else, and writes likeness.txt and likeness.json.
"""
_DRAWN = 400
"""Drawings on which the audit classifier's accuracy is measured."""
_UPSCALED = 12
_PAIRED = "paired"
"""The rung of likeness alone: the highest one that the shipped checkpoint is trained for."""
Pictures = NDArray[np.uint8]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures the checkpoint of the command line; returns the exit status."""
    said = _parser().parse_args(arguments)
    torch.set_num_threads(said.threads)
    diffusers_logging.set_verbosity_error()
    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
    said.out.mkdir(parents=True, exist_ok=True)
    evaluation = Evaluation(
        checkpoint=said.checkpoint,
        out=said.out,
        pictures=said.pictures,
        references=said.references,
        scales=tuple(said.scale),
        variants=tuple(said.variants),
        audit=said.audit,
    )
    if said.only_likeness:
        name, report = "likeness", evaluation.likeness_report(said.rung or _PAIRED)
    else:
        name, report = "report", evaluation.report([said.rung] if said.rung else list(RUNGS))
    (said.out / f"{name}.txt").write_text(report.text(), "utf-8")
    (said.out / f"{name}.json").write_text(json.dumps(report.json(), indent=1) + "\n", "utf-8")
    print(report.text(), end="")
    return 1 if report.missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m recipe.evaluate",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--checkpoint", type=Path, default=CHECKPOINT, help="its folder (shipped)")
    parser.add_argument("--out", type=Path, required=True, help="folder of the report and grids")
    parser.add_argument("--rung", choices=list(RUNGS), help="measures only this rung")
    parser.add_argument("--pictures", type=int, default=96, help="pictures of each rung (96)")
    parser.add_argument(
        "--references", type=int, default=80, help="pictures of each variant of likeness (80)"
    )
    parser.add_argument(
        "--scale",
        type=float,
        nargs="+",
        default=[],
        help="also measures words and references at other scales, 0 to 1",
    )
    parser.add_argument(
        "--variants",
        type=Variant,
        choices=list(Variant),
        nargs="+",
        default=list(Variant),
        help="measures likeness only in these, beside words and references (all)",
    )
    parser.add_argument(
        "--only-likeness", action="store_true", help="measures only likeness, of one rung"
    )
    parser.add_argument("--threads", type=int, default=2, help="threads of torch (2)")
    parser.add_argument("--audit", type=Path, default=AUDIT, help="the audit classifier's weights")
    return parser


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Measures one checkpoint, and writes its grids into a folder."""

    checkpoint: Path
    out: Path
    pictures: int
    references: int
    scales: tuple[float, ...]
    variants: tuple[Variant, ...]
    audit: Path
    """Without this file the attributes are not measured; their pictures are made all the same."""

    def likeness_report(self, rung: str) -> Report:
        """Measures only the likeness of a rung's characters."""
        return Report(str(self.checkpoint), _machine(), "not measured", self._likeness(RUNGS[rung]))

    def report(self, rungs: Sequence[str]) -> Report:
        """Measures everything; of the rungs, those up to the first that misses a target."""
        audit = Audit.load(self.audit) if self.audit.is_file() else None
        upscale = load_upscaler(self.checkpoint / "upscaler" / "model.safetensors")
        sections = [plain_section(self.checkpoint), time_section(self.checkpoint, upscale)]
        pipeline = load_pipeline(self.checkpoint)
        all_kinds = held_out(FULL, _DRAWN)
        sections.append(drawn_section(_read(audit, _drawn(all_kinds), _scenes(all_kinds))))
        few = all_kinds[: self.pictures]
        drawn = _drawn(few)
        decoded = through_vae(pipeline, drawn)
        sections.append(fidelity_section(drawn, decoded, _scenes(few)[:_UPSCALED], upscale))
        stands, domain = "none", RUNGS[rungs[0]]
        for rung in rungs:
            sections.append(self._rung(rung, pipeline, audit))
            if not sections[-1].met:
                break
            stands, domain = rung, RUNGS[rung]
        sections += self._likeness(domain)
        return Report(str(self.checkpoint), _machine(), stands, tuple(sections))

    def _likeness(self, domain: Domain) -> tuple[Section, ...]:
        return likeness_sections(
            self.checkpoint,
            domain,
            self.references,
            self.out,
            self.audit,
            self.scales,
            self.variants,
        )

    def _rung(self, rung: str, pipeline: Any, audit: Audit | None) -> Section:
        prompts = held_out(RUNGS[rung], self.pictures)
        scenes = _scenes(prompts)
        generated = generate(
            pipeline, [each.caption for each in prompts], [each.seed for each in prompts]
        )
        drawn = _drawn(prompts)
        write_grid(self.out / f"{rung}.png", [generated, drawn])
        decoded = through_vae(pipeline, drawn)
        found = [_read(audit, images, scenes) for images in (generated, drawn, decoded)]
        return attribute_section(f"Rung: {rung}", *found)


def _read(audit: Audit | None, images: Pictures, scenes: Sequence[Scene]) -> dict[str, Share]:
    return shares(audit, images, scenes) if audit else {}


def _scenes(prompts: Sequence[Prompt]) -> list[Scene]:
    return [prompt.scene for prompt in prompts]


def _drawn(prompts: Sequence[Prompt]) -> Pictures:
    illustrator = Illustrator()
    return np.stack([illustrator.draw(prompt.scene).image for prompt in prompts])


def _machine() -> str:
    return f"{platform.machine()} with {torch.get_num_threads()} threads, torch {torch.__version__}"
