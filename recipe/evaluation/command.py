"""The command of the evaluation."""

import argparse
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
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
from recipe.evaluation.identity import identity_section
from recipe.evaluation.plain import plain_section, time_section
from recipe.evaluation.report import Report, Section, Share
from recipe.evaluation.sampling import Prompt, generate, held_out, load_pipeline
from recipe.illustrator import Illustrator, Scene
from recipe.illustrator.sampling import FULL, RUNGS

_DESCRIPTION = """\
Measures a storybook checkpoint on held-out captions and characters.

It writes report.txt, report.json and grids into the folder that --out names: each generated
picture above the drawing of the same scene; references above the pictures generated with them,
without them and from full captions, and the drawing. It prints the report, and exits with 0 when
all targets are met, else with 1. A part that the checkpoint lacks is named and counts as not met.

It climbs the ladder of rungs (portraits, styled, placed, paired, full) until one misses a target;
--rung measures a single one.
"""
_DRAWN = 400
"""Drawings on which the audit classifier's accuracy is measured."""
_UPSCALED = 12
_SHOWN = 24
Pictures = NDArray[np.uint8]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures the checkpoint of the command line; returns the exit status."""
    said = _parser().parse_args(arguments)
    torch.set_num_threads(said.threads)
    diffusers_logging.set_verbosity_error()
    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
    said.out.mkdir(parents=True, exist_ok=True)
    audit = Audit.load(said.audit) if said.audit.is_file() else None
    report = Evaluation(said.checkpoint, said.out, said.pictures, said.references, audit).report(
        [said.rung] if said.rung else list(RUNGS)
    )
    (said.out / "report.txt").write_text(report.text(), "utf-8")
    (said.out / "report.json").write_text(json.dumps(report.json(), indent=1) + "\n", "utf-8")
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
        "--references", type=int, default=80, help="pictures drawn from references (80)"
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
    audit: Audit | None
    """None leaves the attributes unmeasured; their pictures are still made, for inspection."""

    def report(self, rungs: Sequence[str]) -> Report:
        """Measures everything; of the rungs, those up to the first that misses a target."""
        upscale = load_upscaler(self.checkpoint / "upscaler" / "model.safetensors")
        sections = [plain_section(self.checkpoint), time_section(self.checkpoint, upscale)]
        pipeline = load_pipeline(self.checkpoint)
        all_kinds = held_out(FULL, _DRAWN)
        sections.append(drawn_section(self._read(_drawn(all_kinds), _scenes(all_kinds))))
        few = all_kinds[: self.pictures]
        drawn = _drawn(few)
        decoded = through_vae(pipeline, drawn)
        sections.append(fidelity_section(drawn, decoded, _scenes(few)[:_UPSCALED], upscale))
        stands, domain = "none", RUNGS[rungs[0]]
        for rung in rungs:
            sections.append(self._rung(rung, pipeline))
            if not sections[-1].met:
                break
            stands, domain = rung, RUNGS[rung]
        identity, grids = identity_section(self.checkpoint, domain, self.references)
        for first in range(0, len(grids), 4):
            people = first // 4 + 1
            write_grid(self.out / f"identity-{people}.png", grids[first : first + 4])
        sections.append(identity)
        return Report(str(self.checkpoint), _machine(), stands, tuple(sections))

    def _read(self, images: Pictures, scenes: Sequence[Scene]) -> dict[str, Share]:
        return shares(self.audit, images, scenes) if self.audit else {}

    def _rung(self, rung: str, pipeline: Any) -> Section:
        prompts = held_out(RUNGS[rung], self.pictures)
        scenes = _scenes(prompts)
        generated = generate(
            pipeline, [each.caption for each in prompts], [each.seed for each in prompts]
        )
        drawn = _drawn(prompts)
        write_grid(self.out / f"{rung}.png", [generated, drawn])
        decoded = through_vae(pipeline, drawn)
        found = [self._read(images, scenes) for images in (generated, drawn, decoded)]
        return attribute_section(f"Rung: {rung}", *found)


def write_grid(file: Path, rows: Sequence[Pictures], columns: int = 8) -> None:
    """Writes rows of pictures, those of one column below each other."""
    count = min(_SHOWN, len(rows[0]))
    lines = []
    for first in range(0, count, columns):
        for row in rows:
            shown = row[first : min(first + columns, count)]
            blank = np.full((columns - len(shown), *row.shape[1:]), 255, np.uint8)
            lines.append(np.hstack([*shown, *blank]))
    cv2.imwrite(str(file), cv2.cvtColor(np.vstack(lines), cv2.COLOR_RGB2BGR))


def _scenes(prompts: Sequence[Prompt]) -> list[Scene]:
    return [prompt.scene for prompt in prompts]


def _drawn(prompts: Sequence[Prompt]) -> Pictures:
    illustrator = Illustrator()
    return np.stack([illustrator.draw(prompt.scene).image for prompt in prompts])


def _machine() -> str:
    return f"{platform.machine()} with {torch.get_num_threads()} threads, torch {torch.__version__}"
