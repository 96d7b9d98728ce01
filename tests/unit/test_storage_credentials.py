"""Temporary credentials: URLs end with them, and new ones come beside the calls that sign."""

import asyncio
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest

from server.storage import StorageUnavailable
from server.storage.s3 import S3Storage
from server.storage.s3_client import Bucket

KEY = "user/job/1/a.png"
HOUR = timedelta(hours=1)

# A program that gives credentials, as organisations write them: it reads what it should say.
GIVES = """
import json, pathlib, sys, time
said = json.loads(pathlib.Path(sys.argv[1]).read_text())
with open(sys.argv[1] + ".asked", "a") as file:
    file.write(".")
while pathlib.Path(sys.argv[1] + ".hold").exists():
    time.sleep(0.01)
if said["fails"]:
    sys.exit("no credentials today")
print(json.dumps({
    "Version": 1, "AccessKeyId": said["id"], "SecretAccessKey": "s", "SessionToken": "t",
    "Expiration": said["expires"],
}))
"""


class Giver:
    """A program that gives temporary credentials, and boto3 sessions that ask it."""

    def __init__(self, folder: Path) -> None:
        self._said = folder / "said.json"
        self.hold = folder / "said.json.hold"
        program = folder / "gives.py"
        program.write_text(GIVES)
        self.config = folder / "config"
        self.config.write_text(
            f"[profile given]\ncredential_process = {sys.executable} {program} {self._said}\n"
        )

    def says(self, id: str, lasts: timedelta, *, fails: bool = False) -> datetime:
        """Gives these credentials from now on; returns when they end."""
        end = (datetime.now(UTC) + lasts).replace(microsecond=0)
        said = {"id": id, "expires": end.isoformat(), "fails": fails}
        self._said.write_text(json.dumps(said))
        return end

    @property
    def asked(self) -> int:
        """How often it was asked."""
        asked = Path(f"{self._said}.asked")
        return len(asked.read_text()) if asked.exists() else 0

    def storage(self, refresh_s: float = 30.0) -> S3Storage:
        """Returns a storage whose credentials come from it."""
        session = boto3.Session(profile_name="given", region_name="eu-central-1")
        return S3Storage(session, Bucket("pictures"), refresh_s=refresh_s)


@pytest.fixture(name="giver")
def set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Giver:
    giver = Giver(tmp_path)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(giver.config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    return giver


def signed_by(url: str) -> str:
    return parse_qs(urlsplit(url).query)["X-Amz-Credential"][0].partition("/")[0]


def works_until(url: str) -> datetime:
    query = parse_qs(urlsplit(url).query)
    begins = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return begins + timedelta(seconds=int(query["X-Amz-Expires"][0]))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_url_ends_with_the_credentials_that_sign_it(giver: Giver) -> None:
    end = giver.says("first", timedelta(minutes=40))
    async with giver.storage() as storage:
        wanted = datetime.now(UTC) + HOUR
        assert storage.lasting(wanted) == end
        assert works_until(storage.sign(KEY, wanted)) <= end
        sooner = datetime.now(UTC) + timedelta(minutes=5)
        assert storage.lasting(sooner) == sooner


async def test_permanent_credentials_end_no_url() -> None:
    session = boto3.Session("key id", "secret", region_name="eu-central-1")
    async with S3Storage(session, Bucket("pictures")) as storage:
        wanted = datetime.now(UTC) + HOUR
        assert storage.lasting(wanted) == wanted


async def test_new_credentials_come_in_the_background(giver: Giver) -> None:
    giver.says("first", timedelta(minutes=5))
    async with giver.storage(refresh_s=0.05) as storage:
        assert signed_by(storage.sign(KEY, datetime.now(UTC) + HOUR)) == "first"
        giver.says("second", HOUR)
        later = datetime.now(UTC) + HOUR
        await until(lambda: signed_by(storage.sign(KEY, later)) == "second")


async def test_signing_never_waits_for_new_credentials(giver: Giver) -> None:
    giver.says("first", timedelta(minutes=5))
    async with giver.storage(refresh_s=0.05) as storage:
        giver.hold.touch()
        giver.says("second", HOUR)
        asked = giver.asked
        await until(lambda: giver.asked > asked)
        # The program is asked and has not answered: a URL is signed by what there is.
        assert signed_by(storage.sign(KEY, datetime.now(UTC) + HOUR)) == "first"
        giver.hold.unlink()


async def test_credentials_that_have_ended_without_new_ones_are_unavailable(
    giver: Giver, caplog: pytest.LogCaptureFixture
) -> None:
    giver.says("first", timedelta(seconds=20))  # time enough to open
    async with giver.storage(refresh_s=0.05) as storage:
        giver.says("none", HOUR, fails=True)
        later = datetime.now(UTC) + HOUR

        def ended() -> bool:
            try:
                storage.lasting(later)
            except StorageUnavailable:
                return True
            return False

        await until(ended)
        for use in (storage.sign, storage.sign_cdn):
            with pytest.raises(StorageUnavailable, match="the credentials ended at"):
                use(KEY, later)
        with pytest.raises(StorageUnavailable, match="CredentialRetrievalError"):
            await storage.get(KEY)
        assert "credentials not refreshed" in caplog.text
        giver.says("third", HOUR)
        await until(lambda: not ended())


async def test_no_credentials_at_the_start_are_unavailable(giver: Giver) -> None:
    giver.says("none", HOUR, fails=True)
    with pytest.raises(StorageUnavailable, match="CredentialRetrievalError"):
        async with giver.storage():
            pass
