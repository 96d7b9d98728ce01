"""Profiles: each model's dialect and sampling, in one place."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from actors.engine.render import PlacedReference, RenderRequest
from actors.prompts.dialect import CompiledPrompt, Dialect
from actors.prompts.sdxl import SdxlDialect
from actors.prompts.storybook import StorybookDialect
from actors.storybook import GUIDANCE, RESCALE
from server.domain.models import Format, Model, Size
from server.domain.spec import RenderSpec
from server.domain.states import ImageType, Quality
from server.routing.catalogue import SDXL, STORYBOOK
from server.routing.formats import RATIOS, format_of


@dataclass(frozen=True, slots=True)
class Profile:
    """A model of the catalogue, with its dialect and its sampling.

    `steps` are the denoising steps of each quality. `guidance_rescale` is phi of
    arXiv 2305.08891, section 3.4. A picture is drawn from `max_references` references at most,
    each counting by `reference_scale`, 0 to 1.
    """

    model: Model
    dialect: Dialect
    steps: Mapping[Quality, int]
    guidance_scale: float
    guidance_rescale: float
    max_references: int
    reference_scale: float

    def native(self, image_type: ImageType, display: Size) -> Size:
        """Returns the model's native size for a display asset.

        Raises ValueError for a display size that is not offered.
        """
        return offered_format(self.model, image_type, display).native

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
        return RenderRequest(
            prompt=prompt.prompt,
            negative_prompt=prompt.negative_prompt,
            width=native.width,
            height=native.height,
            steps=self.steps[spec.quality],
            guidance_scale=self.guidance_scale,
            guidance_rescale=self.guidance_rescale,
            seed=spec.seed,
            references=references,
            reference_scale=self.reference_scale if references else 0.0,
            previews=previews,
            mirrored=prompt.mirrored,
        )


PROFILES = MappingProxyType(
    {
        STORYBOOK.name: Profile(
            STORYBOOK,
            StorybookDialect(),
            steps=MappingProxyType({Quality.STANDARD: 20, Quality.HD: 30}),
            guidance_scale=GUIDANCE,
            guidance_rescale=RESCALE,
            max_references=2,
            # From more, pictures lose detail, and characters are recognised no better.
            reference_scale=0.4,
        ),
        # The guidance of the spec's example; SDXL was not trained to zero terminal SNR.
        SDXL.name: Profile(
            SDXL,
            SdxlDialect(),
            steps=MappingProxyType({Quality.STANDARD: 30, Quality.HD: 50}),
            guidance_scale=7.5,
            guidance_rescale=0.0,
            max_references=3,
            reference_scale=0.6,
        ),
    }
)


def profile(model: str) -> Profile:
    """Returns the profile of a model by its name; raises ValueError for one that has none."""
    found = PROFILES.get(model)
    if found is None:
        raise ValueError(f'model: "{model}" has no profile; known are {", ".join(PROFILES)}')
    return found


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


def render_request(
    spec: RenderSpec,
    prompt: CompiledPrompt,
    *,
    references: tuple[PlacedReference, ...] = (),
    previews: bool = False,
) -> RenderRequest:
    """Returns the request of a spec to its model."""
    chosen = profile(spec.model)
    native = chosen.native(spec.image_type, Size(spec.width, spec.height))
    return chosen.request(spec, prompt, native, references=references, previews=previews)


def warm_up_request(model: str) -> RenderRequest:
    """Returns a request of two steps at the model's first portrait size."""
    chosen = profile(model)
    native = next(iter(chosen.model.portraits.values())).native
    return RenderRequest(
        prompt="portrait of a young girl",
        negative_prompt="",
        width=native.width,
        height=native.height,
        steps=2,
        guidance_scale=chosen.guidance_scale,
        guidance_rescale=chosen.guidance_rescale,
        seed=0,
    )
