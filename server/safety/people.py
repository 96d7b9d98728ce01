"""The people of a request: its characters are people wherever they are named or described."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from server.safety.reading import Reader, Reading
from server.safety.rules import Find

_PEOPLE = "adult"
"""The group whose words stand for people."""
_NAME = re.compile(r"(?:^|\.)character(?:s\[[^\]]*\])?\.name$")
_OF_A_PERSON = re.compile(r"(?:^|\.)(?:character(?:s\[[^\]]*\])?|figures\[\d+\])\.")
_SHORTEST = 3
"""The least letters of a name in Latin script that is looked for: shorter ones are other words."""


class People:
    """Adds the characters of a request to the phrases that are found in its texts."""

    def __init__(self, reader: Reader, fields: Mapping[str, str]) -> None:
        names = {text for name, text in fields.items() if _NAME.search(name)}
        read = (reader.read({"name": name}).words for name in sorted(names))
        self._names = [words for words in read if _is_telling(words)]

    def among(self, finds: Sequence[Find], reading: Reading) -> list[Find]:
        """Returns the phrases of one language and the characters among them, by place.

        What is said in a field of a character is said of a person.
        """
        language = finds[0].language
        named = (
            Find(language, _PEOPLE, start, end)
            for words in self._names
            for start, end in _places(words, reading.words)
        )
        described = (
            replace(find, group=_PEOPLE, end=find.start)
            for find in finds
            if _OF_A_PERSON.search(reading.field_at(find.start))
        )
        return sorted((*finds, *named, *described), key=lambda find: find.start)


def _is_telling(words: Sequence[str]) -> bool:
    name = "".join(words)
    return len(name) >= _SHORTEST or not name.isascii()


def _places(words: Sequence[str], text: Sequence[str]) -> Iterator[tuple[int, int]]:
    for start, word in enumerate(text):
        end = start + len(words)
        if word == words[0] and text[start:end] == words:
            yield start, end
