"""Answers in a form in which two services are equal: what differs by nature is named or masked.

Ids, etags, cursors and seeds are named in the order of their appearance, so that two that are
equal on one side must be equal on the other. Times, URLs, tokens and the bytes of pictures only
have to be there, and so do expected times: only a real router knows what waits before a picture.
"""

import re
from collections.abc import Callable
from typing import Any

from google.protobuf.json_format import MessageToDict

from imggen.errors import ImggenError, reason_name

ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TIMES = re.compile(r"takes \d+ s(, \d+ s of them in the queue)?, and \d+ s are left")
_NAMED = ("etag", "cursor", "seed")
_MASKED = (
    *("createdAt", "updatedAt", "setAt", "startedAt", "completedAt", "estimatedCompletionTime"),
    *(
        "urlsExpireAt",
        "expectedDuration",
        "time",
        "duration",
        "url",
        "cdnUrl",
        "thumbnailUrl",
        "printUrl",
    ),
    *("nextPageToken", "sha256", "sizeBytes", "fileSize", "data", "preview", "prompt"),
)
_UNSORTED = ("needsJobIds",)


class Normal:
    """The names that one side's values were given."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def answer(self, message: Any) -> Any:
        """Returns an answer in the common form."""
        return self._value("", MessageToDict(message))

    def error(self, error: ImggenError) -> dict[str, Any]:
        """Returns an error in the common form."""
        return {
            "code": error.code.name,
            "reason": reason_name(error.reason),
            "message": self.text(error.message),
            "metadata": {key: self.text(value) for key, value in error.metadata.items()},
            "violations": [
                (bad.field, self.text(bad.description), reason_name(bad.reason))
                for bad in error.violations
            ],
            "retry": error.retry_after is not None,
        }

    def _value(self, key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._value(name, part) for name, part in value.items()}
        if isinstance(value, list):
            parts = [self._value(key, part) for part in value]
            return sorted(parts) if key in _UNSORTED else parts
        if key in _MASKED:
            return f"<{key}>"
        if key in _NAMED:
            return self._name(key, str(value))
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        """Returns a text with names instead of ids, and without expected times."""
        text = _TIMES.sub("takes too long", text)
        named: Callable[[re.Match[str]], str] = lambda found: self._name("id", found[0])  # noqa: E731
        return ID.sub(named, text)

    def _name(self, kind: str, value: str) -> str:
        known = sum(name.startswith(f"<{kind} ") for name in self._names.values())
        return self._names.setdefault(value, f"<{kind} {known + 1}>")
