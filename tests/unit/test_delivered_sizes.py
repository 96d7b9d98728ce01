"""The limit of a form's bytes holds for the file as it is delivered, with its credentials."""

from io import BytesIO
from typing import cast

import pytest
from PIL import Image

from actors.finishing.files import FileTooLarge, file_of
from actors.finishing.forms import RenderedAsset
from actors.finishing.marks import xmp_of
from actors.testing.signing import ScriptedKey
from actors.worker.signing import JobCredentials
from imggen.verifying import Verdict, read_credentials
from server.domain.jobs import Claim
from server.domain.states import AssetKind
from tests.signatures import picture
from tests.unit.test_given_credentials import MADE, by_a_provider


def noise(alpha: int) -> RenderedAsset:
    """Returns a print form of noise, as it is finished: a JPEG, or a PNG with an alpha."""
    with Image.open(BytesIO(picture("PNG", 256))) as image:
        image.putalpha(alpha)
        file = file_of(image, xmp_of("a classifier"))
    return RenderedAsset(AssetKind.PRINT, file.data, file.content_type, 256, 256, file.encoding)


@pytest.mark.parametrize(("alpha", "encoding"), [(255, "jpeg"), (254, "png palette")])
async def test_a_form_has_room_for_the_credentials_that_it_really_gets(
    alpha: int, encoding: str
) -> None:
    given = by_a_provider(picture("PNG"), "image/png")
    original = RenderedAsset(AssetKind.ORIGINAL, given, "image/png", 64, 64)
    form = noise(alpha)
    # What is left free for its own credentials is too little for those of the provider.
    most = len(form.data) + 16_000
    claim = cast(Claim, None)  # named in logs only
    signer = JobCredentials(ScriptedKey().signer(), most_bytes=most)
    _, signed = await signer.sign(claim, MADE, [original, form])
    assert len(signed.data) <= most
    assert signed.encoding.startswith(encoding)
    assert signed.encoding != form.encoding
    assert b'imggen:checkedBy="a classifier"' in signed.data
    found = read_credentials(signed.data)
    assert (found.verdict, len(found.parents)) == (Verdict.DEVELOPMENT, 1)
    alone = JobCredentials(ScriptedKey().signer(), most_bytes=most)
    [kept] = await alone.sign(claim, MADE, [form])
    assert kept.encoding == form.encoding


async def test_a_form_that_fits_in_no_file_fails_with_its_reason() -> None:
    signer = JobCredentials(ScriptedKey().signer(), most_bytes=20_000)
    with pytest.raises(FileTooLarge, match="a picture of 256x256 pixels has"):
        await signer.sign(cast(Claim, None), MADE, [noise(255)])
