"""Colour words: which words are colours, and which modify them."""

from collections.abc import Iterator, Sequence

from actors.extractors.rules.lexicon import hues, nouns
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.tokens import Token


def is_colour(word: str) -> bool:
    """Returns whether a word is a colour or a pattern: `red`, `sky-blue`, `rust-coloured`."""
    last = word.rpartition("-")[2]
    if word in {"ice-cream", "sour-cream"}:
        return False
    return word in hues.COLOURS or last in hues.COLOURS or last in {"coloured", "colored"}


def is_plain_colour(token: Token) -> bool:
    """Returns whether a noun names a colour and nothing else."""
    return token.is_noun and is_colour(token.lower) and token.lower not in hues.GROWN


_BODIED = {
    "nosed": "nose",
    "eyed": "eye",
    "faced": "face",
    "tiled": "tile",
    "striped": "stripe",
    "maned": "mane",
    "hatted": "hat",
    "capped": "cap",
    "lipped": "lip",
    "furred": "fur",
    "finned": "fin",
    **{
        f"{noun}ed": noun
        for noun in (
            *("beard", "roof", "feather", "tail", "beak", "hair", "sail", "cheek", "foot", "paw"),
            *("wing", "breast", "coat", "shutter", "skin", "petal", "wall", "knee", "ear", "hood"),
            *("boot", "whisker", "crest", "back", "chest", "horn", "hoof", "hand", "leaf", "dome"),
        )
    },
}


def part_of(word: str) -> str:
    """Returns the coloured part that a word names: `pink nose` of `pink-nosed`."""
    hue, _, part = word.rpartition("-")
    if part in _BODIED and hue and is_colour(hue):
        return f"{hue.replace('-', ' ')} {_BODIED[part]}"
    return ""


def is_name(phrase: NounPhrase) -> bool:
    """Returns whether a colour and its noun are a proper name: `Plum Street`, `the Red Hand`."""
    head = phrase.head.text
    hues_said = [one.text for one in phrase.tokens[:-1] if is_colour(one.lower)]
    capital = head[:1].isupper() and not head.isupper()
    return capital and any(one[:1].isupper() for one in hues_said)


def names_colour(phrase: NounPhrase) -> bool:
    """Returns whether a phrase says that it names a colour: `the colour of plums`."""
    return phrase.head.lemma in {"colour", "color", "shade"}


def has_colour(head: Token, before: Sequence[Token]) -> bool:
    """Returns whether colour words before a noun are its colour: not those of `plum tree`."""
    if head.lemma in hues.UNCOLOURED:
        return False
    words = [one.lower for one in before if is_colour(one.lower)]
    if words and words[-1] in hues.HAIR_ONLY and head.lemma not in hues.HAIRY | nouns.ANIMALS:
        return False
    if words and words[-1] == "orange":
        return head.lemma not in hues.GROWING - hues.COLOURED_ORANGE
    return not (words and words[-1] in hues.GROWN and head.lemma in hues.GROWING)


def coloured(tokens: Sequence[Token]) -> str:
    """Returns the colours among words, with what modifies them: `dark red`, `blue and white`."""
    words: list[str] = []
    for place, one in enumerate(tokens):
        if is_colour(plain(one)) or modifies(tokens, place):
            words.append(plain(one))
        elif (
            one.lower in {"and", "or"}
            and words
            and place + 1 < len(tokens)
            and is_colour(tokens[place + 1].lower)
        ):
            words.append(one.lower)
    return " ".join(words) if any(is_colour(word) for word in words) else ""


def modifies(tokens: Sequence[Token], place: int) -> bool:
    """Returns whether a word is the shade of the colour after it: `dark red`, `slate grey`."""
    if place + 1 >= len(tokens):
        return False
    following, one = tokens[place + 1], tokens[place]
    if not is_colour(plain(following)):
        return plain(one) in hues.SHADES and modifies(tokens, place + 1)
    if plain(one) in hues.SHADES:
        return True
    # `Dyed his beard purple` is no shade of purple.
    body = one.lemma in nouns.BODY | nouns.GARMENTS or one.character is not None
    return one.is_noun and not body and following.tag.startswith("JJ")


def plain(token: Token) -> str:
    """Returns a word without comparison: `pale` of `palest`."""
    if token.lower in _COMPARED:
        return _COMPARED[token.lower]
    return token.lemma if token.tag in {"JJR", "JJS"} else token.lower


def _forms(hue: str) -> Iterator[str]:
    """Yields how a colour is compared: `redder`, `bluest`, `browner`."""
    stem = hue.removesuffix("e")
    for end in ("er", "est"):
        yield f"{stem}{end}"
        yield f"{stem}{stem[-1]}{end}"


_COMPARED = {
    form: hue
    for hue in (
        *(
            "red",
            "blue",
            "green",
            "brown",
            "white",
            "black",
            "grey",
            "pink",
            "pale",
            "dark",
            "bright",
        ),
        *("light", "deep"),
    )
    for form in _forms(hue)
}


def together(said: Sequence[str]) -> list[str]:
    """Returns coloured things, a pattern and the colours of one thing as one.

    `A striped jersey, blue and green` is a `striped blue and green jersey`.
    """
    found: list[str] = []
    for one in said:
        hue, _, noun = one.rpartition(" ")
        before = found[-1] if found else ""
        pattern, _, thing = before.rpartition(" ")
        if thing == noun and (pattern in hues.PATTERNS) != (hue in hues.PATTERNS):
            found[-1] = f"{pattern} {hue} {noun}"
        else:
            found.append(one)
    return found


def merged(said: Sequence[str]) -> list[str]:
    """Returns coloured things, the colours of one thing as one: `brown above and cream below`."""
    found: list[str] = []
    for one in said:
        hue, _, noun = one.rpartition(" ")
        before, _, thing = (found[-1] if found else "").rpartition(" ")
        if thing == noun and hue != before and not {before, hue} & hues.PATTERNS:
            found[-1] = f"{before} and {hue} {noun}"
        else:
            found.append(one)
    return found
