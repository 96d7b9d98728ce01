"""`make schema`: the checked-in schema is the one that the migrations create."""

import subprocess
import sys
from pathlib import Path

import pytest

from cluster.embedded.postgres import dump_schema
from server.store.schema import SCHEMA, readable


def test_the_checked_in_schema_is_that_of_a_migrated_database(database: str) -> None:
    assert SCHEMA.read_text() == readable(dump_schema(database)), "run `make schema`"


def test_the_command_writes_the_file_and_detects_a_stale_one(
    pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    def run(*options: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "scripts/write-schema", *options, "--file", str(file)]
        return subprocess.run(
            command, cwd=pytestconfig.rootpath, capture_output=True, text=True, check=False
        )

    file = tmp_path / "schema.sql"
    file.write_text("stale\n")
    stale = run("--check")
    assert stale.returncode == 1
    assert "run `make schema`" in stale.stderr
    assert file.read_text() == "stale\n"
    assert run().returncode == 0
    assert file.read_text() == SCHEMA.read_text()
    assert run("--check").returncode == 0
