"""Content credentials of a picture's file, read and checked; needs `c2pa-python`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from io import BytesIO
from typing import Any

import c2pa

from imggen.certificates import bare_certificates
from imggen.rules.credentials import DEVELOPMENT, SOURCE_TYPE

_KINDS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_NOT_TRUSTED = "signingCredential.untrusted"
_CHANGED = (
    "assertion.dataHash.mismatch",
    "assertion.boxesHash.mismatch",
    "assertion.hashedURI.mismatch",
    "claimSignature.mismatch",
    "assertion.missing",
    "claim.missing",
)


class Verdict(StrEnum):
    """What the credentials of a file are worth."""

    TRUSTED = "trusted"  # as it was signed, by somebody who is trusted
    UNTRUSTED = "untrusted"  # as it was signed, by somebody of whom nothing is known
    DEVELOPMENT = "development"  # as it was signed, by a certificate that anybody can make
    CHANGED = "changed"  # not as it was signed
    INVALID = "invalid"  # the credentials themselves are wrong
    NONE = "none"  # it has none, or they were removed

    @property
    def is_whole(self) -> bool:
        """Whether the file is as somebody signed it."""
        return self in (Verdict.TRUSTED, Verdict.UNTRUSTED, Verdict.DEVELOPMENT)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a file says of itself; what is unknown is empty.

    `problems` are C2PA's codes. `parents` are the pictures that it was made from, with who signed
    those that have credentials of their own.
    """

    verdict: Verdict
    signer: str = ""
    title: str = ""
    model: str = ""
    made_at: str = ""
    is_generated: bool = False
    generator: str = ""
    signed_at: str = ""
    parents: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class NotAPicture(ValueError):
    """Raised for a file that is no PNG, JPEG or WebP."""


def read_credentials(file: bytes, trusted: bytes = b"") -> Credentials:
    """Returns the credentials of a picture; `trusted` are certificates that issue them, as a
    bundle of PEM.

    Nothing is fetched from a network. Raises NotAPicture.
    """
    kind = _kind(file)
    context = c2pa.Context.from_dict(_settings(trusted))
    try:
        with c2pa.Reader(kind, BytesIO(file), context=context) as reader:
            found = reader.get_active_manifest() or {}
            results = reader.get_validation_results() or {}
            parents = tuple(_parent(reader, one) for one in found.get("ingredients") or ())
    except c2pa.C2paError.ManifestNotFound:
        return Credentials(Verdict.NONE)
    except c2pa.C2paError as error:
        return Credentials(Verdict.INVALID, problems=(str(error),))
    problems = _problems(results)
    return replace(_credentials(_verdict(found, problems), found, problems), parents=parents)


def _kind(file: bytes) -> str:
    if file[:4] == b"RIFF" and file[8:12] == b"WEBP":
        return "image/webp"
    for start, kind in _KINDS.items():
        if file.startswith(start):
            return kind
    raise NotAPicture("it is no PNG, JPEG or WebP")


def _settings(trusted: bytes) -> dict[str, Any]:
    verify = {"verify_trust": True, "remote_manifest_fetch": False, "ocsp_fetch": False}
    anchors = bare_certificates(trusted)
    return {"verify": verify} | ({"trust": {"user_anchors": anchors}} if anchors else {})


def _problems(results: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns the codes of what is wrong, of the pictures that it was made from, too."""
    parts = [results.get("activeManifest") or {}]
    parts += [one.get("validationDeltas") or {} for one in results.get("ingredientDeltas") or ()]
    return tuple(dict.fromkeys(one["code"] for part in parts for one in part.get("failure", ())))


def _verdict(found: Mapping[str, Any], problems: Sequence[str]) -> Verdict:
    wrong = [one for one in problems if one != _NOT_TRUSTED]
    if any(one in _CHANGED for one in wrong):
        return Verdict.CHANGED
    if wrong:
        return Verdict.INVALID
    if not problems:
        return Verdict.TRUSTED
    issuer = found.get("signature_info", {}).get("issuer")
    return Verdict.DEVELOPMENT if issuer == DEVELOPMENT else Verdict.UNTRUSTED


def _credentials(
    verdict: Verdict, found: Mapping[str, Any], problems: tuple[str, ...]
) -> Credentials:
    signature = found.get("signature_info") or {}
    generator: Mapping[str, Any] = next(iter(found.get("claim_generator_info") or ()), {})
    made = _created(found)
    return Credentials(
        verdict,
        signer=_signer(signature),
        title=str(found.get("title") or ""),
        model=_name(made.get("softwareAgent")),
        made_at=str(made.get("when") or ""),
        is_generated=made.get("digitalSourceType") == SOURCE_TYPE,
        generator=" ".join(filter(None, (generator.get("name"), generator.get("version")))),
        signed_at=str(signature.get("time") or ""),
        problems=problems,
    )


def _parent(reader: c2pa.Reader, ingredient: Mapping[str, Any]) -> str:
    """Returns what a picture was made from; of one with credentials of its own who signed it.

    They were checked when the picture was signed, and what was found is in it, signed, too.
    """
    title = str(ingredient.get("title") or "")
    own = ingredient.get("active_manifest")
    if not own:
        return title
    signer = _signer((reader.get_manifest(str(own)) or {}).get("signature_info") or {})
    checked = (ingredient.get("validation_results") or {}).get("activeManifest") or {}
    wrong = [one["code"] for one in checked.get("failure", ()) if one["code"] != _NOT_TRUSTED]
    end = f", and not as it was signed ({', '.join(wrong)})" if wrong else ""
    return f"{title}, signed by {signer or 'nobody named'}{end}"


def _signer(signature: Mapping[str, Any]) -> str:
    names = (signature.get("common_name"), signature.get("issuer"))
    return ", ".join(filter(None, names))


def _created(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the action that made the picture; empty for none."""
    for assertion in found.get("assertions") or ():
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            for action in assertion.get("data", {}).get("actions") or ():
                if action.get("action") == "c2pa.created":
                    return dict(action)
    return {}


def _name(agent: object) -> str:
    return str(agent.get("name", "")) if isinstance(agent, Mapping) else str(agent or "")
