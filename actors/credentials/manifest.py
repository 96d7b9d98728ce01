"""Manifests of C2PA, written by `c2pa-python`; this module alone signs with it."""

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from typing import Any
from uuid import UUID

import c2pa

from actors.credentials.base import Given, Key, Made, NotSigned, SignerAway
from actors.credentials.chains import Chain
from imggen.release import VERSION
from imggen.rules.credentials import SOURCE_TYPE
from server.clock import Clock
from server.domain.ids import ImageId

_SETTINGS = {
    # What it signs it would read again, which takes as long; `check` reads what it has signed.
    "verify": {
        "verify_after_sign": False,
        "remote_manifest_fetch": False,
        "ocsp_fetch": False,
    },
    "builder": {
        "thumbnail": {"enabled": False},
        "created_assertion_labels": ["c2pa.actions", "c2pa.ingredient"],
    },
}
_ALGORITHMS = {one.name.lower(): one for one in c2pa.C2paSigningAlg}
_MANIFESTS = (b"caBX", b"jumb", b"C2PA")
"""What a file with a manifest has: its chunk in PNG, its boxes, and its chunk in WebP."""
_EMBEDDED = b"bidb"
"""The box by which a manifest holds files."""
_GIVEN = {
    "title": "the model's picture",
    "relationship": "inputTo",
    "instance_id": "urn:imggen:given",
}
"""What is told of a provider's picture; its manifest tells the rest, and is kept as it is."""
_NOT_TRUSTED = "signingCredential.untrusted"
_log = logging.getLogger(__name__)
# One pixel, as PNG.
_TRIAL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a4944415478da63f80f00010101001bb6ee560000000049454e44ae426082"
)


class ManifestSigner:
    """Signs files of pictures with a key and its certificates; use it from any thread.

    A manifest says that a trained algorithm made the picture, with which model and when, and of
    which image it is a regeneration. Nothing is asked of a network but the key, and the clock of a
    `timestamps` server where there is one.
    """

    def __init__(self, chain: Chain, key: Key, clock: Clock, timestamps: str | None = None) -> None:
        """Takes the URL of a timestamp server by RFC 3161, None for none."""
        self._chain = chain
        self._key = key
        self._clock = clock
        self._timestamps = timestamps
        self._context = c2pa.Context.from_dict(_SETTINGS)

    def sign(self, file: bytes, content_type: str, made: Made) -> bytes:
        """Returns the file with a signed manifest; raises SignerAway and NotSigned."""
        signed = self._with_given(file, content_type, made)
        # The library replaces a provider's manifest, but not what only looks like one.
        is_strange = any(mark in file for mark in _MANIFESTS)
        if is_strange and (wrong := self._problems(signed, content_type)):
            raise NotSigned(content_type, wrong)
        return signed

    def _with_given(self, file: bytes, content_type: str, made: Made) -> bytes:
        """Returns a signed file, the provider's manifest inside of it where it can be."""
        if made.given is not None and self._is_carried(made.given):
            try:
                return self._signed(file, content_type, manifest_of(made), made.given)
            except NotSigned:
                _log.warning("provider's manifest left out", extra={"content_type": content_type})
        return self._signed(file, content_type, manifest_of(replace(made, given=None)))

    def _is_carried(self, given: Given) -> bool:
        """Returns whether a picture has a manifest that may be handed on: without files in it.

        Files are pictures, for instance thumbnails, at which no classifier has looked.
        """
        if _EMBEDDED in given.data or not any(mark in given.data for mark in _MANIFESTS):
            return False
        try:
            file = BytesIO(given.data)
            with c2pa.Reader(given.content_type, file, context=self._context) as reader:
                return reader.get_active_manifest() is not None
        except c2pa.C2paError:
            return False

    def check(self) -> None:
        """Signs a file of one pixel and reads it; raises SignerAway."""
        made = Made(ImageId(UUID(int=0)), "trial", self._clock.now())
        signed = self._signed(_TRIAL, "image/png", manifest_of(made))
        if wrong := self._problems(signed, "image/png"):
            raise SignerAway(f"its certificate does not fit C2PA ({wrong})")

    def check_certificate(self) -> None:
        """Returns where the certificate fits C2PA, as far as that shows without asking its key.

        Raises SignerAway.
        """
        unasked = ManifestSigner(self._chain, _Unasked(), self._clock)
        try:
            unasked.check()
        except _Reached:
            return

    @property
    def until(self) -> datetime:
        """When its certificate expires."""
        return self._chain.own.not_valid_after_utc

    def _problems(self, signed: bytes, content_type: str) -> str:
        """Returns what is wrong with a signed file, but for trust; empty for nothing."""
        try:
            with c2pa.Reader(content_type, BytesIO(signed), context=self._context) as reader:
                results = reader.get_validation_results() or {}
        except c2pa.C2paError as error:
            return str(error)
        failures = results.get("activeManifest", {}).get("failure", ())
        return ", ".join(one["code"] for one in failures if one["code"] != _NOT_TRUSTED)

    def _signed(
        self,
        file: bytes,
        content_type: str,
        manifest: Mapping[str, Any],
        given: Given | None = None,
    ) -> bytes:
        self._chain.check_time(self._clock.now())
        signing = _Signing(self._key, self._chain)
        output = BytesIO()
        try:
            with (
                c2pa.Signer.from_callback(
                    signing.sign,
                    _ALGORITHMS[self._chain.algorithm.name],
                    self._chain.pem,
                    self._timestamps,
                ) as signer,
                c2pa.Builder(json.dumps(manifest), self._context) as builder,
            ):
                if given is not None:
                    told = json.dumps(_GIVEN)
                    builder.add_ingredient(told, given.content_type, BytesIO(given.data))
                builder.sign(signer, content_type, BytesIO(file), output)
        except c2pa.C2paError as error:
            if signing.problem is not None:
                raise signing.problem from error
            # No file is at fault: it is the timestamp, or the certificate by this machine's clock.
            if isinstance(error, c2pa.C2paError.Signature):
                unfit = "its certificate does not fit C2PA"
                what = "timestamp server" if self._timestamps else unfit
                raise SignerAway(f"{what} ({error})") from error
            raise NotSigned(content_type, str(error)) from error
        return output.getvalue()


