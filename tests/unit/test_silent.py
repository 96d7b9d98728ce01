"""No words of a provider's are in the files that callers fetch, whatever looks at pictures."""

from io import BytesIO
from typing import cast

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from actors.finishing.forms import finish
from actors.finishing.silent import silent
from actors.pictures.chunks import chunk_of
from actors.testing.signing import ScriptedKey
from actors.worker.signing import JobCredentials
from imggen.verifying import Verdict, read_credentials
from server.domain.jobs import Claim
from server.domain.models import Size
from server.domain.states import AssetKind, ImageType
from tests.signatures import picture, pixels_of
from tests.unit.test_given_credentials import MADE

PROMPT = "Mia and a red balloon"


def exif() -> bytes:
    """Returns EXIF with a comment and an orientation."""
    made = Image.Exif()
    made[0x010E] = PROMPT
    made[0x0112] = 6
    return made.tobytes()


def saved(kind: str, **options: object) -> bytes:
    """Returns a picture of noise, twice as wide as it is high, with options of Pillow's."""
    with Image.open(BytesIO(picture("PNG", 128))) as image:
        buffer = BytesIO()
        image.crop((0, 0, 128, 64)).save(buffer, kind, **options)
    return buffer.getvalue()


def texts() -> PngInfo:
    info = PngInfo()
    info.add_text("parameters", PROMPT)
    info.add_text("Comment", PROMPT, zip=True)
    info.add_itxt("XML:com.adobe.xmp", f"<x>{PROMPT}</x>")
    info.add_itxt("prompt", PROMPT, zip=True)
    return info


def with_own_chunk() -> bytes:
    png = saved("PNG")
    return png[:33] + chunk_of(b"prMt", PROMPT.encode()) + png[33:]


XMP = f"<x>{PROMPT}</x>".encode()
WORDY = {
    "texts of a PNG": saved("PNG", pnginfo=texts()),
    "EXIF of a PNG": saved("PNG", exif=exif()),
    "an own chunk": with_own_chunk(),
    "after a PNG": saved("PNG") + PROMPT.encode(),
    "a comment": saved("JPEG", comment=PROMPT.encode()),
    "EXIF of a JPEG": saved("JPEG", exif=exif()),
    "XMP of a JPEG": saved("JPEG", xmp=XMP, progressive=True),
    "after a JPEG": saved("JPEG") + PROMPT.encode(),
    "EXIF of a WebP": saved("WEBP", exif=exif(), lossless=True),
    "XMP of a WebP": saved("WEBP", xmp=XMP),
}
BARE = {
    "a PNG": saved("PNG", icc_profile=b"profile", dpi=(300, 300)),
    "a JPEG": saved("JPEG", icc_profile=b"profile", dpi=(300, 300), progressive=True),
    "a WebP": saved("WEBP", icc_profile=b"profile"),
}


async def signed_forms(original: bytes, checked_by: str) -> dict[AssetKind, bytes]:
    """Returns the files of a picture as callers fetch them."""
    made = finish(original, ImageType.SCENE, Size(128, 64), None, checked_by)
    claim = cast(Claim, None)  # named in logs only
    signed = await JobCredentials(ScriptedKey().signer()).sign(claim, MADE, made.assets)
    return {one.kind: one.data for one in signed}


def words(file: bytes) -> str:
    """Returns what a file says, compressed texts too, as Pillow and as its bytes have it."""
    said = [file.decode("latin-1")]
    with Image.open(BytesIO(file)) as image:
        image.load()
        said += [repr(image.info), repr(dict(image.getexif()))]
    return "".join(said)


@pytest.mark.parametrize("checked_by", ["", "a classifier"])
@pytest.mark.parametrize("file", WORDY.values(), ids=WORDY)
async def test_no_form_has_words_of_its_provider(file: bytes, checked_by: str) -> None:
    assert PROMPT in words(file)
    forms = await signed_forms(file, checked_by)
    assert len(forms) == 4
    for kind, data in forms.items():
        assert PROMPT not in words(data), kind
        assert read_credentials(data).verdict is Verdict.DEVELOPMENT
    with Image.open(BytesIO(file)) as given:
        orientation = given.getexif().get(0x0112)
    upright = np.rot90(pixels_of(file), -1) if orientation == 6 else pixels_of(file)
    assert (pixels_of(forms[AssetKind.ORIGINAL]) == upright).all()


@pytest.mark.parametrize("file", BARE.values(), ids=BARE)
def test_a_file_without_words_stays_as_it_is(file: bytes) -> None:
    assert silent(file) == file


def test_a_png_with_texts_keeps_its_coded_pixels() -> None:
    bare = saved("PNG", dpi=(300, 300))
    assert silent(saved("PNG", dpi=(300, 300), pnginfo=texts())) == bare


@pytest.mark.parametrize("file", BARE.values(), ids=BARE)
def test_what_is_cut_off_is_encoded_anew(file: bytes) -> None:
    assert silent(file[:-9]) is None
