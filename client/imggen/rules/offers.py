"""The choice of the model that draws a picture: the first that can draw all of it."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from imggen.errors import FailedPrecondition, Violation
from imggen.rules.graphemes import first
from imggen.v1 import errors_pb2 as reasons


class Drawer(Protocol):
    """A model as far as requests choose one: `portraits` are by size, the default first."""

    @property
    def name(self) -> str:
        """The name."""

    @property
    def max_characters(self) -> int:
        """The most characters of a picture."""

    @property
    def portraits(self) -> Mapping[str, object]:
        """The sizes of portraits that it offers."""


Model = TypeVar("Model", bound=Drawer)


def choose(
    models: Sequence[Model], name: str, characters: int, size: str | None = None
) -> Model | list[Violation]:
    """Returns the first model that can draw a picture, or why none can.

    An empty `name` leaves the choice to the service. `size` is that of a portrait, None for a
    picture that is none. A model is never passed over because it would crop.
    """
    named = [model for model in models if model.name == name] if name else models
    if not named:
        return [unknown(models, name)]
    for model in named:
        if characters <= model.max_characters and _offers(model, size):
            return model
    return _obstacles(named, name, characters, size)


def choose_again(
    models: Sequence[Model], name: str, characters: int, size: str | None = None
) -> Model | list[Violation]:
    """Returns a named model for a picture that exists, or why it cannot draw it."""
    model = next((model for model in models if model.name == name), None)
    if model is None:
        return [unknown(models, name)]
    found = []
    if characters > model.max_characters:
        found.append(too_many("options.model", characters, model.max_characters, name))
    if not _offers(model, size):
        found.append(
            Violation(
                "options.model",
                f"{name} does not draw {size}, the size of the image; leave the model empty to"
                " keep it",
                reasons.ERROR_REASON_SIZE_NOT_OFFERED,
            )
        )
    return found or model


def unknown(models: Sequence[Model], name: str) -> Violation:
    """Returns the violation of a model that is not offered."""
    known = ", ".join(model.name for model in models)
    return Violation(
        "options.model",
        f'"{first(name, 60)}" is not offered here; use one of {known}, or leave it empty',
        reasons.ERROR_REASON_MODEL_UNKNOWN,
    )


def too_many(field: str, characters: int, most: int, who: str) -> Violation:
    """Returns the violation of more characters than a model, or any, can draw."""
    return Violation(
        field,
        f"{characters} characters are more than {who} can draw; {most} at most",
        reasons.ERROR_REASON_TOO_MANY_CHARACTERS,
    )


def not_offered(field: str, size: str, models: Sequence[Model]) -> Violation:
    """Returns the violation of a size of portraits that no model offers."""
    sizes = dict.fromkeys(offered for model in models for offered in model.portraits)
    return Violation(
        field,
        f'"{first(size, 60)}" is not offered; use one of {", ".join(sizes)}',
        reasons.ERROR_REASON_SIZE_NOT_OFFERED,
    )


def no_eligible_offer(why: Mapping[str, str]) -> FailedPrecondition:
    """Returns the error of a picture that no model may draw; `why` not is by model."""
    return FailedPrecondition(
        "no model may draw this within the limits of the request; widen them, or leave one out",
        reasons.ERROR_REASON_NO_ELIGIBLE_OFFER,
        metadata=why,
    )


def _offers(model: Drawer, size: str | None) -> bool:
    return not size or size in model.portraits


def _obstacles(
    models: Sequence[Model], name: str, characters: int, size: str | None
) -> list[Violation]:
    found = []
    most = max(model.max_characters for model in models)
    if characters > most:
        found.append(too_many("character_ids", characters, most, name or "any model here"))
    if not any(_offers(model, size) for model in models) or not found:
        fitting = [model for model in models if characters <= model.max_characters]
        found.append(not_offered("size", size or "", fitting or models))
    return found
