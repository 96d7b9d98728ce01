"""An older dump is restored as docs/operations.md says: what was made since stays."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from cluster.embedded.postgres import postgres_program
from server.store import open_store
from server.upkeep.sweep import Sweeper, Swept
from server.upkeep.usage import Usage
from tests.integration.callers import Caller
from tests.integration.conftest import administer, database_url
from tests.integration.gateway_fixture import GatewayFixture
from tests.integration.old_objects import age, all_keys, in_use, lost_object

MADE_SINCE = 24


async def test_pictures_made_after_the_dump_outlive_its_restoring(
    gateway: GatewayFixture, mia: Caller, postgres: str, database: str, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    first, since = now - timedelta(days=6), now - timedelta(days=3)
    await in_use(gateway.store, first)
    await gateway.draw(await mia.portrait())
    left_by_a_crash = await lost_object(gateway.storage, first)
    for key in await all_keys(gateway.storage):
        age(gateway.storage, key, first)

    dump = tmp_path / "imggen.dump"
    run("pg_dump", "--format=custom", "--file", str(dump), database)

    # In the database that is lost, but in use: its record says so, and the dump's does not.
    await in_use(gateway.store, since)
    made = [await lost_object(gateway.storage, since) for _ in range(MADE_SINCE)]

    name = f"restored_{uuid4().hex}"
    restored = database_url(postgres, name)
    await administer(postgres, f"CREATE DATABASE {name}")
    run("pg_restore", "--no-owner", "--dbname", restored, str(dump))
    async with open_store(restored) as store:
        await Usage(store.uses).note()
        sweeper = Sweeper(store, gateway.storage)
        assert await sweeper.sweep() == Swept(images=0, orphans=1, failures=0)
        assert await sweeper.sweep() == Swept(images=0, orphans=0, failures=0)
    await administer(postgres, f"DROP DATABASE {name} WITH (FORCE)")
    kept = await all_keys(gateway.storage)
    assert left_by_a_crash not in kept
    assert set(made) < set(kept)
    assert len(kept) == len(made) + 4


def run(program: str, *arguments: str) -> None:
    """Runs a program of the embedded Postgres."""
    subprocess.run([postgres_program(program), *arguments], check=True, capture_output=True)
