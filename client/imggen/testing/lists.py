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
    rows = [item for _, item in every[start : start + page.size]]
    end = start + fitting(rows)
    token = token_after(request, ids[end - 1]) if rows and end < len(every) else ""
    return rows[: end - start], token
