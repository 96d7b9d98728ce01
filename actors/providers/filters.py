"""Flags of filters: a service with OpenAI's API may answer 200, with a picture that it blurred."""

from collections.abc import Iterator, Mapping

from actors.providers.openai_errors import plain_word

_FLAGS = ("nsfw", "has_nsfw_concepts", "is_blurred", "blurred", "content_filtered", "filtered")
"""Fields that are true, alone or in a list of one for each picture."""
_REASONS = ("finish_reason", "finishReason")
_FILTERED = ("content_filtered", "content_filter", "safety")
"""Reasons in lower case why a picture ended as it did."""
_RESULTS = "content_filter_results"
"""By category, with whether that was `filtered`, as Azure has it."""


def filtered(answer: object, picture: object) -> tuple[str, ...] | None:
    """Returns what a picture was filtered for; empty for no named category, None for no filter.

    It reads what the answer tells and what the picture's own entry does.
    """
    told = [one for one in (answer, picture) if isinstance(one, Mapping)]
    categories = tuple(sorted({name for one in told for name in _categories(one)}))
    if categories:
        return tuple(filter(None, categories))
    return () if any(_flagged(one) for one in told) else None


def _categories(told: Mapping[str, object]) -> Iterator[str]:
    """Yields the filtered categories; empty for one whose name could be anything."""
    results = told.get(_RESULTS)
    for name, result in results.items() if isinstance(results, Mapping) else ():
        if isinstance(result, Mapping) and result.get("filtered") is True:
            yield plain_word(name)


def _flagged(told: Mapping[str, object]) -> bool:
    for name in _FLAGS:
        value = told.get(name)
        if value is True or (isinstance(value, list) and True in value):
            return True
    return any(str(told.get(name)).lower() in _FILTERED for name in _REASONS)
