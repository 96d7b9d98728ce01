"""A provider's own content credentials: kept inside those of the pictures made from its picture."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from actors.credentials.base import Given, Made
from actors.credentials.chains import Chain
from actors.credentials.local import LocalKey
from actors.credentials.manifest import ManifestSigner
from actors.finishing.forms import RenderedAsset
from actors.testing.signing import ScriptedKey
from actors.worker.signing import JobCredentials
from imggen.verifying import Verdict, read_credentials
from server.clock import SYSTEM_CLOCK
from server.domain.ids import ImageId
from server.domain.jobs import Claim
from server.domain.states import AssetKind
from tests.signatures import issued, picture

IMAGE = ImageId(UUID("00000000-0000-4000-8000-000000000001"))
PARENT = ImageId(UUID("00000000-0000-4000-8000-000000000002"))
AT = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)
MADE = Made(IMAGE, "storybook", AT)
KINDS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


def by_a_provider(file: bytes, content_type: str) -> bytes:
    """Returns a file that a publisher's certificate has signed, as a hosted provider does."""
    own = issued(ec.generate_private_key(ec.SECP256R1()))
    chain = Chain.read(own.certificate)
    key = LocalKey(own.key, chain.algorithm)
    made = Made(PARENT, "a hosted model", AT)
    return ManifestSigner(chain, key, SYSTEM_CLOCK).sign(file, content_type, made)


async def signed_forms(original: bytes, content_type: str) -> list[bytes]:
    """Returns the files of an original and of a display form that is made from it."""
    forms = [
        RenderedAsset(AssetKind.ORIGINAL, original, content_type, 64, 64),
        RenderedAsset(AssetKind.DISPLAY, picture("JPEG"), "image/jpeg", 64, 64),
    ]
    claim = cast(Claim, None)  # named in logs only
    signed = await JobCredentials(ScriptedKey().signer()).sign(claim, MADE, forms)
    return [one.data for one in signed]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_provider_s_manifest_is_kept_inside_that_of_each_form(kind: str) -> None:
    given = by_a_provider(picture(kind), KINDS[kind])
    assert "A Publisher" in read_credentials(given).signer
    for form in await signed_forms(given, KINDS[kind]):
        found = read_credentials(form)
        assert (found.verdict, found.title) == (Verdict.DEVELOPMENT, f"image {IMAGE}")
        assert (found.model, found.is_generated) == ("storybook", True)
        [parent] = found.parents
        assert parent.startswith("the model's picture, signed by ")
        assert parent.endswith("A Publisher")


def test_a_trusted_signer_is_trusted_whoever_signed_what_it_was_made_from() -> None:
    given = by_a_provider(picture("PNG"), "image/png")
    key, own = ScriptedKey(), Given(given, "image/png")
    signed = key.signer().sign(picture("JPEG"), "image/jpeg", replace(MADE, given=own))
    assert read_credentials(signed, key.made.root).verdict is Verdict.TRUSTED


async def test_a_provider_s_picture_that_was_changed_is_told_so() -> None:
    given = bytearray(by_a_provider(picture("PNG"), "image/png"))
    given[-40] ^= 1
    for form in await signed_forms(bytes(given), "image/png"):
        found = read_credentials(form)
        assert found.verdict is Verdict.DEVELOPMENT, "our own is whole"
        assert found.parents[0].endswith("not as it was signed (assertion.dataHash.mismatch)")


def test_a_regeneration_of_a_provider_s_picture_names_both() -> None:
    given = Given(by_a_provider(picture("PNG"), "image/png"), "image/png")
    made = Made(IMAGE, "m", AT, PARENT, given)
    found = read_credentials(ScriptedKey().signer().sign(picture("JPEG"), "image/jpeg", made))
    assert found.parents[0] == f"image {PARENT}"
    assert found.parents[1].startswith("the model's picture, signed by ")


BY_HASH = ("the model's picture",)
NOT_CARRIED: dict[str, tuple[Callable[[], bytes], tuple[str, ...]]] = {
    "a file inside": (
        lambda: by_a_provider(picture("JPEG"), "image/jpeg") + b"..bidb..",
        BY_HASH,
    ),
    "not read": (lambda: picture("JPEG") + b"jumb" * 4, ()),
    "none": (lambda: picture("PNG"), ()),
}


@pytest.mark.parametrize(("make", "parents"), NOT_CARRIED.values(), ids=NOT_CARRIED)
def test_a_manifest_with_files_or_none_that_is_read_is_left_out(
    make: Callable[[], bytes], parents: tuple[str, ...]
) -> None:
    file = make()
    kind = "image/png" if file.startswith(b"\x89PNG") else "image/jpeg"
    made = replace(MADE, given=Given(file, kind))
    found = read_credentials(ScriptedKey().signer().sign(picture("JPEG"), "image/jpeg", made))
    assert (found.verdict, found.parents) == (Verdict.DEVELOPMENT, parents)
