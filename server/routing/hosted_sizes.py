"""Sizes that hosted models take: a call for another one would fail, each time that it is made.

The rules are those of OpenAI's images API, as its documents have them on 2026-11-22.
"""

from collections.abc import Iterator

from server.domain.models import Size

_STEP = 16
_LONGEST = 3
_SIDE = 3_840
_LEAST, _MOST = 655_360, 8_294_400  # pixels of the models that take every size
_ANY_SIZE = "gpt-image-"


def wrong_size(provider: str, known_as: str, size: Size) -> str:
    """Returns why a model of a provider cannot draw a size; empty if it can.

    Only the models of the images API that take any size have a least one: the older ones, and what
    a service of your own draws, have sizes of their own, which may be smaller.
    """
    problems = _problems(known_as, size) if provider == "openai" else ()
    return "; ".join(problems)


def _problems(known_as: str, size: Size) -> Iterator[str]:
    short, long = sorted((size.width, size.height))
    pixels = size.width * size.height
    if size.width % _STEP or size.height % _STEP:
        yield f"both sides must be multiples of {_STEP}"
    if long > _LONGEST * short:
        yield f"the longer side may be {_LONGEST} times the shorter one at most"
    if long > _SIDE or pixels > _MOST:
        yield f"no side may be longer than {_SIDE} pixels, and all together {_MOST:,} at most"
    if known_as.startswith(_ANY_SIZE) and pixels < _LEAST:
        yield f"{known_as} draws {_LEAST:,} pixels at least, not {pixels:,}"
