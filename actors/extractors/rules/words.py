"""Words: what a text is made of, as UAX #29 delimits it."""

import re
from unicodedata import normalize

import regex

SPEECH = "\u201d"
"""The mark that stands for a speech in the sentence around it."""

# Letters and digits with their marks and joiners. Hyphens and apostrophes between letters belong
# to the word, since `fir-tree` and `O'Malley` are one thing.
_LETTER = r"[\p{L}\p{N}][\p{M}\u200c\u200d]*"
_WORD = regex.compile(
    rf"{SPEECH}|(?:{_LETTER})+(?:['-](?:{_LETTER})+)*|\.{{3}}|[.,;:!?\u2026\u2014()]"
)
# Copied pages have them where a line may break; in other scripts they change what a word says.
_UNSEEN = regex.compile(r"(?<=\p{Latin}\p{M}*)[\u00ad\u200b-\u200d\u2060\ufeff]+(?=\p{Latin})")
_CONTRACTION = re.compile(r"(?i)(?<=\w)(n't|'s|'re|'ve|'ll|'d|'m)$")
_WHOLE = {"n't": "not", "'re": "are", "'ve": "have", "'ll": "will", "'d": "had", "'m": "am"}
_ONE = re.compile(r"\b(no|every|some|any)[ -]?one\b(?! of)", re.IGNORECASE)
_DOUBLE = (
    # Phrases that deny where their words do not, and the other way round.
    (re.compile(r"\bno longer\b(?! than)", re.IGNORECASE), "not"),
    (
        re.compile(
            r"(?:,? at all|(?<!no) any ?(?:more|longer))\b(?=[.,;:!?\u2014]|$)", re.IGNORECASE
        ),
        "",
    ),
    (
        re.compile(
            r"\b(not|n't) (?:at all|a bit|one bit|in the least|the least bit)\b", re.IGNORECASE
        ),
        r"\1",
    ),
    (re.compile(r"\bnot a (?:living )?soul\b", re.IGNORECASE), "nobody"),
    (re.compile(r"\b(was|were|is|are)(?:n't| not) a soul\b", re.IGNORECASE), r"\1 nobody"),
    (re.compile(r"\bno sooner\b(.{3,90}?)\bthan\b", re.IGNORECASE), r"\1and"),
    (re.compile(r"\b(?:not only|no sooner)\b ?", re.IGNORECASE), ""),
    (re.compile(r"\bon top of\b", re.IGNORECASE), "atop"),
    (re.compile(r"\bupside down\b", re.IGNORECASE), "upside-down"),
    (re.compile(r"\binside out\b", re.IGNORECASE), "inside-out"),
    (re.compile(r"\bbus stop\b", re.IGNORECASE), "bus-stop"),
    (re.compile(r"\b(without|not) so much as\b", re.IGNORECASE), r"\1"),
    (re.compile(r"\b(in|with|on|of|for) (?:nothing|none) but\b", re.IGNORECASE), r"\1"),
    (re.compile(r"\b(?:nothing|no[ -]?(?:one|body)|none) but\b", re.IGNORECASE), "only"),
    (re.compile(r",? of course\b,?", re.IGNORECASE), ""),
    # What stands for one adverb.
    (
        re.compile(
            r"\b(one|two|side|step) (by) (one|two|side|step)\b|\b(hand|arm) (in) (hand|arm)\b"
            r"|\b(up|back|round|again) (and) (down|forth|round|again)\b|\b(to) (and) (fro)\b",
            re.IGNORECASE,
        ),
        lambda found: "-".join(word for word in found.groups() if word),
    ),
    (re.compile(r"\bcannot\b", re.IGNORECASE), "can not"),
    # `I'd like` has `would`, `I'd seen` has `had`.
    (
        re.compile(
            r"'d (?=(?:not |never |rather |)(?:like|love|rather|be|go|have|want|say|give|need)\b)"
        ),
        " would ",
    ),
    (re.compile(r"\brather than\b", re.IGNORECASE), "not"),
    # What somebody used to do is past, what somebody is used to is not.
    (
        re.compile(
            r"(?<!was )(?<!were )(?<!got )(?<!is )(?<!are )(?<!get )(?<!not )"
            r"\bused to (?!the\b|it\b)",
            re.IGNORECASE,
        ),
        "would ",
    ),
    (
        re.compile(r"\bat last\b(?! (?:night|year|week|month))", re.IGNORECASE),
        "finally",
    ),
    (re.compile(r"\ball (?:at once|of a sudden)\b", re.IGNORECASE), "suddenly"),
    (re.compile(r"\bby and by\b", re.IGNORECASE), "soon"),
    (re.compile(r"\bno doubt\b", re.IGNORECASE), "surely"),
    (re.compile(r"\b(?:could|can)(?:n't| ?not) help\b(?: but)?", re.IGNORECASE), "kept"),
)
_IRREGULAR = {"ca": "can", "wo": "will", "sha": "shall"}


def composed(text: str) -> str:
    """Returns a text with its letters composed, and nothing unseen between those of a word."""
    return _UNSEEN.sub("", normalize("NFC", text))


def words_of(sentence: str) -> list[str]:
    """Returns the words and marks of a sentence; `didn't` is `did not`, `Mia's` is two words."""
    found: list[str] = []
    for pattern, plain in _DOUBLE:
        sentence = pattern.sub(plain, sentence)
    for word in _WORD.findall(_ONE.sub(r"\1body", sentence)):
        parts = _CONTRACTION.split(word) if "'" in word else [word]
        head, ending = parts[0], "".join(parts[1:]).lower()
        found.append(_IRREGULAR.get(head.lower(), head) if ending == "n't" else head)
        if ending:
            found.append(_WHOLE.get(ending, ending))
    return found
