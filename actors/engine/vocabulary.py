"""Files of a tokenizer, checked before it is loaded: without them it loads all the same."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actors.engine.refusal import CheckpointRefused

_WORD_END = "</w>"
_UNMADE = 100
"""One token of so many may be made by no merge; more are missing if the merges are cut off."""


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    file: Path
    ids: Mapping[str, int]
    merges: tuple[str, ...]
    added: Mapping[str, int]


def check_tokenizer(folder: Path, rows: int) -> None:
    """Checks the files of a CLIP tokenizer, whose encoder has `rows` embeddings.

    Raises CheckpointRefused for a file that is missing or damaged, and for a vocabulary that
    is not the encoder's: transformers 5.23 gives a tokenizer without files a vocabulary of two.
    """
    settings = read_json(folder / "tokenizer_config.json")
    words = _read(folder)
    known = {**words.ids, **words.added}
    if not words.ids or max(known.values()) >= rows:
        raise CheckpointRefused(
            f"{words.file}: has {len(known)} tokens up to number {max(known.values(), default=0)}; "
            f"its encoder knows those below {rows}"
        )
    for name in ("bos_token", "eos_token"):
        token = settings.get(name)
        content = token.get("content") if isinstance(token, dict) else token
        if content not in known:
            raise CheckpointRefused(f"{words.file}: lacks {content}, its {name}")
    made = {"".join(merge.split()) for merge in words.merges}
    unmade = [
        token
        for token in words.ids.keys() - made - words.added.keys()
        if len(token.removesuffix(_WORD_END)) > 1
    ]
    if len(unmade) > 2 + len(words.ids) // _UNMADE:
        raise CheckpointRefused(
            f"{words.file}: {len(unmade)} of its {len(words.ids)} tokens are made by no merge; "
            "the merges are cut off or of another tokenizer"
        )


def read_json(file: Path) -> dict[str, Any]:
    """Returns the object in a JSON file; raises CheckpointRefused if there is none."""
    if not file.is_file():
        raise CheckpointRefused(f"{file}: missing")
    try:
        data = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise CheckpointRefused(f"{file}: is not JSON, or cut off ({error})") from error
    if not isinstance(data, dict):
        raise CheckpointRefused(f"{file}: is not a JSON object")
    return data


def _read(folder: Path) -> _Vocabulary:
    whole = folder / "tokenizer.json"
    if whole.is_file():
        return _read_whole(whole)
    ids, merges = folder / "vocab.json", folder / "merges.txt"
    missing = [file.name for file in (ids, merges) if not file.is_file()]
    if missing:
        raise CheckpointRefused(
            f"{folder}: lacks {' and '.join(missing)}; a tokenizer needs vocab.json and "
            "merges.txt, or tokenizer.json"
        )
    lines = merges.read_text("utf-8").splitlines()
    return _Vocabulary(ids, read_json(ids), tuple(line for line in lines if line.strip()), {})


def _read_whole(file: Path) -> _Vocabulary:
    data = read_json(file)
    try:
        added = {str(token["content"]): int(token["id"]) for token in data["added_tokens"]}
        merges = tuple(
            merge if isinstance(merge, str) else " ".join(merge)
            for merge in data["model"]["merges"]
        )
        return _Vocabulary(file, data["model"]["vocab"], merges, added)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise CheckpointRefused(f"{file}: is damaged ({error})") from error