class _Reached(SignerAway):
    """Raised in place of a signature: the library asks for one after it has checked all else."""


class _Unasked:
    """Stands for a key that is not asked."""

    def sign(self, data: bytes) -> bytes:
        """Raises _Reached."""
        raise _Reached


class _Signing:
    """One signature, whose problem the library does not hand through."""

    def __init__(self, key: Key, chain: Chain) -> None:
        self.problem: SignerAway | None = None
        self._key = key
        self._chain = chain

    def sign(self, data: bytes) -> bytes:
        """Returns a signature; empty where there is none, which the library takes for a failure."""
        try:
            signature = self._key.sign(data)
            self._chain.check_signature(signature, data)
        except SignerAway as away:
            self.problem = away
        except Exception as error:
            self.problem = SignerAway(f"{type(error).__name__}: {error}")
        else:
            return signature
        return b""


def manifest_of(made: Made) -> dict[str, Any]:
    """Returns what is told of a picture."""
    action: dict[str, Any] = {
        "action": "c2pa.created",
        "when": made.at.isoformat(timespec="seconds"),
        "softwareAgent": {"name": made.model},
        "digitalSourceType": SOURCE_TYPE,
    }
    manifest: dict[str, Any] = {
        "claim_generator_info": [{"name": "imggen", "version": VERSION}],
        "title": f"image {made.image}",
    }
    used = []
    if made.parent is not None:
        parent = f"urn:uuid:{made.parent}"
        used.append(parent)
        # Not `parentOf`: its pixels were not changed, they were drawn anew from its request.
        manifest["ingredients"] = [
            {
                "title": f"image {made.parent}",
                "format": "application/octet-stream",
                "relationship": "inputTo",
                "instance_id": parent,
            }
        ]
    if made.given is not None:
        used.append(_GIVEN["instance_id"])
    if used:
        action["parameters"] = {"ingredientIds": used}
    assertion = {"label": "c2pa.actions.v2", "data": {"actions": [action]}}
    return {**manifest, "assertions": [assertion]}
