"""Manifests of C2PA, written by `c2pa-python`; this module alone signs with it."""

import json
import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum, auto
from hashlib import sha256
from io import BytesIO
from typing import Any
from uuid import UUID

import c2pa

from actors.credentials.base import Given, Key, Made, NotSigned, SignerAway
from actors.credentials.carried import is_carried
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
_GIVEN = {
    "title": "the model's picture",
    "relationship": "inputTo",
    "instance_id": "urn:imggen:given",
}
"""What is told of a provider's picture; its manifest tells the rest where it is carried."""
_ADDED_BYTES = 100_000
"""The most that a manifest may add to a file: a thumbnail is no larger."""
_NOT_TRUSTED = "signingCredential.untrusted"
_log = logging.getLogger(__name__)
# One pixel, as PNG.
_TRIAL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a4944415478da63f80f00010101001bb6ee560000000049454e44ae426082"
)


class Told(Enum):
    """How much a form tells of a provider's picture that has a manifest."""

    WHOLE = auto()  # it carries the provider's manifest
    BY_HASH = auto()  # that may hold a prompt or a name: the hash of the provider's file alone
    NOTHING = auto()  # it has none that is read


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
        """Returns a signed file, which says what it was made from as far as may be told."""
        told = self._told(made.given)
        if told is not Told.WHOLE:
            return self._signed(file, content_type, manifest_of(made, told))
        try:
            signed = self._signed(file, content_type, manifest_of(made), made.given)
        except NotSigned as error:
            why = error.message
        else:
            if len(signed) - len(file) <= _ADDED_BYTES:
                return signed
            why = f"it adds {len(signed) - len(file):,} bytes"
        _log.warning("provider's manifest left out", extra={"error": why})
        return self._signed(file, content_type, manifest_of(made, Told.BY_HASH))

    def _told(self, given: Given | None) -> Told:
        """Returns how much a form tells of the picture that a model gave."""
        if given is None or not any(mark in given.data for mark in _MANIFESTS):
            return Told.NOTHING
        try:
            file = BytesIO(given.data)
            with c2pa.Reader(given.content_type, file, context=self._context) as reader:
                is_whole = is_carried(given.data, reader.detailed_json())
                return Told.WHOLE if is_whole else Told.BY_HASH
        except c2pa.C2paError:
            return Told.NOTHING

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


def manifest_of(made: Made, told: Told = Told.WHOLE) -> dict[str, Any]:
    """Returns what is told of a picture, and as much as may be of what it was made from."""
    action: dict[str, Any] = {
        "action": "c2pa.created",
        "when": made.at.isoformat(timespec="seconds"),
        "softwareAgent": {"name": made.model},
        "digitalSourceType": SOURCE_TYPE,
    }
    ingredients = list(_ingredients(made, told))
    used = [one["instance_id"] for one in ingredients]
    if made.given is not None and told is Told.WHOLE:
        used.append(_GIVEN["instance_id"])  # which is added with its file
    if used:
        action["parameters"] = {"ingredientIds": used}
    return {
        "claim_generator_info": [{"name": "imggen", "version": VERSION}],
        "title": f"image {made.image}",
        "ingredients": ingredients,
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
    }


def _ingredients(made: Made, told: Told) -> Iterator[dict[str, str]]:
    """Yields what is told of the pictures whose manifests are not carried."""
    if made.parent is not None:
        # Not `parentOf`: its pixels were not changed, they were drawn anew from its request.
        yield {
            "title": f"image {made.parent}",
            "format": "application/octet-stream",
            "relationship": "inputTo",
            "instance_id": f"urn:uuid:{made.parent}",
        }
    if made.given is not None and told is Told.BY_HASH:
        name = f"urn:sha256:{sha256(made.given.data).hexdigest()}"
        yield {**_GIVEN, "format": made.given.content_type, "instance_id": name}
