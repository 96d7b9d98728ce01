"""The tools of `make`: the machine check, and coverage of killed processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from coverage import CoverageData

CONFIG = """
[run]
source = {folder}
parallel = true
patch = subprocess
plugins = tests.coverage_hook
"""

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "child.py"], stdout=subprocess.PIPE)
child.stdout.readline()
child.kill()
child.wait()
"""

# Says "saved" once coverage has committed lines to the file of this process: a file that is
# only there may still be empty.
CHILD = """
import os, sqlite3, threading
from pathlib import Path

def work():
    reached = 1

def saved(path):
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as data:
            return data.execute("SELECT 1 FROM line_bits").fetchone() is not None
    except sqlite3.OperationalError:
        return False

work()
pause = threading.Event()
while not any(saved(path) for path in Path().glob(f"lines.*pid{os.getpid()}.*")):
    pause.wait(0.05)
print("saved", flush=True)
pause.wait()
"""

# A Python whose ensurepip module does not exist.
WITHOUT_VENV = """#!/bin/sh
exec "{python}" -c "$(echo "$2" | sed s/ensurepip/no_such_module/)"
"""


@pytest.fixture
def root(pytestconfig: pytest.Config) -> Path:
    return pytestconfig.rootpath


def check_machine(root: Path, python: str, free_gb: int) -> "subprocess.CompletedProcess[str]":
    command = ["scripts/check-machine", python, str(free_gb)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def test_a_complete_machine_gets_no_message(root: Path) -> None:
    answer = check_machine(root, sys.executable, 0)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


def test_a_machine_without_a_python_gets_the_line_that_installs_it(root: Path) -> None:
    answer = check_machine(root, "", 0)
    assert answer.returncode == 1
    assert "needs Python 3.11" in answer.stderr
    assert "apt-get install -y python3" in answer.stderr


def test_a_python_without_its_venv_module_gets_the_line_that_installs_it(
    root: Path, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text(WITHOUT_VENV.format(python=sys.executable))
    python.chmod(0o755)
    answer = check_machine(root, str(python), 0)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert answer.returncode == 1
    assert f"apt-get install -y python{version}-venv" in answer.stderr


def test_a_full_disk_gets_a_message_with_the_required_space(root: Path) -> None:
    answer = check_machine(root, sys.executable, 10**9)
    assert answer.returncode == 1
    assert f"needs {10**9} GB" in answer.stderr


def test_make_alone_explains_the_targets(root: Path) -> None:
    answer = subprocess.run(["make"], cwd=root, capture_output=True, text=True, check=True)
    for target in (
        *("setup", "demo", "up", "test", "check", "protos", "schema", "constraints"),
        *("baseline", "settings", "clean"),
        *("bench", "bench-up", "bench-jobs", "bench-clean", "load-tools", "manifest-tools"),
    ):
        assert f"make {target} " in answer.stdout


def test_the_lines_of_a_killed_child_are_counted(root: Path, tmp_path: Path) -> None:
    (tmp_path / "coveragerc").write_text(CONFIG.format(folder=tmp_path))
    (tmp_path / "parent.py").write_text(PARENT)
    child = tmp_path / "child.py"
    child.write_text(CHILD)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")
    } | {"COVERAGE_FILE": str(tmp_path / "lines"), "PYTHONPATH": str(root)}
    command = [sys.executable, "-m", "coverage", "run", "--rcfile=coveragerc", "parent.py"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=60)

    counted: set[int] = set()
    for path in tmp_path.glob("lines.*"):
        data = CoverageData(basename=str(path))
        data.read()
        counted.update(data.lines(str(child)) or ())
    assert 1 + CHILD.splitlines().index("    reached = 1") in counted
