"""Keys: `user/job/attempt/sha256.png`, safe as a path, as a URL and as an S3 key."""

import hashlib
import re
from uuid import UUID

DRAWN = "application/vnd.imggen.drawn"
"""The content type of a drawn picture that is kept until it is signed."""

CONTENT_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "safetensors": "application/octet-stream",
    "drawn": DRAWN,
}
"""The content types by a key's ending; a folder stores them nowhere else.

None may end in `.gz` or `.br`, since aiohttp's FileResponse prefers a file with that suffix.
"""

MAX_LENGTH = 512

# No part starts with a dot, so none is `.`, `..` or hidden; no character is quoted in URLs.
_KEY = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*\.([a-z]+)")
_ID = "[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_OURS = re.compile(rf"{_ID}/({_ID})/([0-9]{{1,9}})/[0-9a-f]{{64}}\.([a-z]+)")
_PREFIX = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*")


def object_key(user: UUID, job: UUID, attempt: int, data: bytes, content_type: str) -> str:
    """Returns the one key under which an attempt of a job stores these bytes."""
    endings = [ending for ending, known in CONTENT_TYPES.items() if known == content_type]
    if not endings:
        raise ValueError(
            f'content_type: "{content_type}" is not stored; '
            f"use one of {', '.join(CONTENT_TYPES.values())}"
        )
    return f"{user}/{job}/{attempt}/{hashlib.sha256(data).hexdigest()}.{endings[0]}"


def attempt_of(key: str) -> tuple[UUID, int] | None:
    """Returns the job and attempt of a key that `object_key` made; None for any other name."""
    match = _OURS.fullmatch(key)
    if match is None or match[3] not in CONTENT_TYPES:
        return None
    return UUID(match[1]), int(match[2])


def content_type_of(key: str) -> str:
    """Returns the content type of the key's ending; raises ValueError for a bad key."""
    match = _KEY.fullmatch(key) if len(key) <= MAX_LENGTH else None
    if match is None or match[1] not in CONTENT_TYPES:
        raise ValueError(
            f"key: {key[:MAX_LENGTH]!r} is not a key; use parts of letters, digits, '.', '_' and "
            f"'-' that do not start with '.', joined by '/', at most {MAX_LENGTH} characters, "
            f"ending in one of {', '.join(f'.{ending}' for ending in CONTENT_TYPES)}"
        )
    return CONTENT_TYPES[match[1]]


def check_key(key: str) -> None:
    """Raises ValueError for a key that is not safe as a path, a URL and an S3 key."""
    content_type_of(key)


def check_put(key: str, content_type: str) -> None:
    """Raises ValueError for a bad key, or one whose ending has another content type."""
    if (expected := content_type_of(key)) != content_type:
        raise ValueError(
            f'content_type: "{content_type}" does not fit the key {key}; use "{expected}"'
        )


def check_prefix(prefix: str) -> None:
    """Raises ValueError for a prefix that is neither empty nor whole parts and a slash."""
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(
            f'prefix: {prefix[:MAX_LENGTH]!r} is not a prefix; use "" or whole parts, '
            'each followed by a slash, as in "user/job/"'
        )
