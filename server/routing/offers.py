"""The choice of a request's model: the first that can draw all of it."""

from dataclasses import dataclass

from imggen.v1 import errors_pb2 as reasons
from server.domain.models import Format, Model, Size
from server.domain.states import ImageType
from server.errors import Violation
from server.routing.catalogue import Catalogue
from server.routing.formats import DEFAULT_RATIO, RATIOS, format_of, scene_format


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks of a model; empty strings leave the choice to the service.

    `shape` is a size for portraits, and one of RATIOS for scenes and covers.
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
    """Returns the preferred offer, or why no model can draw the wish.

    A model is never passed over because it would crop: a character looks the same in all the
    pictures of a story only if one model draws them, and the order of the catalogue is the
    operator's word on cost and speed. A caller who wants the whole picture names a model.
    """
    named = catalogue.get(wish.model)
    if wish.model and named is None:
        return [_unknown(catalogue, wish.model)]
    models = (named,) if named else catalogue.models
    for model in models:
        if wish.characters <= model.max_characters:
            format_ = _format(model, wish)
            if format_ is not None:
                return Offer(model, format_)
    return _obstacles(models, wish)


def choose_again(
    catalogue: Catalogue, name: str, image_type: ImageType, display: Size, characters: int
) -> Offer | list[Violation]:
    """Returns the offer of a named model for a picture of a display size, or why there is none.

    A scene or a cover keeps its shape, whichever the model draws.
    """
    model = catalogue.get(name)
    if model is None:
        return [_unknown(catalogue, name)]
    found = []
    if characters > model.max_characters:
        found.append(_too_many("options.model", characters, model.max_characters, name))
    format_ = format_of(model, image_type, display)
    if format_ is None:
        found.append(_not_offered("options.model", str(display), (model,)))
    return found if found or format_ is None else Offer(model, format_)


def _format(model: Model, wish: Wish) -> Format | None:
    if wish.image_type is not ImageType.PORTRAIT:
        return scene_format(model, RATIOS[wish.shape or DEFAULT_RATIO])
    formats = model.portraits
    return formats.get(wish.shape) if wish.shape else next(iter(formats.values()))


def _obstacles(models: tuple[Model, ...], wish: Wish) -> list[Violation]:
    found = []
    most = max(model.max_characters for model in models)
    if wish.characters > most:
        who = wish.model or "any model here"
        found.append(_too_many("character_ids", wish.characters, most, who))
    if all(_format(model, wish) is None for model in models) or not found:
        fitting = [model for model in models if wish.characters <= model.max_characters]
        found.append(_not_offered("size", wish.shape, tuple(fitting) or models))
    return found


def _unknown(catalogue: Catalogue, name: str) -> Violation:
    known = ", ".join(model.name for model in catalogue.models)
    return Violation(
        "options.model",
        f'"{name[:60]}" is not offered here; use one of {known}, or leave it empty',
        reasons.ERROR_REASON_MODEL_UNKNOWN,
    )


def _too_many(field: str, characters: int, most: int, who: str) -> Violation:
    return Violation(
        field,
        f"{characters} characters are more than {who} can draw; {most} at most",
        reasons.ERROR_REASON_TOO_MANY_CHARACTERS,
    )


def _not_offered(field: str, size: str, models: tuple[Model, ...]) -> Violation:
    sizes = dict.fromkeys(offered for model in models for offered in model.portraits)
    return Violation(
        field,
        f'"{size[:60]}" is not offered; use one of {", ".join(sizes)}',
        reasons.ERROR_REASON_SIZE_NOT_OFFERED,
    )
