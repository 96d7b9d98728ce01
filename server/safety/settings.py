"""The settings of safety, which gateways and workers read alike."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from server.safety.gate import TextGate, load_gate
from server.safety.texts import TextCheck


class SafetySettings(BaseSettings):
    """What texts and pictures are checked by."""

    model_config = SettingsConfigDict(
        env_prefix="IMGGEN_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    text_safety: Literal["lists", "none"] = Field(
        "lists",
        description="What texts are checked by before anything is drawn from them: the lists and "
        "rules of `server/safety`, or `none`, for tests and development. docs/safety.md says more.",
    )

    image_safety: Literal["none", "local", "openai"] = Field(
        "none",
        description="What looks at pictures before they are stored: `local`, the classifier of "
        "IMGGEN_IMAGE_CLASSIFIER; `openai`, OpenAI's moderation, or a service that speaks it; or "
        "`none`, which marks them NOT_CHECKED. Gateways and workers must have the same.",
    )

    def text_check(self, gate: TextGate | None = None) -> TextCheck:
        """Returns the check of texts, by a gate that is there already where one is given.

        Otherwise it reads the lists, which takes a tenth of a second.
        """
        if self.text_safety == "none":
            return TextCheck(None)
        return TextCheck(gate or load_gate())
