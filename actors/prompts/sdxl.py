"""SDXL's dialect: plain language, like the captions of pictures on the web."""

from dataclasses import replace

from actors.prompts.colouring import coloured
from actors.prompts.dialect import CompiledPrompt
from actors.prompts.saying import acting_of, setting_of
from actors.prompts.wearing import bare_of
from actors.prompts.wording import clean, join_once, look
from server.domain.characters import Description
from server.domain.ids import CharacterId
from server.domain.scenes import Figure, Scene
from server.domain.spec import RenderSpec
from server.domain.states import ImageType

_NEGATIVE = "lowres, blurry, deformed, bad anatomy, extra limbs, text, watermark, signature"


class SdxlDialect:
    """Writes the style's template, each character with what it does, then where and when.

    Its text encoders take 77 tokens at a time and do not know `no` or `without`: what is not there
    goes into the negative prompt alone.
    """

    def compile(self, spec: RenderSpec, scene: Scene) -> CompiledPrompt:
        """Returns the prompt of a spec, with all of its content."""
        scene = coloured(scene)
        cast = [one.description for one in spec.characters]
        figures = _figures(spec, scene)
        people = [_person(*one) for one in zip(cast, figures, strict=True)]
        told = clean(spec.scene)
        setting = setting_of(scene, told, people)
        if spec.image_type is ImageType.PORTRAIT:
            said = [f"portrait of {' and '.join(people)}", told, setting]
        else:
            # A description was written to be drawn, so it comes first.
            said = [told, *people, setting]
        absent = (*scene.absent, *bare_of(replace(scene, figures=figures), cast))
        return CompiledPrompt(
            prompt=". ".join([clean(spec.style.prompt_template), *filter(None, said)]),
            negative_prompt=join_once(", ".join(absent), spec.style.negative_prompt, _NEGATIVE),
        )


def _figures(spec: RenderSpec, scene: Scene) -> tuple[Figure, ...]:
    """Returns the figures of the characters of a spec, in their order."""
    acting = {one.character: one for one in scene.figures}
    ids = (CharacterId(one.id) for one in spec.characters)
    return tuple(acting.get(one, Figure(one)) for one in ids)


def _person(description: Description, figure: Figure) -> str:
    return ", ".join(filter(None, [look(description, figure), acting_of(figure)]))
