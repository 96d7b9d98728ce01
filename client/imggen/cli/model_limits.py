"""What no model of a server can draw of a story file, found before anything is created."""

from collections.abc import Iterator, Sequence

from imggen.cli.options import QUALITIES
from imggen.cli.story_content import StoryFile
from imggen.errors import Violation
from imggen.rules.graphemes import first
from imggen.rules.offers import too_many
from imggen.v1 import errors_pb2 as reasons
from imggen.v1.routing_pb2 import ModelStatus, ProviderStatus

_SHOWN = 60
_DEFAULT_QUALITY = QUALITIES[0]


def model_faults(file: StoryFile, providers: Sequence[ProviderStatus]) -> list[Violation]:
    """Returns what a file asks for that no model may draw; what only the server knows is not in it.

    A server that does not tell the limits of its models finds them itself.
    """
    models = [(each.provider, model) for each in providers for model in each.models]
    if not all(model.max_characters for _, model in models):
        return []
    return list(_faults(file, models))


def _faults(file: StoryFile, models: Sequence[tuple[str, ModelStatus]]) -> Iterator[Violation]:
    options = file.options
    named = [one for one in models if options.model in ("", one[1].model, *one[1].stands_for)]
    offered = {provider for provider, _ in models}
    if not named:
        yield _unknown("model", options.model, [model.model for _, model in models])
    if options.provider and options.provider not in offered:
        yield _unknown("provider", options.provider, sorted(offered))
    elif named:
        own = [model for at, model in named if options.provider in ("", at)]
        if own:
            yield from _limits(file, own, options.model or "any model here")
        else:
            yield Violation(
                "options.provider",
                f"{options.provider} does not offer {options.model}, but {named[0][0]} does",
                reasons.ERROR_REASON_NO_ELIGIBLE_OFFER,
            )


def _limits(file: StoryFile, models: Sequence[ModelStatus], who: str) -> Iterator[Violation]:
    """Yields what is beyond each of these models."""
    quality = file.options.quality or _DEFAULT_QUALITY
    qualities = list(dict.fromkeys(each for model in models for each in model.qualities))
    if quality not in qualities:
        yield Violation(
            "options.quality",
            f"{quality} is not drawn by {who}; use {' or '.join(qualities)}",
            reasons.ERROR_REASON_NO_ELIGIBLE_OFFER,
        )
    most = max(model.max_characters for model in models)
    crowds = {"cover.character_ids": file.cover.characters} if file.cover else {}
    if file.options.scenes:
        crowds |= {
            f"story.pages[{number}].character_ids": page.characters
            for number, page in enumerate(file.pages)
        }
    for place, characters in crowds.items():
        if len(characters) > most:
            yield too_many(place, len(characters), most, who)


def _unknown(what: str, value: str, known: Sequence[str]) -> Violation:
    others = f"use one of {', '.join(known)}, or leave it empty"
    reason = reasons.ERROR_REASON_MODEL_UNKNOWN
    if what == "provider":
        reason = reasons.ERROR_REASON_PROVIDER_UNKNOWN
    return Violation(
        f"options.{what}", f'"{first(value, _SHOWN)}" is not offered here; {others}', reason
    )
