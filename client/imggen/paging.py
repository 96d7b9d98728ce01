"""Iteration over the pages of a list."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import Protocol, TypeVar


class _ListRequest(Protocol):
    page_token: str


class _ListAnswer(Protocol):
    next_page_token: str


ListRequest = TypeVar("ListRequest", bound=_ListRequest)
ListAnswer = TypeVar("ListAnswer", bound=_ListAnswer)
Item = TypeVar("Item")


async def pages(
    fetch: Callable[[], Awaitable[ListAnswer]],
    request: ListRequest,
    items: Callable[[ListAnswer], Iterable[Item]],
) -> AsyncGenerator[Item, None]:
    """Yields the items of every page; `fetch` sends `request`, whose page token is updated here."""
    while True:
        page = await fetch()
        for item in items(page):
            yield item
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token
