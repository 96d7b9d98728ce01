"""A description as a page changes it: what is worn there, and what is not."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from actors.prompts.clothes import is_gone, on_page, own_pieces, pieces_of
from actors.prompts.denial import affirmed
from actors.prompts.described import Described, is_of_body, parts_of
from actors.prompts.reading import Reading
from actors.prompts.saying import joined, with_article
from server.domain.characters import Description
from server.domain.scenes import Figure, Scene


def dressed(description: Description, figure: Figure) -> Description:
    """Returns a description with the clothes, the hair and the features of a page.

    What the page leaves as it is stays in the description's own words.
    """
    if not (figure.wearing or figure.without):
        return description
    body = [one for one in figure.wearing if is_of_body(one)]
    page = [one for one in figure.wearing if not is_of_body(one)]
    kept = [one for each in description.features for one in _kept(each, figure)]
    described = Described(description, figure)
    own = own_pieces(description, described.worn)
    here = on_page(own, page, figure.without)
    if set(here) == set(own):
        return replace(description, features=(*body, *kept))
    others = [one for each in kept for one in _unworn(each, described)]
    clothing = joined([with_article(piece.phrase) for piece in here])
    return replace(description, clothing=clothing, features=(*body, *others))


def bare_of(scene: Scene, cast: Sequence[Description]) -> tuple[str, ...]:
    """Returns what the figures of a scene, who are the cast, are without and nobody there has."""
    gone = dict.fromkeys(said for figure in scene.figures for said in figure.without)
    if not gone:
        return ()
    seen = [piece for one in (*scene.props, *scene.extras) for piece in pieces_of(one)]
    for figure, one in zip(scene.figures, cast, strict=True):
        own = own_pieces(one, Described(one, figure).worn)
        seen += on_page(own, figure.wearing, figure.without)
        seen += [piece for held in figure.holding for piece in pieces_of(held)]
    return tuple(said for said in gone if not any(is_gone(piece, [said]) for piece in seen))


def _kept(feature: str, figure: Figure) -> Iterator[str]:
    """Yields what a page leaves of a feature; whole in its own words."""
    parts = list(parts_of(affirmed(feature)))
    left = [one for one in parts if not _is_off(one, figure.without)]
    if left == parts:
        yield feature
    else:
        yield from map(with_article, left)


def _is_off(feature: str, gone: Sequence[str]) -> bool:
    return any(is_gone(piece, gone) for piece in pieces_of(feature))


def _unworn(feature: str, described: Described) -> Iterator[str]:
    parts = list(parts_of(affirmed(feature)))
    left = [one for one in parts if not described.is_worn(Reading(one))]
    if left == parts:
        yield feature
    else:
        yield from map(with_article, left)
