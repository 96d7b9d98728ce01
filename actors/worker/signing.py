"""Signing: files of pictures get their content credentials last, and none is stored without."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from time import monotonic
from typing import NewType

from actors.credentials.base import Given, Made, NotSigned, PictureSigner, SignerAway
from actors.finishing.bare import as_png
from actors.finishing.files import DELIVERED_BYTES, smaller
from actors.finishing.forms import RenderedAsset
from actors.finishing.silent import silent
from actors.pictures.opened import opened
from actors.pictures.seen import seen
from actors.worker.fields import fields_of
from actors.worker.patience import SIGN_PAUSES_S
from imggen.v1.errors_pb2 import ErrorReason
from server.domain.jobs import Claim
from server.domain.states import AssetKind
from server.errors import Unavailable
from server.traces import Kind, child

_PNG = "image/png"
_IN_PNG = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
_SURE_S = 60.0
_SPARE_BYTES = 256
"""By how much the credentials of two files of one picture may differ."""
Signed = NewType("Signed", RenderedAsset)
"""A form of a picture that may be stored: no other one is."""

_log = logging.getLogger(__name__)


class Unsigned(Unavailable):
    """Raised where nothing could be signed: the job waits for it, and keeps what was drawn."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ErrorReason.ERROR_REASON_SIGNING_UNAVAILABLE)


class JobCredentials:
    """Has the files of pictures signed; without a signer none is, and all pass."""

    def __init__(
        self,
        signer: PictureSigner | None = None,
        pauses_s: Sequence[float] = SIGN_PAUSES_S,
        sure_s: float = _SURE_S,
        most_bytes: int = DELIVERED_BYTES,
    ) -> None:
        """Takes the pauses before each retry while the signer is away.

        `sure_s` is how long a signer that has signed is taken to sign again. `most_bytes` are those
        of a signed form, but of the original.
        """
        self._signer = signer
        self._pauses_s = pauses_s
        self._sure_s = sure_s
        self._sure_until = 0.0
        self._most = most_bytes

    async def ready(self) -> None:
        """Raises Unsigned while nothing can be signed: nothing may be drawn, let alone paid.

        It asks the signer, unless that has signed within the last `sure_s` seconds and has not
        failed since.
        """
        if self._signer is None or monotonic() < self._sure_until:
            return
        try:
            await asyncio.to_thread(self._signer.check)
        except SignerAway as away:
            raise Unsigned(f"no picture can be signed: {away}") from away
        self._answers()

    async def sign(
        self, claim: Claim, made: Made, assets: Sequence[RenderedAsset]
    ) -> tuple[Signed, ...]:
        """Returns the forms of a picture with their credentials.

        Raises Unsigned where the signer stays away for all pauses, and FileTooLarge for a form
        that is not small enough with its credentials.
        """
        if self._signer is None:
            return tuple(map(Signed, assets))
        for pause in self._pauses_s:
            try:
                return await self._all(self._signer, made, assets)
            except SignerAway as away:
                self._sure_until = 0.0
                _log.warning("picture waits to be signed", extra=_about(claim, away))
            await asyncio.sleep(pause)
        try:
            return await self._all(self._signer, made, assets)
        except SignerAway as away:
            self._sure_until = 0.0
            raise Unsigned(f"the picture is drawn, and waits to be signed: {away}") from away

    async def _all(
        self, signer: PictureSigner, made: Made, assets: Sequence[RenderedAsset]
    ) -> tuple[Signed, ...]:
        with child("sign picture", Kind.INTERNAL, {"imggen.assets": len(assets)}):
            # In one thread: a key that does not answer holds up nothing else.
            signed = await asyncio.to_thread(_signed, signer, made, assets, self._most)
        self._answers()
        return signed

    def _answers(self) -> None:
        self._sure_until = monotonic() + self._sure_s


def _signed(
    signer: PictureSigner, made: Made, assets: Sequence[RenderedAsset], most: int
) -> tuple[Signed, ...]:
    originals = (one for one in assets if one.kind is AssetKind.ORIGINAL)
    if (original := next(originals, None)) is not None:
        made = replace(made, given=Given(original.data, original.content_type))
    return tuple(_form(signer, made, asset, most) for asset in map(_silent, assets))


def _form(signer: PictureSigner, made: Made, asset: RenderedAsset, most: int) -> Signed:
    if asset.kind is AssetKind.ORIGINAL:
        return _original(signer, made, asset)
    data = signer.sign(asset.data, asset.content_type, made)
    if len(data) > most:
        # Its credentials are larger than what was left free, as with those of a provider inside.
        room = most - (len(data) - len(asset.data)) - _SPARE_BYTES
        file = smaller(asset.data, room)
        fields = {"kind": asset.kind.value, "bytes": len(data), "encoding": file.encoding}
        _log.info("form encoded smaller", extra=fields)
        asset = replace(
            asset, data=file.data, content_type=file.content_type, encoding=file.encoding
        )
        data = signer.sign(asset.data, asset.content_type, made)
    return Signed(replace(asset, data=data))


def _original(signer: PictureSigner, made: Made, asset: RenderedAsset) -> Signed:
    try:
        data = signer.sign(asset.data, asset.content_type, made)
    except NotSigned as error:
        # It is as its provider made it, and may be odd; the others are encoded here.
        _log.warning("original encoded anew", extra={"error": error.message})
        asset = replace(asset, data=_plain(asset.data), content_type=_PNG)
        data = signer.sign(asset.data, _PNG, made)
    return Signed(replace(asset, data=data))


def _silent(asset: RenderedAsset) -> RenderedAsset:
    """Returns a form without words of its provider's: the others than the original have none."""
    if asset.kind is not AssetKind.ORIGINAL:
        return asset
    data = silent(asset.data)
    if data is None:
        return replace(asset, data=_plain(asset.data), content_type=_PNG)
    return replace(asset, data=data)


def _plain(original: bytes) -> bytes:
    """Returns a picture as a PNG of its pixels, transparent ones, too, and its profile."""
    picture = opened(original)
    return as_png(picture if picture.mode in _IN_PNG else seen(picture))


def _about(claim: Claim, away: SignerAway) -> dict[str, object]:
    return {**fields_of(claim), "error": str(away)}
