"""Results that are kept: a measurement that was cut goes on where it was."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from recipe.evaluation.identity import Seen


@dataclass(frozen=True, slots=True)
class Result:
    """What was seen in one picture; `key` is a checksum of all that decides it."""

    key: str
    people: int
    variant: str
    index: int
    scale: float
    seen: Seen

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Reads a line of the file."""
        seen = Seen(**{name: tuple(values) for name, values in data.pop("seen").items()})
        return cls(**data, seen=seen)

    @property
    def firsts(self) -> tuple[bool, ...]:
        """Whether each character ranks first; one that is not found does not."""
        return tuple(rank == 0 for rank in self.seen.ranks)

    @property
    def rivals(self) -> tuple[bool, ...]:
        """Whether the first look-alike of each character ranks first."""
        return tuple(rank == 0 for rank in self.seen.rival_ranks)


class Results:
    """The results in a file of JSON lines, one picture each; each is written as it is made."""

    def __init__(self, file: Path) -> None:
        """Reads the results; drops a last line that was cut while it was written."""
        self._file = file
        self._kept: dict[str, Result] = {}
        if not file.is_file():
            return
        data = file.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if whole != data:
            file.write_bytes(whole)
        for line in whole.splitlines():
            result = Result.from_json(json.loads(line))
            self._kept[result.key] = result

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: str) -> Result | None:
        """Returns the result of a key."""
        return self._kept.get(key)

    def add(self, result: Result) -> None:
        """Keeps a result."""
        with self._file.open("ab") as lines:
            lines.write(json.dumps(asdict(result)).encode() + b"\n")
        self._kept[result.key] = result
