"""The store behaves like its model; broken stores do not."""

import asyncio
import subprocess
import sys
from uuid import uuid4

import pytest

from tests.faults import mutations
from tests.faults.builds import Mutation, built
from tests.faults.environment import administer, named


async def run_model(server: str, mutation: Mutation | None, examples: int) -> tuple[int, str]:
    """Runs the model against the store of a build; returns the exit status and the output."""
    name = f"model_{uuid4().hex}"
    await administer(server, f"CREATE DATABASE {name} TEMPLATE faults_template")
    url = named(server, name)
    with built(mutation) as build:
        await administer(url, *build.statements)
        ran = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "tests.faults.model", url, "--examples", str(examples)],
            env=build.environment(),
            cwd=build.root,
            capture_output=True,
            text=True,
            check=False,
        )
    await administer(server, f"DROP DATABASE {name} WITH (FORCE)")
    return ran.returncode, ran.stdout + ran.stderr


async def test_the_store_behaves_like_its_model(server: str) -> None:
    status, output = await run_model(server, None, 8)
    assert status == 0, output


@pytest.mark.parametrize(
    ("mutation", "found"),
    [
        (mutations.NO_ATTEMPT_CHECK, "a lost lease"),
        (mutations.REQUESTS_FORGOTTEN, "a request_id made a second job"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
async def test_a_broken_store_does_not(server: str, mutation: Mutation, found: str) -> None:
    status, output = await run_model(server, mutation, 100)
    assert status == 1, output
    assert "the store and the model differ" in output
    assert found in output
