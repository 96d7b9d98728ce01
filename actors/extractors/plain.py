"""The rule-based extractor: the same page always gives the same scene."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from actors.extractors.base import MAX_WORDS
from actors.prompts.reading import Reading
from actors.storybook import vocabulary
from actors.storybook.table import table
from server.domain.characters import FrozenCharacter

WEATHER = table(
    {
        "rain": ("rainy", "raining", "rained", "drizzle", "shower", "puddles", "downpour"),
        "storm": ("stormy", "thunder", "lightning", "tempest", "hail"),
        "wind": ("windy", "breeze", "gale", "blew"),
        "snow": ("snowy", "snowing", "snowed", "snowflakes", "blizzard"),
        "fog": ("foggy", "mist", "misty", "cloud", "clouds", "cloudy"),
        "sun": ("sunny", "sunshine", "shone", "bright day"),
    }
)
"""Words for the weather."""

ACTIONS = table(
    {
        "moves": (
            *("walked", "walks", "walking", "ran", "runs", "running", "went", "came", "climbed"),
            *("climbs", "jumped", "jumps", "hopped", "swam", "flew", "flies", "danced", "dances"),
            *(
                "rode",
                "rides",
                "crept",
                "rushed",
                "hurried",
                "followed",
                "fell",
                "leaped",
                "sailed",
            ),
            *("wandered", "marched", "skipped", "crossed", "entered", "stepped", "jump", "run"),
        ),
        "stays": (
            *("sat", "sits", "sitting", "stood", "stands", "standing", "lay", "lies", "slept"),
            *("sleeps", "sleeping", "waited", "waits", "hid", "hides", "knelt", "lived", "dwelt"),
            *("hung", "rested", "leaned"),
        ),
        "handles": (
            *("held", "holds", "holding", "carried", "carries", "carrying", "opened", "opens"),
            *("picked", "picks", "ate", "eats", "drank", "gave", "took", "found", "finds"),
            *("built", "builds", "threw", "throws", "pulled", "pushed", "caught", "played"),
            *("plays", "cooked", "painted", "planted", "knocked", "knocks", "kissed", "gathered"),
            *("worked", "wove", "made", "read", "reads", "tasted", "swallowed", "dropped"),
        ),
        "looks": ("looked", "looks", "saw", "sees", "watched", "peeped", "gazed", "stared", "met"),
    }
)
"""Words for visible actions."""

# A full stop after these does not end a sentence.
_TITLES = r"(?<!\bMr\.)(?<!\bMrs\.)(?<!\bDr\.)(?<!\bSt\.)(?<!\bMs\.)"
_SENTENCE_END = re.compile(rf"(?<=[.!?\u2026]){_TITLES}\s+(?=[^a-z])")
_SPEECH = re.compile(
    r'"[^"]*(?:"|$)'
    # Single quotes hold speech if a capital follows the first and a mark precedes the last; the
    # apostrophes of `wolf's` and `the boys' hats` do not.
    r"|(?<!\w)'(?=[A-Z])(?:[^']|(?<=\w)'(?=\w))*(?<=[,.!?;-])'(?!\w)"
)
_PLAIN_QUOTES = str.maketrans(
    dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"') | dict.fromkeys("\u2018\u2019", "'")
)
_SAYING = re.compile(
    r"\b(?:said|says|cried|cries|asked|asks|replied|answered|called|calls|shouted|whispered"
    r"|exclaimed|thought|screamed|roared|sighed|begged)\b",
    re.IGNORECASE,
)
_ENDS_SAYING = re.compile(rf"{_SAYING.pattern}(?:\s+to(?:\s+\w+){{1,3}})?\W*$", re.IGNORECASE)
_CLAUSE_END = re.compile(r"(?<=[,;:])\s+|\s+[\u2013\u2014]\s+")
_GAP = "\u2026"
_WEIGHTS = {"place": 6, "time": 4, "weather": 4, "who": 4, "action": 2}
_SEEN_AGAIN = 1


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence of a page without its speech, and its facts, such as `place:in a forest`."""

    index: int
    text: str
    tells: frozenset[str]

    @property
    def length(self) -> int:
        return len(self.text.split())


