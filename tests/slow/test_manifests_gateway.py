"""The gateway starts with the settings that each overlay of Kubernetes gives it, and no other."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from server.store.migrate import migrate
from tests.gateway_start import here, start_and_stop
from tests.integration.swift import Swift, running_swift
from tests.kubernetes import OVERLAYS, find_manifests, read
from tests.temporary_postgres import temporary_postgres

SECRETS = {
    "IMGGEN_DATABASE_URL": "",
    "IMGGEN_JWT_SECRET": "a-secret-of-the-tests-with-enough-bytes",
    "AWS_ACCESS_KEY_ID": "id",
    "AWS_SECRET_ACCESS_KEY": "key",
}
KEY_FILE = "IMGGEN_CLOUDFRONT_PRIVATE_KEY_FILE"


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with temporary_postgres() as url:
        yield url


@pytest.fixture(scope="module")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swift]:
    with running_swift(tmp_path_factory.mktemp("swift")) as swift:
        yield swift


@pytest.mark.parametrize("name", OVERLAYS)
async def test_the_gateway_starts_with_the_settings_of_an_overlay(
    name: str, postgres: str, swift: Swift, tmp_path: Path
) -> None:
    overlay = read(find_manifests(), name)
    await migrate(postgres)
    [gateway] = overlay.gateway["spec"]["containers"]
    environment = here(overlay.environment(gateway, SECRETS), postgres, swift)
    if name == "prod":
        environment |= _of_the_cluster(environment, tmp_path)
    status, lines = await start_and_stop(environment, tmp_path)

    assert status == 0, lines
    events = [line["event"] for line in lines]
    assert "listening" in events
    assert ("pictures not checked" in events) == (name == "dev")


def _of_the_cluster(environment: dict[str, str], folder: Path) -> dict[str, str]:
    """Returns what the pod has by other means: a mounted key."""
    key = folder / Path(environment[KEY_FILE]).name
    made = ec.generate_private_key(ec.SECP256R1())
    key.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return {KEY_FILE: str(key)}
