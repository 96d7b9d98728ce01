"""Speech: what somebody says in a text, apart from what is told; and who is spoken to."""

import re
from collections.abc import Iterator, Sequence

from actors.extractors.rules.lexicon import nouns
from actors.extractors.rules.names import Names
from actors.extractors.rules.words import SPEECH, words_of

_PLAIN = str.maketrans(
    dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"')
    | dict.fromkeys("\u2018\u2019\u02bc", "'")
    | {"\u2013": "\u2014"}
)
_SPOKEN = re.compile(
    r'"(?P<double>[^"]*)(?:"|$)'
    # Single quotes hold speech if a capital follows the first and a mark precedes the last; the
    # apostrophes of `wolf's` and `the boys' hats` do not.
    # Where it goes on after `said she,`, it may begin with a small letter.
    r"|(?<!\w)'(?P<single>(?:(?=[A-Z])|(?<=, ')(?!tis|twas|cause))"
    r"(?:[^']|(?<=\w)'(?=\w))*(?<=[,.!?;\u2014-]))'(?!\w)"
)
_SAYING = (
    r"(?:say|ask|cri|cry|call|shout|whisper|repl|answer|mutter|sigh|laugh|yell|add|roar|beg|gasp"
    r"|murmur|sniff|squeak|sa)(?:s|es|ed|ied|ies|id|d)?"
)
# In `— Are you cold? asked Tom.` the teller speaks between a mark and the sentence's end.
_TOLD = re.compile(
    rf"(?<=[,?!\u2026\u2014] )(?:{_SAYING} [^.!?]*?(?:[.!?]|, |$)"
    rf"|(?:I|[Hh]e|[Ss]he|[Tt]hey|[A-Z]\w+|[Tt]he \w+) {_SAYING}\b[^.!?]*(?:[.!?]|$))"
)
_DASHED = re.compile(r"^\u2014 ?(?=\S)")
_ENDED = re.compile(r"[.!?\u2026]\W*$")
_CALLS = frozenset(
    {
        *("hello", "hi", "hey", "oh", "thank", "thanks", "you", "dear", "yes", "please"),
        *("come", "goodbye", "bye", "o", "ah", "well", "but", "and", "look", "night", "morning"),
        *("my", "little", "old", "poor", "now", "wait", "stop", "quick", "hurry", "welcome", "so"),
        *("sorry", "up", "on", "back", "listen"),
    }
)
"""The words before a name that is called: `Thank you, Mia`, `Oh Tom`, `dear Mia`."""
_BEINGS = (
    nouns.PEOPLE
    | nouns.ANIMALS
    | {"thing", "rascal", "scamp", "rogue", "silly", "darling", "dear", "fool", "pickle", "devil"}
    | {"genius", "hero", "wretch", "sausage", "angel", "treasure", "monkey", "villain", "one"}
)
_JUDGED = frozenset(
    {
        *("good", "bad", "naughty", "clever", "silly", "poor", "brave", "greedy", "wicked", "you"),
        *("lazy", "dear", "stupid", "foolish", "dirty", "mean", "cheeky", "sweet"),
    }
)
_SHOWS = frozenset({"this", "here", "it", "that"})


def plain(text: str) -> str:
    """Returns a text with one form of quotes and dashes."""
    return text.translate(_PLAIN)


def paragraphs(text: str) -> Iterator[str]:
    """Yields the paragraphs of a plain text, in each speech in quotes; a poem's lines are one."""
    for block in re.split(r"\n\s*\n", text):
        open_lines: list[str] = []
        dashed = False
        for line in filter(None, map(str.strip, block.splitlines())):
            if open_lines and (_DASHED.match(line) or (dashed and _ENDED.search(open_lines[-1]))):
                yield _joined(open_lines)
                open_lines = []
            dashed = bool(_DASHED.match(line)) or (dashed and bool(open_lines))
            open_lines.append(line)
        if open_lines:
            yield _joined(open_lines)


def put_aside(paragraph: str) -> tuple[str, list[str]]:
    """Returns a paragraph with `SPEECH` for each of its speeches, and the speeches."""
    spoken: list[str] = []

    def take(match: re.Match[str]) -> str:
        spoken.append(match["double"] or match["single"] or "")
        return f" {SPEECH} "

    return _SPOKEN.sub(take, paragraph), spoken


