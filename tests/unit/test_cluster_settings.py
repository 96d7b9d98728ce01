"""Every variable that a config of `cluster` names is a setting, wherever it is built."""

import re
from pathlib import Path

import pytest

from cluster.embedded.processes import MARK
from tests.markdown import ROOT
from tests.settings_names import DATA_PLANE, GATEWAY

FOLDERS = ("kubernetes", "ray", "serve", "observe", "images")
FILES = [
    pytest.param(path, id=path.relative_to(ROOT).as_posix())
    for folder in FOLDERS
    for path in sorted((ROOT / "cluster" / folder).rglob("*"))
    if path.suffix in (".yaml", ".env", ".md") or path.name == "Dockerfile"
]


@pytest.mark.parametrize("path", FILES)
def test_every_variable_that_is_named_is_a_setting(path: Path) -> None:
    text = path.read_text()
    named = set(re.findall(r"\bIMGGEN_[A-Z][A-Z_]*[A-Z]\b", text))
    assert named - (GATEWAY | DATA_PLANE | {MARK}) == set()


def test_models_on_gpus_enlarge_print_assets_and_have_an_upscaler() -> None:
    """None ships for SDXL: without one, prints would be Lanczos's, and nobody would say so."""
    files = {
        path.relative_to(ROOT / "cluster").as_posix(): variables(path)
        for path in (ROOT / "cluster").rglob("*.env")
    }
    on_gpus = {name: each for name, each in files.items() if each.get("IMGGEN_MODEL") == "sdxl"}
    assert set(on_gpus) == {"kubernetes/overlays/prod/ray.env", "ray/settings.env"}
    for name, each in on_gpus.items():
        assert each["IMGGEN_PRINT_BY_MODEL"] == "true", name
        assert each["IMGGEN_UPSCALER"].endswith(".safetensors"), name


def variables(path: Path) -> dict[str, str]:
    lines = (line for line in path.read_text().splitlines() if "=" in line)
    return dict(line.split("=", 1) for line in lines)
