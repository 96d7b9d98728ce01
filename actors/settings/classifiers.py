"""The settings of classifiers: what looks at texts, and at pictures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

from actors.settings.values import CONFIG, key, url
from server.safety.settings import SafetySettings


class RefusedLabel(BaseModel):
    """What a label of a classifier refuses a text or a picture as, and from which score on."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False
    )

    category: str = Field(pattern=r"^[a-z][a-z0-9/-]*$")
    threshold: float = Field(gt=0, le=1)


class ClassifierSettings(BaseSettings):
    """Which model, if any, says what a text is about before anything is drawn from it."""

    model_config = CONFIG

    text_classifier: Literal["none", "openai", "local"] = Field(
        "none",
        description="What classifies the texts of a job, after the lists and before the first "
        "paid call: `openai` is OpenAI's moderation, or a service that speaks it, `local` a model "
        "in the worker; `none` for the lists alone.",
    )
    text_classifier_model: str = Field(
        "",
        description="With `local`: the model, a folder or a repository of the hub, with a "
        "sequence classifier in safetensors and its fast tokenizer.",
    )
    text_classifier_labels: dict[str, RefusedLabel] = Field(
        {},
        description="With `local`: the model's labels that refuse a text, each as a category and "
        'from a threshold on, as JSON: `{"toxic": {"category": "hate", "threshold": 0.5}}`.',
    )
    moderation_api_key: SecretStr | None = Field(
        None, description="The key of the moderation; needed with `openai`."
    )
    moderation_base_url: str = Field(
        "https://api.openai.com/v1",
        description="The URL of its API. All texts of a picture and their characters' names are "
        "sent there.",
    )
    moderation_model: str = Field("omni-moderation-latest", description="The model that is asked.")
    moderation_timeout_s: float = Field(
        10.0, gt=0, description="How long it may take for a text, in seconds."
    )

    _one_line = field_validator("moderation_api_key")(key)
    _plain_url = field_validator("moderation_base_url")(url)

    @model_validator(mode="after")
    def _has_a_key(self) -> Self:
        if self.text_classifier == "openai" and self.moderation_api_key is None:
            raise ValueError(
                "IMGGEN_MODERATION_API_KEY: not set, and IMGGEN_TEXT_CLASSIFIER=openai needs it; "
                "set the key, or IMGGEN_TEXT_CLASSIFIER=none"
            )
        return self

    @model_validator(mode="after")
    def _has_a_model(self) -> Self:
        needed = {
            "IMGGEN_TEXT_CLASSIFIER_MODEL": self.text_classifier_model,
            "IMGGEN_TEXT_CLASSIFIER_LABELS": self.text_classifier_labels,
        }
        if self.text_classifier == "local":
            _require("IMGGEN_TEXT_CLASSIFIER", needed)
        elif "text_classifier" not in self.model_fields_set:
            _refuse_unused("IMGGEN_TEXT_CLASSIFIER", needed)
        return self


class PictureSettings(SafetySettings):
    """The classifier of pictures, where `image_safety` is `local`, loaded beside the upscaler."""

    model_config = CONFIG

    image_classifier: str = Field(
        "",
        description="The model that looks at pictures, one that transformers loads as an image "
        "classifier, in safetensors: a folder, or a repository of the hub; needed with `local`.",
    )
    image_classifier_labels: dict[str, RefusedLabel] = Field(
        default={},
        description="Its labels that are refused, as JSON, each with the category that is told "
        'and the least score, 0 to 1: `{"nsfw": {"category": "sexual", "threshold": 0.5}}`. '
        "A label that the model does not have stops the process that loads it. Needed with "
        "`local`.",
    )

    @property
    def image_classifier_name(self) -> str:
        """The name that checked images show: the last part of a path."""
        path = Path(self.image_classifier)
        return path.name if path.is_absolute() else self.image_classifier

    @model_validator(mode="after")
    def _names_a_model(self) -> Self:
        needed = {
            "IMGGEN_IMAGE_CLASSIFIER": self.image_classifier,
            "IMGGEN_IMAGE_CLASSIFIER_LABELS": self.image_classifier_labels,
        }
        if self.image_safety == "local":
            _require("IMGGEN_IMAGE_SAFETY", needed)
        elif "image_safety" not in self.model_fields_set:
            _refuse_unused("IMGGEN_IMAGE_SAFETY", needed)
        return self


def _require(setting: str, needed: Mapping[str, object]) -> None:
    """Raises ValueError for what a local classifier lacks."""
    if names := [name for name, value in needed.items() if not value]:
        raise ValueError(
            f"{', '.join(names)}: not set, and {setting}=local needs it; set it, or {setting}=none"
        )


def _refuse_unused(setting: str, needed: Mapping[str, object]) -> None:
    """Raises ValueError for a local classifier that nothing would ask: that passes unseen."""
    if names := [name for name, value in needed.items() if value]:
        raise ValueError(
            f"{', '.join(names)}: set, but {setting} is not, so that nothing is classified; set "
            f"{setting}=local, or {setting}=none to say so"
        )