def addressed(spoken: Sequence[str], names: Names) -> list[int]:
    """Returns those who are spoken to or shown; who is only shouted for may be far away."""
    called: list[int] = []
    only = True
    for speech in spoken:
        words = words_of(speech)
        at = 0
        while at < len(words):
            name = names.at(words, at, shouted=False) if words[at][0].isalnum() else None
            if name is None and (meant := _vocative(words, at, names)) is not None:
                called.append(meant)
                only = False
            if name is None:
                only = only and not words[at][0].isalnum()
                at += 1
                continue
            end, who = name
            if _is_called(words, at, end) or _is_shown(words, at):
                called.append(who)
            at = end
    return [] if only else list(dict.fromkeys(called))


def only_names(spoken: Sequence[str], names: Names) -> list[int]:
    """Returns who is named where a speech is nothing but a name, and no shout."""
    for speech in spoken:
        words = words_of(speech)
        found = names.at(words, 0, shouted=False) if words and words[0][0].isalnum() else None
        if found is not None and words[found[0] :] in ([], [","], ["."]):
            return [found[1]]
    return []


def calls_names(spoken: Sequence[str]) -> bool:
    """Returns whether somebody is called something else than a name: `You greedy thing!`"""
    for speech in spoken:
        words = [word.lower() for word in words_of(speech)]
        words = words[2:] if words[:2] == ["oh", ","] else words
        end = next((at for at, word in enumerate(words) if not word[0].isalnum()), len(words))
        said = words[:end]
        if words[end : end + 1] not in (["!"], [","], ["."]) or not 2 <= len(said) <= 4:
            continue
        if said[-1] in _BEINGS and said[0] in _JUDGED:
            return True
    return False


def introduces(spoken: Sequence[str], names: Names, *, asked: bool) -> list[int]:
    """Returns who says who they are: `I am Tom`, or only `Tom` where the name was asked for."""
    for speech in spoken:
        words = words_of(speech)
        lower = [word.lower() for word in words]
        starts = {("i", "am"): 2, ("my", "name", "is"): 3, ("they", "call", "me"): 3}
        start = next((end for said, end in starts.items() if tuple(lower[:end]) == said), 0)
        found = names.at(words, start, shouted=False) if start < len(words) else None
        if found is not None and (start or (asked and found[0] >= len(words) - 1)):
            return [found[1]]
    return []


def _is_called(words: Sequence[str], start: int, end: int) -> bool:
    before = words[start - 1].lower() if start else "."
    after = words[end] if end < len(words) else "."
    if after[0].isalnum() or after in {":", "("} or before.startswith("'"):
        return False
    if not before[0].isalnum():
        # `I saw Ben, Mia, and Tom`: a list calls nobody.
        following = words[end + 1].lower() if end + 1 < len(words) else ""
        return not (after == "," and following in {"and", "or"} and before == ",")
    return before in _CALLS


def _vocative(words: Sequence[str], at: int, names: Names) -> int | None:
    """Returns the only one whom a noun in a speech calls: `Come, child!`"""
    before, after = words[at - 1] if at else ".", words[at + 1] if at + 1 < len(words) else "."
    my = before.lower() in {"my", "dear", "little"}
    if words[at].lower() not in _VOCATIVES or after[0].isalnum() or not (my or before == ","):
        return None
    able = names.called(words[at].lower())
    return able[0] if len(able) == 1 else None


_VOCATIVES = frozenset({"child", "lad", "lass"})


def _is_shown(words: Sequence[str], at: int) -> bool:
    """Returns whether somebody is shown: `This is my friend Tom`, `Here comes Mia`."""
    said = [word.lower() for word in words[max(0, at - 4) : at]]
    for place in range(len(said) - 1):
        if said[place] in _SHOWS and said[place + 1] in {"is", "'s", "comes"}:
            return not {"not", "for", "from", "of"} & set(said[place:])
    return False


def _joined(lines: Sequence[str]) -> str:
    whole = " ".join(lines)
    if not _DASHED.match(whole):
        return whole
    said = _DASHED.sub("", whole)
    told = list(_TOLD.finditer(said))
    parts, start = [], 0
    for match in told:
        parts += [f'"{said[start : match.start()].strip()}"', match.group().strip(" ,")]
        start = match.end()
    if said[start:].strip():
        parts.append(f'"{said[start:].strip()}"')
    return " ".join(parts)
