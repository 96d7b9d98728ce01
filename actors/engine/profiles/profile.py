"""A profile: a model's dialect, and its sampling in each quality."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from actors.engine.render import (
    EVERYWHERE,
    LoraWeight,
    PlacedReference,
    RenderRequest,
    Scheduler,
)
from actors.prompts.dialect import CompiledPrompt, Dialect
from server.domain.models import Format, Model, Size
from server.domain.spec import RenderSpec
from server.domain.states import ImageType, Quality
from server.routing.formats import RATIOS, format_of


@dataclass(frozen=True, slots=True)
class Tier:
    """How a model draws in one quality.

    `steps` are denoising steps. `guidance_rescale` is phi of arXiv 2305.08891, section 3.4.
    `guidance_interval` is of noise levels, in sigma (arXiv 2404.07724).
    """

    steps: int
    guidance_scale: float
    guidance_rescale: float = 0.0
    scheduler: Scheduler = Scheduler.OWN
    loras: tuple[LoraWeight, ...] = ()
    guidance_interval: tuple[float, float] = EVERYWHERE


@dataclass(frozen=True, slots=True)
class Profile:
    """A model of the catalogue, with its dialect and its sampling.

    A picture is drawn from `max_references` references at most, each counting by
    `reference_scale`, 0 to 1.
    """

    model: Model
    dialect: Dialect
    tiers: Mapping[Quality, Tier]
    max_references: int
    reference_scale: float

    def native(self, image_type: ImageType, display: Size) -> Size:
        """Returns the model's native size for a display asset.

        Raises ValueError for a display size that is not offered.
        """
        return offered_format(self.model, image_type, display).native

    def warm_ups(self, sizes: Collection[Size] = ()) -> tuple[RenderRequest, ...]:
        """Returns a request of two steps in each size; without sizes, in every one it draws in."""
        tier = self.tiers[Quality.STANDARD]
        return tuple(
            RenderRequest(
                prompt="portrait of a young girl",
                negative_prompt="",
                width=size.width,
                height=size.height,
                steps=2,
                guidance_scale=tier.guidance_scale,
                guidance_rescale=tier.guidance_rescale,
                seed=0,
            )
            for size in sizes or self._sizes()
        )

    def _sizes(self) -> Collection[Size]:
        """Returns the native sizes, those of portraits first."""
        portraits = [form.native for form in self.model.portraits.values()]
        return dict.fromkeys([*portraits, *self.model.scenes.values()])

    def request(
        self,
        spec: RenderSpec,
        prompt: CompiledPrompt,
        native: Size,
        *,
        references: tuple[PlacedReference, ...] = (),
        previews: bool = False,
    ) -> RenderRequest:
        """Returns the request of a spec to the model, in one of its native sizes."""
        tier = self.tiers[spec.quality]
        return RenderRequest(
            prompt=prompt.prompt,
            negative_prompt=prompt.negative_prompt,
            width=native.width,
            height=native.height,
            steps=tier.steps,
            guidance_scale=tier.guidance_scale,
            guidance_rescale=tier.guidance_rescale,
            seed=spec.seed,
            references=references,
            reference_scale=self.reference_scale if references else 0.0,
            previews=previews,
            mirrored=prompt.mirrored,
            scheduler=tier.scheduler,
            loras=tier.loras,
            guidance_interval=tier.guidance_interval,
        )


def offered_format(model: Model, image_type: ImageType, display: Size) -> Format:
    """Returns how a model draws a picture of a display size.

    Raises ValueError for a display size that it does not offer.
    """
    found = format_of(model, image_type, display)
    if found is None:
        portrait = image_type is ImageType.PORTRAIT
        offered = model.portraits if portrait else map(str, RATIOS.values())
        raise ValueError(
            f"size: {model.name} draws no {image_type} of {display}; use {', '.join(offered)}"
        )
    return found
