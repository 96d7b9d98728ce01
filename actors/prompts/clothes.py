"""Clothes: the pieces that a description and a page name, and what is drawn of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from actors.prompts.denial import affirmed, is_none
from actors.prompts.reading import Reading
from actors.prompts.told import Told
from actors.storybook import attributes as drawn
from actors.storybook.table import Match, union
from actors.storybook.vocabulary import looks as words
from actors.storybook.vocabulary.people import BODY
from server.domain.characters import Description
from server.domain.scenes import LossKind

_WORN = union(words.HATS, words.CLOTHES, words.FEATURES, words.UNDERNEATH)
_SPLITS = frozenset({",", ";", ".", "!", "?", "and", "with", "&", "over", "on", "plus"})
_UNDER = frozenset({"under", "beneath", "underneath"})
_ARTICLES = frozenset({"a", "an", "the", "her", "his", "its", "their", "some", "one", "two"})
_HATS = frozenset(words.HATS.meanings)
_GARMENTS = frozenset(words.CLOTHES.meanings)
_SHOWS_TROUSERS = frozenset({drawn.Garment.SHIRT, drawn.Garment.SWEATER, drawn.Garment.COAT})
_FIXED = {
    **words.HAT_COLOURS,
    **words.UNDERNEATH_COLOURS,
    words.SCARF: words.SCARF_COLOURS,
}
"""The colours of the pieces that have only one."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that is worn, in its own words: what is drawn for it, in which colour."""

    phrase: str
    noun: str
    what: str
    bent: bool
    colour: Match | None
    left: tuple[str, ...]

    @property
    def is_garment(self) -> bool:
        """Whether it is a main garment."""
        return self.what in _GARMENTS

    @property
    def is_hat(self) -> bool:
        """Whether it is worn on the head."""
        return self.what in _HATS

    def covers(self, other: "Piece") -> bool:
        """Returns whether it names the same thing as another piece: `hat` names any hat."""
        if self.noun == "hat":
            return other.is_hat
        return self.what == other.what if self.what else self.noun == other.noun


@dataclass(frozen=True, slots=True)
class Clothes:
    """What is drawn of the clothes of a figure."""

    garment: drawn.Garment
    colour: drawn.Colour
    hat: drawn.Hat
    scarf: bool
    glasses: bool
    told: tuple[Told, ...]


def read_clothes(
    description: Description, features: Sequence[str], page: Sequence[str], gone: Sequence[str]
) -> Clothes:
    """Returns the clothes of a figure.

    `features` are those of the description that are worn, `page` and `gone` as in `on_page`.
    """
    pieces = on_page(own_pieces(description, features), page, gone)
    clothes = _drawn(pieces)
    if is_none(description.clothing) and not any(one.is_garment for one in pieces):
        became = f"{clothes.colour} {clothes.garment}"
        nothing = Told("no clothes", LossKind.CLOTHING, "garment", became)
        return replace(clothes, told=(*clothes.told, nothing))
    return clothes


def own_pieces(description: Description, features: Sequence[str]) -> list[Piece]:
    """Returns the pieces of a description, whose worn `features` are among them."""
    said = "" if is_none(description.clothing) else affirmed(description.clothing)
    return [*pieces_of(said), *pieces_of(", ".join(features))]


def on_page(own: Sequence[Piece], page: Sequence[str], gone: Sequence[str]) -> list[Piece]:
    """Returns the pieces that are worn on a page.

    What is worn on the `page` takes the place of all clothes if it is another main garment, else it
    is added to them; what is `gone` is worn no more.
    """
    worn = [_own(piece, own) for one in page for piece in _page_pieces(one)]
    known = {piece.noun for piece in own}
    if any(piece.is_garment and piece.noun not in known for piece in worn):
        own = [piece for piece in own if piece.what == words.GLASSES]
    kept = (one for one in own if not any(_same(one, new) for new in worn))
    return [one for one in dict.fromkeys([*worn, *kept]) if not is_gone(one, gone)]


def is_gone(piece: Piece, gone: Sequence[str]) -> bool:
    """Returns whether a piece is among what somebody is without."""
    return any(off.covers(piece) for one in gone for off in pieces_of(one))


def pieces_of(text: str) -> list[Piece]:
    """Returns the pieces that a text names, the outermost of two garments first."""
    found: list[Piece] = []
    reading = Reading(text)
    for start, end, under in _segments(reading.words):
        piece = _piece(reading.phrase(start, end))
        if piece is not None:
            found.insert(max(len(found) - 1, 0) if under else len(found), piece)
    return found


def is_worn(text: str) -> bool:
    """Returns whether a feature is something worn: `a tiara`, `round spectacles`."""
    return any(piece.what not in {"", words.FRECKLES, words.BEARD} for piece in pieces_of(text))


