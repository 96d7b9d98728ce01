"""Enlarging: which pictures a model enlarges before they are finished, and how far."""

from collections.abc import Mapping
from types import MappingProxyType

from actors.finishing.forms import print_size
from actors.finishing.upscaling import (
    Enlarged,
    Told,
    Upscaler,
    upscaled,
    whole_size,
)
from actors.providers.base import RenderedPicture
from imggen.rules.states import no_upscaler
from server.domain.models import Size
from server.domain.spec import RenderSpec
from server.domain.upscales import lacks_pixels

NO_UPSCALERS: Mapping[str, Upscaler] = MappingProxyType({})


class Enlarging:
    """Enlarges pictures by the upscalers of the models that drew them."""

    def __init__(
        self, upscalers: Mapping[str, Upscaler] = NO_UPSCALERS, *, prints_by_model: bool = False
    ) -> None:
        """Takes the upscalers by the names of their models.

        `prints_by_model` is whether a new picture is enlarged as far as its print asset needs, by
        whichever upscaler there is, and not only as far as its display asset does.
        """
        self._upscalers = upscalers
        self._prints_by_model = prints_by_model

    async def of_drawing(
        self, spec: RenderSpec, picture: RenderedPicture, told: Told
    ) -> Enlarged | None:
        """Returns a new picture as its forms are made from it; None where Lanczos enlarges it."""
        display, drawn = Size(spec.width, spec.height), Size(picture.width, picture.height)
        if self._prints_by_model:
            printed = print_size(spec.image_type, display)
            return await self._reach(spec.model, picture.png, drawn, printed, told)
        upscaler = self._upscalers.get(spec.model)
        if upscaler is None or not lacks_pixels(drawn, display):
            return None
        return await upscaled(upscaler, picture.png)

    async def of_print(
        self, model: str, png: bytes, drawn: Size, printed: Size, told: Told
    ) -> Enlarged | None:
        """Returns a stored picture enlarged for its print asset; None where it is large enough.

        Raises FailedPrecondition where there is no upscaler.
        """
        enlarged = await self._reach(model, png, drawn, printed, told)
        if enlarged is None and lacks_pixels(drawn, printed):
            raise no_upscaler()
        return enlarged

    async def _reach(
        self, model: str, png: bytes, drawn: Size, printed: Size, told: Told
    ) -> Enlarged | None:
        upscaler = self._upscalers.get(model) or next(iter(self._upscalers.values()), None)
        if upscaler is None or not lacks_pixels(drawn, printed):
            return None
        return await upscaled(upscaler, png, whole_size(drawn, printed), told)
