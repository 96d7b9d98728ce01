"""What `make lint` says of a contract that no longer serves the callers of the last release."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

BUF = Path(".tools/protos/bin/buf")


@pytest.fixture
def copy(pytestconfig: pytest.Config, tmp_path: Path) -> Path:
    """Gives a copy of what the check reads, for the test to change."""
    root = pytestconfig.rootpath
    if not (root / BUF).exists():
        pytest.skip("skipped: there is no buf; `make setup` installs it")
    shutil.copy(root / "buf.yaml", tmp_path)
    shutil.copytree(root / "protos", tmp_path / "protos")
    shutil.copytree(root / "scripts", tmp_path / "scripts")
    # As the released contract is this one, a change of the copy is a change of a release.
    build = ("build", "--exclude-source-info", "--output", "protos/baseline.binpb")
    subprocess.run([root / BUF, *build], cwd=tmp_path, check=True)
    return tmp_path


def check(copy: Path, root: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["scripts/check-breaking"],
        cwd=copy,
        env={**os.environ, "BUF": str(root / BUF)},
        capture_output=True,
        text=True,
        check=False,
    )


def change(copy: Path, proto: str, before: str, after: str) -> None:
    path = copy / "protos" / "imggen" / "v1" / proto
    text = path.read_text()
    assert text.count(before) == 1
    path.write_text(text.replace(before, after))


def test_the_contract_serves_the_callers_of_the_last_release(pytestconfig: pytest.Config) -> None:
    root = pytestconfig.rootpath
    if not (root / BUF).exists():
        pytest.skip("skipped: there is no buf; `make setup` installs it")
    found = check(root, root)
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_an_addition_breaks_nothing(copy: Path, pytestconfig: pytest.Config) -> None:
    change(
        copy,
        "style.proto",
        "  int32 version = 6",
        "  // New.\n  string x = 8;\n  int32 version = 6",
    )
    assert check(copy, pytestconfig.rootpath).returncode == 0


@pytest.mark.parametrize(
    ("proto", "before", "after", "said"),
    [
        (
            "style.proto",
            "int32 version = 6 [(google.api.field_behavior) = OUTPUT_ONLY];",
            "",
            'Previously present field "6" with name "version" on message "Style" was deleted',
        ),
        (
            "job.proto",
            "rpc RetryJob(RetryJobRequest) returns (RetryJobResponse);",
            "",
            'Previously present RPC "RetryJob" on service "JobService" was deleted',
        ),
        ("job.proto", "reserved 24, 25, 27 to 29;", "", 'reserved range "[24]"'),
        ("image.proto", "IMAGE_TYPE_COVER = 3", "IMAGE_TYPE_COVER = 4", 'enum value "3"'),
    ],
)
def test_what_callers_use_may_not_go(
    proto: str, before: str, after: str, said: str, copy: Path, pytestconfig: pytest.Config
) -> None:
    change(copy, proto, before, after)
    found = check(copy, pytestconfig.rootpath)
    assert found.returncode == 100
    assert said in found.stdout
