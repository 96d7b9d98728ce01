"""SDXL's dialect: plain language, like the captions of pictures on the web."""

from actors.prompts.dialect import CompiledPrompt
from actors.prompts.wording import clean, join_once, look
from server.domain.spec import RenderSpec
from server.domain.states import ImageType

_NEGATIVE = "lowres, blurry, deformed, bad anatomy, extra limbs, text, watermark, signature"


class SdxlDialect:
    """Writes the style's template, the scene, then each character's looks."""

    def compile(self, spec: RenderSpec, scene: str) -> CompiledPrompt:
        """Returns the prompt of a spec, with all of its content."""
        descriptions = [character.description for character in spec.characters]
        scene = clean(scene)
        if spec.image_type is ImageType.PORTRAIT:
            people = " and ".join(look(description) for description in descriptions)
            said = [f"portrait of {people}", scene]
        else:
            said = [scene, *(look(description) for description in descriptions)]
        return CompiledPrompt(
            prompt=". ".join([clean(spec.style.prompt_template), *filter(None, said)]),
            negative_prompt=join_once(spec.style.negative_prompt, _NEGATIVE),
        )
