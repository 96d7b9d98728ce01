"""Pages of lists: how many rows a request asks for, and after which place."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from google.protobuf.message import Message

from imggen.rules.checks import Checks
from imggen.v1 import errors_pb2 as reasons
from imggen.v1.admin_pb2 import ListAdminActionsRequest
from imggen.v1.batch_pb2 import ListBatchesRequest
from imggen.v1.budget_pb2 import ListSpendRequest, ListUnsettledCallsRequest
from imggen.v1.character_pb2 import ListCharactersRequest
from imggen.v1.image_pb2 import ListImagesRequest
from imggen.v1.job_pb2 import ListJobsRequest
from imggen.v1.story_pb2 import ListStoriesRequest
from imggen.v1.style_pb2 import ListStylesRequest

ListRequest: TypeAlias = (
    ListAdminActionsRequest
    | ListBatchesRequest
    | ListCharactersRequest
    | ListImagesRequest
    | ListJobsRequest
    | ListSpendRequest
    | ListStoriesRequest
    | ListStylesRequest
    | ListUnsettledCallsRequest
)
"""Every request of the contract for a page of a list."""

DEFAULT_SIZE = 50
MAX_SIZE = 100
PAGE_BYTES = 3 * 2**20
"""A page of a list has at most that many bytes, unless its first row has more."""

_DIGEST_BYTES = 12
_AROUND_ROW = 8  # the number of a field and the length of a message, at most
_AROUND_PAGE = 256  # the token of the next page, at most
_UNMADE = "was not made by this list; use the next_page_token of the page before"
_OTHER = (
    "was made by another list or under other filters; send the request of the page before, with its"
    " next_page_token"
)


@dataclass(frozen=True, slots=True)
class AskedPage:
    """The page that is asked for: `size` rows after a place, which is empty for the first page."""

    size: int
    after: str


def read_page(checks: Checks, request: ListRequest) -> AskedPage | None:
    """Reads which page of a list is asked for; None where its size or token is a violation."""
    found = len(checks.violations)
    if request.page_size < 0:
        checks.add(
            "page_size",
            f"must be 0 or more (0 means {DEFAULT_SIZE}), is {request.page_size}",
            reasons.ERROR_REASON_FIELD_OUT_OF_RANGE,
        )
    after = _place(checks, request) if request.page_token else ""
    if len(checks.violations) > found:
        return None
    return AskedPage(min(request.page_size or DEFAULT_SIZE, MAX_SIZE), after)


def refuse_token(checks: Checks, description: str = _UNMADE) -> None:
    """Adds the violation of a page token that no list made."""
    checks.add("page_token", description, reasons.ERROR_REASON_PAGE_TOKEN_INVALID)


def token_after(request: ListRequest, place: str) -> str:
    """Returns the token of the page after a place, for the same request."""
    return base64.urlsafe_b64encode(_digest(request) + place.encode()).decode()


def token_after_key(request: ListRequest, key: str) -> str:
    """Returns the token of the page after a key, which may be empty."""
    return token_after(request, f"={key}")


def key_of(checks: Checks, page: AskedPage) -> str | None:
    """Returns the key after which a page begins; None for the first page.

    Raises InvalidRequest for a token without a key.
    """
    if page.after and not page.after.startswith("="):
        refuse_token(checks)
        checks.done()
    return page.after.removeprefix("=") if page.after else None


def fitting(rows: Sequence[Message]) -> int:
    """Returns how many of these rows fit in a page; the first one always does."""
    left, count = PAGE_BYTES - _AROUND_PAGE, 0
    for row in rows:
        left -= row.ByteSize() + _AROUND_ROW
        if left < 0 and count:
            break
        count += 1
    return count


def _place(checks: Checks, request: ListRequest) -> str:
    try:
        octets = base64.urlsafe_b64decode(request.page_token.encode("ascii"))
        digest, place = octets[:_DIGEST_BYTES], octets[_DIGEST_BYTES:].decode()
        if not place or base64.urlsafe_b64encode(octets).decode() != request.page_token:
            raise ValueError("the token is too short, or spelled in another way")
    except (ValueError, binascii.Error):
        refuse_token(checks)
        return ""
    if digest != _digest(request):
        refuse_token(checks, _OTHER)
    return place


def _digest(request: ListRequest) -> bytes:
    """Returns a digest of what is listed: the request but for its page."""
    listed = type(request)()
    listed.CopyFrom(request)  # type: ignore[arg-type]  # it has the type of the request
    listed.ClearField("page_size")
    listed.ClearField("page_token")
    name = request.DESCRIPTOR.full_name.encode()
    octets = listed.SerializeToString(deterministic=True)
    return hashlib.sha256(name + b"\0" + octets).digest()[:_DIGEST_BYTES]
