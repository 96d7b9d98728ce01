"""The choice of a request's model: the first that can draw all of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from imggen.v1 import errors_pb2 as reasons
from server.domain.models import Format, Model
from server.domain.states import ImageType
from server.errors import Violation
from server.routing.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks of a model; empty strings leave the choice to the service.

    `shape` is a size for portraits and an aspect ratio for scenes.
    """

    image_type: ImageType
    model: str
    shape: str
    characters: int


@dataclass(frozen=True, slots=True)
class Offer:
    """A model that can draw a wish, and the format in which it does."""

    model: Model
    format: Format


def choose(catalogue: Catalogue, wish: Wish) -> Offer | list[Violation]:
    """Returns the preferred offer, or why no model can draw the wish."""
    named = catalogue.get(wish.model)
    if wish.model and named is None:
        known = ", ".join(model.name for model in catalogue.models)
        return [
            Violation(
                "options.model",
                f'"{wish.model[:60]}" is not offered here; use one of {known}, or leave it empty',
                reasons.ERROR_REASON_MODEL_UNKNOWN,
            )
        ]
    models = (named,) if named else catalogue.models
    for model in models:
        if wish.characters <= model.max_characters:
            format_ = _format(model, wish)
            if format_ is not None:
                return Offer(model, format_)
    return _obstacles(models, wish)


def _formats(model: Model, wish: Wish) -> Mapping[str, Format]:
    return model.portraits if wish.image_type is ImageType.PORTRAIT else model.scenes


def _format(model: Model, wish: Wish) -> Format | None:
    formats = _formats(model, wish)
    return formats.get(wish.shape) if wish.shape else next(iter(formats.values()))


def _obstacles(models: tuple[Model, ...], wish: Wish) -> list[Violation]:
    found = []
    most = max(model.max_characters for model in models)
    if wish.characters > most:
        who = wish.model or "any model here"
        found.append(
            Violation(
                "character_ids",
                f"{wish.characters} characters are more than {who} can draw; {most} at most",
                reasons.ERROR_REASON_TOO_MANY_CHARACTERS,
            )
        )
    if all(_format(model, wish) is None for model in models) or not found:
        found.append(_shape_obstacle(models, wish))
    return found


def _shape_obstacle(models: tuple[Model, ...], wish: Wish) -> Violation:
    portrait = wish.image_type is ImageType.PORTRAIT
    fitting = [model for model in models if wish.characters <= model.max_characters] or models
    shapes = dict.fromkeys(shape for model in fitting for shape in _formats(model, wish))
    return Violation(
        "options.size" if portrait else "options.aspect_ratio",
        f'"{wish.shape[:60]}" is not offered; use one of {", ".join(shapes)}',
        reasons.ERROR_REASON_SIZE_NOT_OFFERED
        if portrait
        else reasons.ERROR_REASON_ASPECT_RATIO_NOT_OFFERED,
    )
