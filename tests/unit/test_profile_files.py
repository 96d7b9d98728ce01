"""The files of profiles: an operator's over the shipped ones, and what is refused of them."""

from pathlib import Path

import pytest

from actors.engine.profiles import PROFILES, ProfileInvalid, read_profiles
from actors.engine.refusal import CheckpointRefused
from actors.engine.render import LoraWeight, Scheduler
from actors.prompts.dialect import CompiledPrompt
from server.domain.models import Size
from server.domain.states import Quality
from tests.unit.content import render_spec

DISTILLED = """
[tiers.draft]
steps = 4
guidance_scale = 0
scheduler = "euler_trailing"
loras = [{ name = "lightning.safetensors" }, { name = "pen.safetensors", weight = 0.5 }]
"""


def own(folder: Path, text: str, name: str = "sdxl.toml") -> Path:
    """Writes a file of a folder of profiles; returns the folder."""
    (folder / name).write_text(text)
    return folder


def test_a_distilled_lora_is_set_without_code(tmp_path: Path) -> None:
    profiles = read_profiles(own(tmp_path, DISTILLED))
    spec = render_spec(model="sdxl", quality=Quality.DRAFT)
    request = profiles["sdxl"].request(spec, CompiledPrompt("a fox", ""), Size(1024, 1024))
    assert (request.steps, request.guidance_scale) == (4, 0)
    assert request.scheduler is Scheduler.EULER_TRAILING
    assert request.loras == (
        LoraWeight("lightning.safetensors", 1.0),
        LoraWeight("pen.safetensors", 0.5),
    )


def test_a_file_bounds_the_guidance_to_noise_levels(tmp_path: Path) -> None:
    profiles = read_profiles(own(tmp_path, "[tiers.hd]\nguidance_interval = [0.28, 5.42]"))
    spec = render_spec(model="sdxl", quality=Quality.HD)
    request = profiles["sdxl"].request(spec, CompiledPrompt("a fox", ""), Size(1024, 1024))
    assert request.guidance_interval == (0.28, 5.42)


def test_what_a_file_does_not_name_stays(tmp_path: Path) -> None:
    profiles = read_profiles(own(tmp_path, DISTILLED))
    shipped, changed = PROFILES["sdxl"], profiles["sdxl"]
    assert changed.tiers[Quality.HD] == shipped.tiers[Quality.HD]
    assert changed.max_references == shipped.max_references
    assert profiles["storybook"].tiers == PROFILES["storybook"].tiers


def test_a_file_brings_the_checkpoints_own_scheduler_back(tmp_path: Path) -> None:
    assert PROFILES["sdxl"].tiers[Quality.DRAFT].scheduler is Scheduler.DPM_KARRAS
    profiles = read_profiles(own(tmp_path, '[tiers.draft]\nscheduler = "own"\n'))
    assert profiles["sdxl"].tiers[Quality.DRAFT].scheduler is Scheduler.OWN


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[tiers.draft]\nstep = 4", "tiers.draft.step: is not known here; use one of steps, guid"),
        (
            "[tiers.fast]\nsteps = 4",
            "tiers.fast: is not known here; use one of draft, standard, hd",
        ),
        ("steps = 4", "steps: is not known here; use one of dialect, max_references, refer"),
        (
            "[tiers.draft]\nsteps = 0",
            "tiers.draft.steps: input should be greater than or equal to 1",
        ),
        (
            "[tiers.draft]\nsteps = '4'",
            "tiers.draft.steps: input should be a valid integer, not '4'",
        ),
        ("[tiers.draft]\nsteps = true", "tiers.draft.steps: input should be a valid integer"),
        (
            "[tiers.hd]\nscheduler = 'ancestral'",
            "tiers.hd.scheduler: must be one of own, euler, euler_trailing, dpm++2m_karras, ddim, "
            "not 'ancestral'",
        ),
        ("[tiers.hd]\nguidance_scale = nan", "tiers.hd.guidance_scale: input should be"),
        (
            "[tiers.hd]\nguidance_rescale = 2",
            "tiers.hd.guidance_rescale: input should be less than or equal to 1, not '2'",
        ),
        (
            "[tiers.hd]\nguidance_interval = [5.42, 0.28]",
            r"tiers.hd.guidance_interval: must be two noise levels .* not '\[5.42, 0.28\]'",
        ),
        (
            "[tiers.hd]\nguidance_interval = [nan, inf]",
            "tiers.hd.guidance_interval: must be two noise levels",
        ),
        (
            "[tiers.hd]\nguidance_interval = [1]",
            "tiers.hd.guidance_interval.1: is missing",
        ),
        ("dialect = 'flux'", "dialect: input should be 'storybook' or 'sdxl', not 'flux'"),
        ("tiers = 3", "tiers: must be a table, not '3'"),
        (
            "[tiers.hd]\nloras = [{ name = 'a.safetensors', wait = 1 }]",
            "tiers.hd.loras.0.wait: is not known here; use one of name, weight",
        ),
        ("[tiers.hd]\nloras = [{ name = '../a' }]", "tiers.hd.loras.0.name: string should match"),
        ("[tiers.hd]\nloras = [{ name = 'pen' }]", "tiers.hd.loras.0.name: string should match"),
        ("[tiers.hd]\nloras = [{ weight = 1 }]", "tiers.hd.loras.0.name: is missing"),
        (
            "[tiers.hd]\nloras = [{ name = 'a.safetensors' }, { name = 'a.safetensors' }]",
            "tiers.hd.loras: must name each file once; give it one weight, not ",
        ),
        ("[tiers", "is not TOML"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ProfileInvalid, match=rf"sdxl\.toml: {problem}".replace("++", r"\+\+")):
        read_profiles(own(tmp_path, text))


def test_all_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    text = "max_references = -1\n[tiers.draft]\nsteps = 0\nguidance = 3"
    with pytest.raises(ProfileInvalid, match=r"max_references: .*draft.steps: .*draft.guidance: "):
        read_profiles(own(tmp_path, text))


def test_a_file_of_no_model_and_a_folder_that_is_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileInvalid, match=r"missing: is no folder; IMGGEN_PROFILES must name"):
        read_profiles(tmp_path / "missing")
    own(tmp_path, "", "sd15.toml")
    with pytest.raises(
        CheckpointRefused, match=r"sd15\.toml: no local model .* storybook\.toml, s"
    ):
        read_profiles(tmp_path)
