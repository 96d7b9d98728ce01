"""The contract of a whole request: which fields it may have, and which go together."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tests.wire.errors import Refused, refused, retired_model, unknown_model
from tests.wire.fields import DALLE_3_GENERATION, EDIT, GENERATION, Check
from tests.wire.models import RETIRED, Family, Model
from tests.wire.parts import Part, check_parts


class Operation(StrEnum):
    """What a request asks for."""

    GENERATION = "generation"
    EDIT = "edit"
    CHAT = "chat"
    MODERATION = "moderation"
    MODELS = "models"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the server offers: its models, and how strict it is.

    `retired_is_invalid` chooses the second of the two answers for a retired model.
    """

    models: Mapping[str, Model]
    retired_is_invalid: bool = False
    most_picture_bytes: int = 50_000_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that the contract allows."""

    operation: Operation
    model: Model
    fields: Mapping[str, object]
    parts: tuple[Part, ...] = ()

    @property
    def prompt(self) -> str:
        """What the picture shows."""
        return str(self.fields["prompt"])

    @property
    def size(self) -> tuple[int, int]:
        """Width and height; a square where the model may choose."""
        asked = self.fields.get("size") or "auto"
        if asked == "auto":
            return 1024, 1024
        width, height = str(asked).split("x")
        return int(width), int(height)

    @property
    def quality(self) -> str:
        """The label; the model's choice where it may choose."""
        asked = self.fields.get("quality") or "auto"
        if asked != "auto":
            return str(asked)
        return "standard" if self.model.family is Family.DALLE_3 else "medium"

    @property
    def format(self) -> str:
        """png, jpeg or webp."""
        return str(self.fields.get("output_format") or "png")

    @property
    def background(self) -> str:
        """opaque or transparent."""
        return "transparent" if self.fields.get("background") == "transparent" else "opaque"

    @property
    def streamed(self) -> bool:
        """Whether the answer is a stream of events."""
        return bool(self.fields.get("stream"))

    def number(self, name: str, otherwise: int) -> int:
        """Returns a number of the request."""
        value = self.fields.get(name)
        return value if isinstance(value, int) else otherwise


def check(
    operation: Operation, fields: Mapping[str, object], parts: tuple[Part, ...], terms: Terms
) -> Asked:
    """Returns the request, or raises Refused."""
    model = _model(fields, terms)
    checks = _checks(operation, model)
    for name in fields:
        if name not in checks:
            raise refused(f"Unknown parameter: '{name}'.", "unknown_parameter", name)
    if fields.get("prompt") is None:
        raise _missing("prompt")
    given = {name: value for name, value in fields.items() if value is not None}
    for name, value in given.items():
        checks[name](name, value, model)
    _check_together(given)
    if operation is Operation.EDIT:
        check_parts(parts, model, terms.most_picture_bytes)
    return Asked(operation, model, given, parts)


def _model(fields: Mapping[str, object], terms: Terms) -> Model:
    asked = fields.get("model")
    if asked is None or asked == "":
        raise _missing("model")
    if model := terms.models.get(str(asked)):
        return model
    if asked in RETIRED and terms.retired_is_invalid:
        raise Refused(retired_model(str(asked)))
    raise Refused(unknown_model(str(asked)))


def _checks(operation: Operation, model: Model) -> Mapping[str, Check]:
    if model.family is not Family.DALLE_3:
        return EDIT if operation is Operation.EDIT else GENERATION
    if operation is Operation.EDIT:
        raise refused(f"The model '{model.id}' does not edit.", "invalid_value", "model")
    return DALLE_3_GENERATION


def _check_together(fields: Mapping[str, object]) -> None:
    """Raises Refused for fields that are right alone and wrong together."""
    format = fields.get("output_format", "png")
    if "partial_images" in fields and not fields.get("stream"):
        message = "'partial_images' is only allowed when 'stream' is true."
        raise refused(message, "invalid_value", "partial_images")
    if "output_compression" in fields and format not in ("jpeg", "webp"):
        message = "'output_compression' is only supported with 'jpeg' and 'webp'."
        raise refused(message, "invalid_value", "output_compression")
    if fields.get("background") == "transparent" and format == "jpeg":
        message = "Transparent background is not supported for JPEG output."
        raise refused(message, "invalid_value", "background")
    if fields.get("stream") and fields.get("n", 1) != 1:
        raise refused("This server streams one image: 'n' must be 1.", "invalid_value", "n")


def _missing(name: str) -> Refused:
    message = f"Missing required parameter: '{name}'."
    return refused(message, "missing_required_parameter", name)
