"""What of a provider's content credentials is handed on: no prompt and no name, wherever it is."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from typing import Any, cast

import c2pa
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from actors.credentials.base import Given, Made
from actors.credentials.chains import Chain
from actors.credentials.local import LocalKey
from actors.credentials.manifest import ManifestSigner, manifest_of
from actors.finishing.forms import finish
from actors.testing.signing import ScriptedKey
from actors.worker.signing import JobCredentials
from imggen.verifying import Verdict, read_credentials
from server.clock import SYSTEM_CLOCK
from server.domain.jobs import Claim
from server.domain.models import Size
from server.domain.states import ImageType
from tests.signatures import issued, picture
from tests.unit.test_given_credentials import AT, MADE, PARENT

PROMPT = "Mia and a red balloon"
Manifest = dict[str, Any]


class Provider(ManifestSigner):
    """A provider, which signs any manifest; with `thumbnails` each holds a small picture."""

    def __init__(self, *, thumbnails: bool = False) -> None:
        own = issued(ec.generate_private_key(ec.SECP256R1()))
        chain = Chain.read(own.certificate)
        super().__init__(chain, LocalKey(own.key, chain.algorithm), SYSTEM_CLOCK)
        if thumbnails:
            self._context = c2pa.Context.from_dict({"builder": {"thumbnail": {"enabled": True}}})

    def picture_with(self, change: Callable[[Manifest], object], file: bytes = b"") -> bytes:
        """Returns a PNG with a manifest, after a change of what is told."""
        manifest = manifest_of(Made(PARENT, "a hosted model", AT))
        change(manifest)
        return self._signed(file or picture("PNG"), "image/png", manifest)


def action(manifest: Manifest) -> dict[str, Any]:
    found: dict[str, Any] = manifest["assertions"][0]["data"]["actions"][0]
    return found


def asserts(label: str, data: object, **others: str) -> Callable[[Manifest], object]:
    return lambda manifest: manifest["assertions"].append({"label": label, "data": data, **others})


def ingredient(**fields: str) -> Callable[[Manifest], object]:
    given = {"format": "image/png", "relationship": "inputTo", "instance_id": f"urn:uuid:{PARENT}"}
    return lambda manifest: manifest["ingredients"].append({**given, **fields})


SAYING: dict[str, Callable[[Manifest], object]] = {
    "an own assertion": asserts("com.example.prompt", {"prompt": PROMPT}),
    "parameters": lambda one: action(one).update(parameters={"prompt": PROMPT}),
    "description": lambda one: action(one).update(description=PROMPT),
    "reason": lambda one: action(one).update(reason=PROMPT),
    "a long name of a program": lambda one: action(one).update(softwareAgent={"name": PROMPT}),
    "title": lambda one: one.update(title=PROMPT),
    "a file's name": lambda one: one.update(title="mia-and-a-red-balloon.png"),
    "metadata": asserts(
        "c2pa.metadata",
        {"@context": {"dc": "http://purl.org/dc/elements/1.1/"}, "dc:title": PROMPT},
        kind="Json",
    ),
    "an author": asserts(
        "stds.schema-org.CreativeWork",
        {
            "@context": "http://schema.org",
            "@type": "CreativeWork",
            "author": [{"@type": "Person", "name": PROMPT}],
        },
    ),
    "an ingredient's title": ingredient(title=PROMPT),
    "an ingredient's description": ingredient(title="image.png", description=PROMPT),
    "terms of use": asserts(
        "c2pa.training-mining",
        {"entries": {"c2pa.ai_training": {"use": "constrained", "constraint_info": PROMPT}}},
    ),
}
PLAIN: dict[str, Callable[[Manifest], object]] = {
    "a usual title": lambda one: one.update(title="image.png"),
    "names of programs": lambda one: action(one).update(softwareAgent={"name": "DALL·E 3"}),
    "an ingredient": ingredient(title="image.png"),
    "terms of use": asserts(
        "c2pa.training-mining", {"entries": {"c2pa.ai_training": {"use": "notAllowed"}}}
    ),
}


def form_of(given: bytes) -> bytes:
    """Returns a form of a picture that a provider gave."""
    made = replace(MADE, given=Given(given, "image/png"))
    return ScriptedKey().signer().sign(picture("JPEG"), "image/jpeg", made)


@pytest.mark.parametrize("change", SAYING.values(), ids=SAYING)
def test_a_manifest_that_may_say_what_is_drawn_is_told_by_its_file_s_hash(
    change: Callable[[Manifest], object],
) -> None:
    given = Provider().picture_with(change)
    assert any(one in given for one in (PROMPT.encode(), b"red-balloon"))
    form = form_of(given)
    assert not [one for one in (PROMPT.encode(), b"balloon", b"A Publisher") if one in form]
    assert sha256(given).hexdigest().encode() in form
    found = read_credentials(form)
    assert (found.verdict, found.parents) == (Verdict.DEVELOPMENT, ("the model's picture",))


@pytest.mark.parametrize("change", PLAIN.values(), ids=PLAIN)
def test_one_that_says_how_it_was_made_alone_is_carried(
    change: Callable[[Manifest], object],
) -> None:
    found = read_credentials(form_of(Provider().picture_with(change)))
    assert found.parents == ("the model's picture, signed by A Publisher",)


@pytest.mark.parametrize("checked_by", ["", "a classifier"])
async def test_one_with_a_file_is_told_by_its_hash_whatever_looks_at_pictures(
    checked_by: str,
) -> None:
    given = Provider(thumbnails=True).picture_with(lambda _: None)
    assert b"bidb" in given
    made = finish(given, ImageType.SCENE, Size(64, 64), None, checked_by)
    claim = cast(Claim, None)  # named in logs only
    forms = await JobCredentials(ScriptedKey().signer()).sign(claim, MADE, made.assets)
    for form in forms:
        assert sha256(given).hexdigest().encode() in form.data
        assert b"bidb" not in form.data
        assert read_credentials(form.data).parents == ("the model's picture",)


@pytest.mark.parametrize("name", ["DocumentID", "InstanceID", "OriginalDocumentID"])
def test_no_text_of_a_provider_s_xmp_comes_into_a_form(name: str) -> None:
    info = PngInfo()
    info.add_itxt(
        "XML:com.adobe.xmp",
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
        f' xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmpMM:{name}="{PROMPT}"'
        f' dc:title="{PROMPT}" dcterms:provenance="https://example.com/{PROMPT}"/></rdf:RDF>'
        "</x:xmpmeta>",
    )
    buffer = BytesIO()
    Image.new("RGB", (64, 64)).save(buffer, "PNG", pnginfo=info)
    given = Provider().picture_with(lambda _: None, buffer.getvalue())
    assert PROMPT.encode() in given
    form = form_of(given)
    assert PROMPT.encode() not in form
    assert read_credentials(form).parents[0].startswith("the model's picture")
