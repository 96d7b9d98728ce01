"""SDXL's dialect: plain language, like the captions of pictures on the web."""

from actors.prompts.dialect import CompiledPrompt
from actors.prompts.saying import acting_of, setting_of
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
        acting = {one.character: one for one in scene.figures}
        people = [
            _person(one.description, acting.get(CharacterId(one.id))) for one in spec.characters
        ]
        setting = setting_of(scene)
        # A description was written to be drawn; a page was written to be read.
        told = clean(spec.scene)
        if spec.image_type is ImageType.PORTRAIT:
            said = [f"portrait of {' and '.join(people)}", told or setting]
        else:
            said = [told or setting, *people] if told else [*people, setting]
        return CompiledPrompt(
            prompt=". ".join([clean(spec.style.prompt_template), *filter(None, said)]),
            negative_prompt=join_once(
                ", ".join(scene.absent), spec.style.negative_prompt, _NEGATIVE
            ),
        )


def _person(description: Description, figure: Figure | None) -> str:
    return ", ".join(filter(None, [look(description, figure), acting_of(figure)]))
