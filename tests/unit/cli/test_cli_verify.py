"""`imggen verify` says whose a picture is, and whether it is as it was signed."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from actors.credentials.base import Made
from actors.testing.signing import ScriptedKey
from server.domain.ids import ImageId
from tests.signatures import picture
from tests.unit.cli.conftest import Command

IMAGE = ImageId(UUID("00000000-0000-4000-8000-000000000001"))
PARENT = ImageId(UUID("00000000-0000-4000-8000-000000000002"))
MADE = Made(IMAGE, "storybook", datetime(2026, 11, 30, 12, tzinfo=UTC), PARENT)


@pytest.fixture(scope="module")
def key() -> ScriptedKey:
    return ScriptedKey()


@pytest.fixture
def file(tmp_path: Path, key: ScriptedKey) -> Path:
    path = tmp_path / "mia.jpg"
    path.write_bytes(key.signer().sign(picture("JPEG"), "image/jpeg", MADE))
    return path


def test_a_signed_picture_is_shown_with_its_signer(command: Command, file: Path) -> None:
    said = command("verify", str(file))
    assert said.splitlines()[0] == (
        f"{file}: as it was signed, with a development certificate, which anybody can make"
    )
    for line in (
        "signed by   imggen development certificate, imggen development, not trusted",
        "made by     a trained algorithm",
        "model       storybook",
        "made at     2026-11-30T12:00:00+00:00",
        f"what        image {IMAGE}",
        f"from        image {PARENT}",
    ):
        assert f"  {line}\n" in said
    shown = command.json("verify", str(file))["credentials"]
    assert (shown["verdict"], shown["model"]) == ("development", "storybook")
    assert shown["parents"] == [f"image {PARENT}"]


def test_a_changed_picture_and_one_without_credentials_are_told(
    command: Command, file: Path
) -> None:
    changed = bytearray(file.read_bytes())
    changed[-40] ^= 1
    file.write_bytes(changed)
    assert f"{file}: changed after it was signed\n" in command("verify", str(file), code=1)
    file.write_bytes(picture("PNG"))
    assert f"{file}: no content credentials" in command("verify", str(file), code=1)


def test_a_file_that_is_no_picture_is_refused(command: Command, file: Path) -> None:
    file.write_bytes(b"a text")
    command("verify", str(file), code=1)
    assert f"{file}: it is no PNG, JPEG or WebP" in command.err
    command("verify", str(file.with_name("nothing")), code=2)


def test_only_those_who_are_trusted_are(command: Command, file: Path, key: ScriptedKey) -> None:
    root, other = file.with_name("root.pem"), file.with_name("other.pem")
    root.write_bytes(key.made.root)
    other.write_bytes(ScriptedKey().made.root)
    assert "by somebody you trust" in command("verify", str(file), "--trust", str(root))
    said = command("verify", str(file), "--trust", str(other), code=1)
    assert "with a development certificate" in said


def test_without_its_library_the_command_says_what_installs_it(
    command: Command, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "imggen.verifying", None)
    command("verify", str(file), code=1)
    assert "verify needs c2pa-python (" in command.err
    assert "c2pa-python" in command.err.partition("pip install")[2]