class PlainExtractor:
    """Picks the sentences that say where, when, in what weather, and who does what.

    Speech is left out, since it cannot be seen. A sentence counts for the facts that the chosen
    ones lack. The scene keeps the page's order, in `MAX_WORDS` words or fewer. A page that is
    all speech is kept as it is.
    """

    async def scene(self, page_text: str, characters: Sequence[FrozenCharacter]) -> str:
        """Returns the scene of a page; never fails."""
        names = _names(characters)
        sentences = [
            _Sentence(index, text, _tells(text, names))
            for index, text in enumerate(_sentences(_without_speech(page_text)))
        ]
        chosen = _choose(sentences)
        if not chosen:
            return _cut(page_text.translate(_PLAIN_QUOTES).replace('"', ""))
        return _cut(" ".join(sentence.text for sentence in chosen))


def _names(characters: Sequence[FrozenCharacter]) -> frozenset[str]:
    return frozenset(
        word
        for character in characters
        for word in re.findall(r"[^\W\d_]+", character.description.name.lower())
        if len(word) > 2
    )


def _without_speech(text: str) -> str:
    """Replaces speech with an ellipsis; speech over several paragraphs opens again in each."""
    paragraphs = text.translate(_PLAIN_QUOTES).splitlines()
    return "\n".join(_SPEECH.sub(f" {_GAP} ", paragraph) for paragraph in paragraphs)


def _sentences(text: str) -> list[str]:
    cleaned = (_clean(part) for part in _SENTENCE_END.split(" ".join(text.split())))
    return [sentence for sentence in cleaned if sentence]


def _clean(sentence: str) -> str:
    """Removes the remains of speech: `… said the wolf` shows nothing."""
    parts = sentence.split(_GAP)
    kept = [part.strip(" ,;:") for part in parts if not _only_saying(part, spoken=len(parts) > 1)]
    joined = ", ".join(part for part in kept if re.search(r"\w", part))
    return joined and joined[0].upper() + joined[1:].rstrip(" ,;:") + _stop(joined)


def _only_saying(part: str, *, spoken: bool) -> bool:
    """Returns whether a part next to speech only names the speaker."""
    words = len(part.split())
    if not spoken or not _SAYING.search(part):
        return False
    return words <= 5 or (words <= 9 and _ENDS_SAYING.search(part) is not None)


def _stop(sentence: str) -> str:
    return "" if sentence.rstrip()[-1] in ".!?" else "."


def _tells(text: str, names: frozenset[str]) -> frozenset[str]:
    reading = Reading(text)
    facts = {
        "place": reading.take_all(vocabulary.PLACES),
        "weather": Reading(text).take_all(WEATHER),
        "time": Reading(text).take_all(vocabulary.TIMES),
        "action": Reading(text).take_all(ACTIONS),
        "who": tuple(sorted(names & set(reading.words))),
    }
    return frozenset(f"{kind}:{word}" for kind, words in facts.items() for word in words)


def _choose(sentences: Sequence[_Sentence]) -> list[_Sentence]:
    """Takes the sentence with the most new facts, repeatedly, while words are left."""
    chosen: list[_Sentence] = []
    left = list(sentences)
    told: frozenset[str] = frozenset()
    room = MAX_WORDS
    while left and room > 0:
        best = max(left, key=lambda sentence: (_worth(sentence, told), -sentence.index))
        left.remove(best)
        if chosen and (_worth(best, told) == 0 or best.length > room):
            continue
        chosen.append(best)
        told |= best.tells
        room -= best.length
    return sorted(chosen, key=lambda sentence: sentence.index)


def _worth(sentence: _Sentence, told: frozenset[str]) -> float:
    kinds_told = {fact.split(":")[0] for fact in told}
    worth = 0
    for fact in sentence.tells - told:
        kind = fact.split(":")[0]
        # A second place would need another picture; a second person belongs in this one.
        fresh = kind in {"who", "action"} or kind not in kinds_told
        worth += _WEIGHTS[kind] if fresh else _SEEN_AGAIN
    return worth


def _cut(text: str) -> str:
    """Keeps whole clauses within the limit, or words if even the first clause is too long."""
    words = text.split()
    if len(words) <= MAX_WORDS:
        return " ".join(words)
    kept: list[str] = []
    for clause in _CLAUSE_END.split(" ".join(words)):
        if len(kept) + len(clause.split()) > MAX_WORDS:
            break
        kept += clause.split()
    return " ".join(kept or words[:MAX_WORDS]).rstrip(" ,;:")