def _page_pieces(said: str) -> list[Piece]:
    """Returns the pieces of one thing that is worn on a page, which is told as the page says it."""
    pieces = pieces_of(said)
    return [replace(pieces[0], phrase=said)] if len(pieces) == 1 else pieces


def _segments(said: Sequence[str]) -> Iterator[tuple[int, int, bool]]:
    """Yields where each piece is, and whether the piece before it is worn under it."""
    start, under = 0, False
    for at, word in enumerate(said):
        # `a black and white dress` is one piece.
        inside = _is_coloured(said[start:at]) and at + 2 < len(said)
        if word == "and" and inside and _is_coloured(said[at + 1 : at + 2]):
            continue
        if word in _SPLITS | _UNDER:
            yield start, at, under
            start, under = at + 1, word in _UNDER
    yield start, len(said), under


def _is_coloured(segment: Sequence[str]) -> bool:
    """Returns whether words are colours and patterns alone."""
    left = [word for word in segment if word not in _ARTICLES | words.SHADES | words.PATTERNS]
    left = [word for word in left if word != "and"]
    matched = list(words.COLOURS.matches(left))
    known = sum(match.end - match.start for match in matched) == len(left)
    return known and (bool(left) or not _ARTICLES.issuperset(segment))


def _piece(phrase: str) -> Piece | None:
    reading = Reading(phrase)
    found = reading.find(_WORN)
    head = found[-1] if found else None
    if head is not None:
        reading.mark([head])
    reading.take_each(BODY)
    colour = reading.take_colour(words.COLOURS)
    left = reading.left()
    if head is None and colour is None and not left:
        return None
    noun = reading.words[head.end - 1] if head else reading.words[-1]
    what = head.meaning if head else ""
    return Piece(phrase, noun, what, bool(head and head.bent), colour, left)


def _own(piece: Piece, own: Sequence[Piece]) -> Piece:
    """Returns the description's words for a piece that a page names without any: `her coat`."""
    if piece.colour is not None or piece.left:
        return piece
    return next((one for one in own if one.noun == piece.noun), piece)


def _same(one: Piece, other: Piece) -> bool:
    """Returns whether a piece of a page takes the place of one of the description."""
    return (one.is_hat and other.is_hat) or one.covers(other)


def _drawn(pieces: Sequence[Piece]) -> Clothes:
    garments = [piece for piece in pieces if piece.is_garment]
    main = next((one for one in garments if one.noun not in words.LOWER), None)
    main = main or (garments[0] if garments else None)
    hat = next((piece for piece in pieces if piece.is_hat), None)
    garment = drawn.Garment(main.what) if main else drawn.Garment.SHIRT
    colour = drawn.Colour(main.colour.meaning) if main and main.colour else drawn.Colour.BLUE
    seen = {words.SCARF, words.GLASSES, words.SHOES}
    seen |= {words.TROUSERS} if garment in _SHOWS_TROUSERS else set()
    seen |= {words.SOCKS} if garment is drawn.Garment.DRESS else set()
    shown = [one for one in pieces if one is main or one is hat or one.what in seen]
    hidden = [one for one in pieces if one not in shown]
    return Clothes(
        garment,
        colour,
        hat=drawn.Hat(hat.what) if hat else drawn.Hat.NONE,
        scarf=any(one.what == words.SCARF for one in pieces),
        glasses=any(one.what == words.GLASSES for one in pieces),
        told=(*map(_told, shown), *(Told(one.phrase, LossKind.CLOTHING) for one in hidden)),
    )


def _told(piece: Piece) -> Told:
    """Returns what a piece tells, and as what it is drawn where that is something else."""
    colours = _FIXED.get(piece.what, frozenset()) if not piece.is_garment else None
    colour, noun = piece.colour, _name(piece)
    if colours is None:
        off = colour is not None and colour.bent
        noun = f"{colour.meaning} {noun}" if colour else noun
    else:
        off = colour is not None and colour.meaning not in colours
    other = piece.bent or bool(piece.left)
    coloured = not piece.bent and all(_is_coloured(run.split()) for run in piece.left)
    kind = LossKind.COLOUR if coloured and (off or other) else LossKind.CLOTHING
    return Told(piece.phrase, kind, _part(piece), noun if off or other else "")


def _name(piece: Piece) -> str:
    return piece.what.removeprefix("a ")


def _part(piece: Piece) -> str:
    if piece.is_garment:
        return "garment"
    if piece.is_hat:
        return "hat"
    return {words.SCARF: "scarf", words.GLASSES: "glasses"}.get(piece.what, "garment")
