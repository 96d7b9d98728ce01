"""Lists that others keep: packages that ship data, of which no code runs.

- `safetype` (MIT): patterns by category in English, Spanish, German, French, Portuguese, Hindi;
- `glin_profanity` (MIT): words in the same languages and Arabic;
- `confusable_homoglyphs` (MIT; the data is Unicode's, under its licence): letters that look alike.
"""

import json
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_PATTERNS = {
    "de": ["de"],
    "en": ["en"],
    "es": ["es"],
    "fr": ["fr"],
    "hi": ["hi", "hi-latn"],
    "pt": ["pt"],
}
_WORDS = {
    "ar": "arabic",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "hi": "hindi",
    "pt": "portuguese",
}
# Mild words and insults ("you are a silly donkey") are ordinary in tales; threats are, too.
_GROUPS = {"profanity": "profanity", "hate": "hate", "sexual": "sexual"}
_HARM = "self-harm-incitement"


def patterns(language: str) -> Iterator[tuple[str, str]]:
    """Yields a group and a pattern for each entry of the kept lists in a language."""
    for name in _PATTERNS.get(language, ()):
        for rule in _json("safetype", f"data/{name}.json")["rules"]:
            group = _group(rule)
            if group is not None and rule["severity"] != "low":
                yield group, rule["pattern"]
    words = _json("glin_profanity", f"data/dictionaries/{_WORDS[language]}.json")["words"]
    for word in words:
        spelled = word.replace("-", " ")
        # Other signs stand for letters ("b!tch"): the gate reads them without a list.
        if spelled.replace(" ", "").isalpha():
            yield "profanity", spelled


def confusables() -> Mapping[str, list[str]]:
    """Returns what each character looks like, by Unicode's confusables."""
    data = _json("confusable_homoglyphs", "confusables.json")
    return {character: [other["c"] for other in others] for character, others in data.items()}


def _group(rule: Mapping[str, Any]) -> str | None:
    return "self-harm" if rule.get("label") == _HARM else _GROUPS.get(rule["category"])


def _json(package: str, path: str) -> Any:
    # Found without an import: these packages load all that they have when they are imported.
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{package} is not installed; the text gate reads its lists")
    return json.loads((Path(spec.submodule_search_locations[0]) / path).read_text("utf-8"))
