"""`imggen verify` says whose a picture is, and whether it is as it was signed."""

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image

from actors.credentials.base import Made
from actors.credentials.chains import Chain
from actors.credentials.local import LocalKey
from actors.credentials.manifest import ManifestSigner
from actors.finishing.files import saved
from actors.finishing.watermark import Watermark
from actors.testing.signing import ScriptedKey
from imggen.watermark import Pattern
from server.clock import SYSTEM_CLOCK
from server.domain.ids import ImageId
from tests.signatures import issued, picture
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


def test_any_bundle_of_certificates_is_taken(
    command: Command, file: Path, key: ScriptedKey
) -> None:
    bundle = file.with_name("bundle.pem")
    other = ScriptedKey().made.root
    parts = [
        "Autorit\xe9s\n=======\n".encode("latin-1"),
        other,
        b"# subject=CN = ours\n\n",
        key.made.root.rstrip(),
    ]
    bundle.write_bytes(b"".join(parts).replace(b"\n", b"\r\n"))
    assert "by somebody you trust" in command("verify", str(file), "--trust", str(bundle))


def test_no_text_of_a_file_does_anything_to_the_terminal(command: Command, file: Path) -> None:
    name = "Evil\n  signed by   A Publisher\x1b[2K\u202e\u200f\t!"
    own = issued(ec.generate_private_key(ec.SECP256R1()), organization=name)
    chain = Chain.read(own.certificate)
    signer = ManifestSigner(chain, LocalKey(own.key, chain.algorithm), SYSTEM_CLOCK)
    file.write_bytes(signer.sign(picture("JPEG"), "image/jpeg", replace(MADE, model=name)))
    said = command("verify", str(file))
    escaped = r"Evil\u000a  signed by   A Publisher\u001b[2K\u202e\u200f\u0009!"
    assert f"  signed by   {escaped}\n" in said
    assert f"  model       {escaped}\n" in said
    assert said.count("\n  signed by") == 1
    shown = command.json("verify", str(file))["credentials"]
    assert (shown["signer"], shown["model"]) == (name, name)


def test_without_its_library_the_command_says_what_installs_it(
    command: Command, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "imggen.verifying", None)
    command("verify", str(file), code=1)
    assert "verify needs c2pa-python (" in command.err
    assert "c2pa-python" in command.err.partition("pip install")[2]


SECRET = "a key of one service"


def marked(key: str = "imggen", operator: int = 7) -> bytes:
    """Returns a JPEG with the watermark of a key and an operator, without credentials."""
    grey = Image.linear_gradient("L").resize((512, 512)).convert("RGB")
    return saved(Watermark(Pattern(key), operator).marked(grey), "JPEG", quality=95)


def test_the_watermark_is_told_with_credentials_and_without(
    command: Command, file: Path, key: ScriptedKey
) -> None:
    file.write_bytes(key.signer().sign(marked(), "image/jpeg", MADE))
    said = command("verify", str(file))
    assert "with a development certificate" in said
    assert "  watermark   imggen watermark, version 1; operator: 7; score" in said
    found = command.json("verify", str(file))["watermark"]
    assert (found["verdict"], found["version"], found["operator"]) == ("found", 1, 7)
    file.write_bytes(marked())
    said = command("verify", str(file), code=1)
    assert f"{file}: no content credentials" in said
    assert "  watermark   imggen watermark, version 1; operator: 7; score" in said


def test_a_picture_without_the_watermark_is_told_so(command: Command, file: Path) -> None:
    none = "  watermark   no imggen watermark found, which does not prove that none was\n"
    assert none in command("verify", str(file))
    assert command.json("verify", str(file))["watermark"] == {"verdict": "none"}


def test_the_watermark_of_a_secret_key_needs_the_key(command: Command, file: Path) -> None:
    file.write_bytes(marked(SECRET))
    assert "no imggen watermark found" in command("verify", str(file), code=1)
    said = command("verify", str(file), "--watermark-key", SECRET, code=1)
    assert "operator: 7" in said


def test_the_credentials_are_told_where_nobody_can_look_for_the_watermark(
    command: Command, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_bytes(file.read_bytes()[:3] + b"no JPEG")
    said = command("verify", str(file), code=1)
    assert "  watermark   not looked for: the file is no picture that Pillow reads" in said
    monkeypatch.setitem(sys.modules, "imggen.watermark", None)
    told = command("verify", str(file), code=1)
    assert "  watermark   not looked for: it needs numpy and Pillow (" in told
    assert "pip install" in told
