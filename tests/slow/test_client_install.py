"""The published package in a separate virtual environment."""

import json
import shlex
import shutil
import subprocess
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BASE = {"googleapis-common-protos", "grpcio", "imggen", "protobuf", "typing_extensions"}


class Environment:
    """A new virtual environment."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=True)
        self.bin = folder / "bin"

    def run(self, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self.bin / program, *arguments],
            capture_output=True,
            check=False,
            text=True,
            timeout=300,
        )

    def python(self, code: str) -> str:
        done = self.run("python", "-W", "error", "-c", code)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def install(self, package: str) -> None:
        done = self.run("pip", "install", "--constraint", str(ROOT / "constraints.txt"), package)
        assert done.returncode == 0, done.stderr

    def distributions(self) -> set[str]:
        listed = json.loads(self.run("pip", "list", "--format", "json").stdout)
        names = {each["name"].replace("-", "_").lower() for each in listed}
        return names - {"pip", "setuptools"}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Returns a copy of the package's source, since a build leaves folders beside it."""
    copy = tmp_path_factory.mktemp("source") / "client"
    leftovers = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT / "client", copy, ignore=leftovers)
    return str(copy)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory, source: str) -> Environment:
    environment = Environment(tmp_path_factory.mktemp("bare") / "venv")
    environment.install(source)
    return environment


def test_a_bare_install_brings_grpc_and_protobuf_and_nothing_else(bare: Environment) -> None:
    assert bare.distributions() == {name.replace("-", "_") for name in BASE}


def test_a_bare_install_imports_and_makes_a_picture(bare: Environment) -> None:
    made = bare.python(
        "from imggen import SyncClient\n"
        "from imggen.testing import FakeService\n"
        "with FakeService() as fake, SyncClient(fake.target) as client:\n"
        "    mia = client.create_character(name='Mia')\n"
        "    print(client.wait(client.generate_portrait(mia, style='anime')).status)\n"
    )
    assert made.strip() == "3"


def test_a_bare_install_is_typed(bare: Environment) -> None:
    code = "import imggen, pathlib; print(pathlib.Path(imggen.__file__).parent)"
    package = Path(bare.python(code).strip())
    assert (package / "py.typed").exists()
    assert (package / "v1" / "job_pb2.pyi").exists()


def test_a_bare_install_names_the_extra_of_the_command(bare: Environment) -> None:
    done = bare.run("imggen", "styles")
    assert done.returncode == 1
    # What it says can be done: the package itself is on no index.
    hint = shlex.split(done.stderr.partition("pip install ")[2])
    assert [each.rstrip(">=.0123456789") for each in hint] == ["click", "pyyaml", "rich"]


def test_the_extra_brings_the_command(
    source: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    environment = Environment(tmp_path_factory.mktemp("extra") / "venv")
    environment.install(f"{source}[cli]")
    assert {"click", "rich"} <= environment.distributions()
    done = environment.run("imggen", "--help")
    assert done.returncode == 0, done.stderr
    assert "imggen portrait CHARACTER_ID" in done.stdout
