"""The figures of likeness: the shares of characters that pictures show as they were asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recipe.evaluation.identity import LOOK_ALIKES
from recipe.evaluation.intervals import Paired, wilson
from recipe.evaluation.orders import ALONE, Variant
from recipe.evaluation.report import Figure, Section
from recipe.evaluation.results import Result

TARGETS: Mapping[int, float] = {1: 97.0, 2: 96.0}
"""The least percentages of characters that rank first, by the characters of a picture."""
EYES_TARGET = 85.0
"""The least percentage of right eye colours in pictures of two."""
_KINDS: Mapping[int, str] = {1: "portraits", 2: "pairs"}
_TITLES: Mapping[int, str] = {1: "portraits in new places", 2: "each of two in one picture"}
_BOTH = "words and references"
_NAMES: Mapping[Variant, str] = {
    Variant.WORDS: "words alone",
    Variant.REFERENCES: f"references alone, at scale {ALONE:g}",
    Variant.NEITHER: "neither",
    Variant.OWN: "words and its own portraits",
    Variant.DRAWN: "drawn",
}
_READ: Mapping[Variant, str] = {
    Variant.BOTH: _BOTH,
    Variant.WORDS: "words alone",
    Variant.OWN: "words and its own portraits",
    Variant.DRAWN: "drawn",
}
"""The variants whose eyes are reported."""
UNREAD = "no audit classifier"


@dataclass(frozen=True, slots=True)
class Measured:
    """The results of one variant, and the mean PSNR of its first pictures.

    It is that against the drawn scenes, in dB: a judge still recognises characters in pictures
    that have become dark or blotched.
    """

    results: Sequence[Result]
    psnr: float


Found = Mapping[Variant, Measured]
"""The measures of the same cases, by variant."""


def likeness_section(
    found: Found, people: int, scales: Mapping[float, Measured] | None = None
) -> Section:
    """Returns the figures of pictures with so many characters.

    `scales` are measures of words and references at other scales than the service's. What
    compares variants that were not measured is left out.
    """
    kind = _KINDS[people]
    other = {f"{_BOTH} at {scale:g}": measured for scale, measured in (scales or {}).items()}
    figures = [
        _first(f"{kind}: {_BOTH}", found[Variant.BOTH], TARGETS[people], _against(found)),
        *(_first(f"{kind}: {_NAMES[each]}", found[each]) for each in _NAMES if each in found),
        *_fall(kind, found),
        *_contradicted(kind, found),
    ]
    for name, measured in other.items():
        note = f"against the service's scale {_paired(measured, found[Variant.BOTH])}"
        figures.append(_first(f"{kind}: {name}", measured, note=note))
    read = {name: found[each] for each, name in _READ.items() if each in found} | other
    for name, measured in read.items():
        target = EYES_TARGET if (name, people) == (_BOTH, 2) else None
        figures.append(_eyes(f"{kind}: eye colour, {name}", measured, target))
    for name, measured in read.items():
        if measured is not found.get(Variant.DRAWN):
            figures.append(Figure(f"{kind}: PSNR, {name}", measured.psnr, "dB"))
    return Section(_title(people), tuple(figures))


def missing_section(people: int, why: str) -> Section:
    """Returns the targets of pictures with so many characters, not measured for a reason."""
    kind = _KINDS[people]
    targets = {_BOTH: TARGETS[people]}
    if people == 2:
        targets[f"eye colour, {_BOTH}"] = EYES_TARGET
    figures = (
        Figure(f"{kind}: {name}", None, "%", target, missing=why)
        for name, target in targets.items()
    )
    return Section(_title(people), tuple(figures))


def _title(people: int) -> str:
    return f"Characters first among {LOOK_ALIKES} look-alikes: {_TITLES[people]}"


def _first(name: str, measured: Measured, target: float | None = None, note: str = "") -> Figure:
    lost = sum(rank is None for result in measured.results for rank in result.seen.ranks)
    notes = [*([f"{lost} not found"] if lost else []), *([note] if note else [])]
    return _share(name, _firsts(measured), target, notes)


def _fall(kind: str, found: Found) -> tuple[Figure, ...]:
    compared = (Variant.REFERENCES, Variant.NEITHER)
    if not found.keys() >= {*compared}:
        return ()
    with_adapter, without = (_percent(_firsts(found[each])) for each in compared)
    return (Figure(f"{kind}: fall without the adapter", with_adapter - without, "points"),)


def _contradicted(kind: str, found: Found) -> tuple[Figure, ...]:
    if (measured := found.get(Variant.CONTRADICTED)) is None:
        return ()
    rivals = [first for result in measured.results for first in result.rivals]
    return (
        _share(f"{kind}: contradicted, as the words say", _firsts(measured)),
        _share(f"{kind}: contradicted, as the reference shows", rivals),
    )


def _eyes(name: str, measured: Measured, target: float | None) -> Figure:
    eyes = (right for result in measured.results for right in result.seen.eyes)
    read = [right for right in eyes if right is not None]
    if not read:
        return Figure(name, None, "%", target, missing=UNREAD)
    return _share(name, read, target)


def _against(found: Found) -> str:
    both = found[Variant.BOTH]
    return "; ".join(
        f"against {_NAMES[other]} {_paired(both, found[other])}"
        for other in (Variant.WORDS, Variant.REFERENCES)
        if other in found
    )


def _paired(measured: Measured, other: Measured) -> Paired:
    return Paired.of(_firsts(measured), _firsts(other))


def _firsts(measured: Measured) -> list[bool]:
    return [first for result in measured.results for first in result.firsts]


def _percent(right: Sequence[bool]) -> float:
    return 100 * sum(right) / len(right) if right else 0.0


def _share(
    name: str, right: Sequence[bool], target: float | None = None, notes: Sequence[str] = ()
) -> Figure:
    return Figure(
        name,
        _percent(right),
        "%",
        target,
        beside="; ".join([f"of {len(right)}", *notes]),
        interval=wilson(sum(right), len(right)),
    )
