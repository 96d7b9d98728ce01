"""The steps of the gateway's image, in a bare virtual environment instead of a container."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.images import IMAGES, lay_out, line_of, stages
from tests.markdown import ROOT

FILE = stages((IMAGES / "Dockerfile").read_text())
VENV = "/opt/imggen"
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the Python of the libraries that the image copies."""
    build = tmp_path_factory.mktemp("build")
    line = line_of("gateway-libraries", FILE)
    for stage in line:
        lay_out(stage, build)
    for step in [run for stage in line for run in stage.texts("RUN")]:
        here = step.replace(VENV, str(build / "venv"))
        # With the environment, which may name a mirror of PyPI.
        environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
        done = _run(["sh", "-c", here], build, **environment)
        assert done.returncode == 0, (step, done.stderr)
    return build / "venv" / "bin" / "python"


def test_the_image_runs_on_its_own_libraries(python: Path, tmp_path: Path) -> None:
    lay_out(FILE["gateway"], tmp_path)
    path = f"{tmp_path}:{tmp_path / 'client'}"
    done = _run([python, "-W", "error", "-m", "server", "--help"], tmp_path, PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    code = "import server.app, boto3, server.storage.s3"
    done = _run([python, "-c", code], tmp_path, PYTHONPATH=path)
    assert done.returncode == 0, done.stderr


def test_its_libraries_are_the_tested_ones_and_none_builds(python: Path) -> None:
    code = (
        "import importlib.metadata as m, json\n"
        "print(json.dumps({d.metadata['Name'].lower(): d.version for d in m.distributions()}))"
    )
    found: dict[str, str] = json.loads(_run([python, "-c", code], ROOT).stdout)
    pins = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    )
    assert {name.replace("_", "-"): version for name, version in found.items()}.items() <= (
        pins.items()
    )
    assert not set(found) & {"pip", "setuptools", "wheel", "ray", "torch", "pytest"}


def _run(
    command: Sequence[str | Path], folder: Path, **environment: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, check=False, text=True
    )
