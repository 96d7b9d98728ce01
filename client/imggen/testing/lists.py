"""The fake's lists: pages by rows and by bytes."""

from collections.abc import Iterable
from typing import TypeVar

from google.protobuf.message import Message

from imggen.rules.checks import Checks
from imggen.rules.paging import AskedPage, ListRequest, refuse_token, token_after

Item = TypeVar("Item", bound=Message)

MAX_BYTES = 3 << 20
_AROUND_ROW = 8
_AROUND_PAGE = 256


def page_of(
    checks: Checks,
    request: ListRequest,
    asked: AskedPage | None,
    items: Iterable[tuple[str, Item]],
) -> tuple[list[Item], str]:
    """Returns the page of a list that a request asks for, and the token of the next page.

    `items` come with their ids. Raises InvalidRequest with all violations.
    """
    every = list(items)
    ids = [id for id, _ in every]
    if asked and asked.after and asked.after not in ids:
        refuse_token(checks)
    page = checks.complete(asked)
    start = ids.index(page.after) + 1 if page.after else 0
    end = start
    left = MAX_BYTES - _AROUND_PAGE
    for _, item in every[start : start + page.size]:
        left -= item.ByteSize() + _AROUND_ROW
        if left < 0 and end > start:
            break
        end += 1
    token = token_after(request, ids[end - 1]) if end < len(every) and end > start else ""
    return [item for _, item in every[start:end]], token
