"""The fake's lists: pages by rows and by bytes."""

from collections.abc import Iterable
from typing import TypeVar

from google.protobuf.message import Message

from imggen.rules.checks import Checks
from imggen.rules.paging import AskedPage, ListRequest, fitting, refuse_token, token_after

Item = TypeVar("Item", bound=Message)


def page_of(
    checks: Checks,
    request: ListRequest,
    asked: AskedPage | None,
    items: Iterable[tuple[int, Item]],
) -> tuple[list[Item], str]:
    """Returns the page of a list that a request asks for, and the token of the next page.

    `items` come with their numbers, the highest first. A page has those below the last number of
    the page before, whether or not that item is still there. Raises InvalidRequest with all
    violations.
    """
    if asked and asked.after and not asked.after.isdecimal():
        refuse_token(checks)
    page = checks.complete(asked)
    rest = [each for each in items if not page.after or each[0] < int(page.after)]
    rows = [item for _, item in rest[: page.size]]
    count = fitting(rows)
    token = token_after(request, str(rest[count - 1][0])) if count < len(rest) else ""
    return rows[:count], token
