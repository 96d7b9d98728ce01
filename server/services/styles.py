"""StyleService: lists the styles."""

from collections.abc import Sequence

from imggen.rules.checks import Checks
from imggen.v1 import errors_pb2 as reasons
from imggen.v1 import style_pb2, style_pb2_grpc
from server.domain.styles import Style
from server.identity.caller import Context
from server.replies import messages
from server.requests.page_tokens import page_request


class StyleService(style_pb2_grpc.StyleServiceServicer):
    """Lists the styles that pictures can be made in; a page token is the last id of a page."""

    def __init__(self, styles: Sequence[Style]) -> None:
        self._styles = sorted(styles, key=lambda style: style.id)

    async def ListStyles(
        self, request: style_pb2.ListStylesRequest, context: Context
    ) -> style_pb2.ListStylesResponse:
        """Returns a page of styles."""
        checks = Checks()
        asked = page_request(checks, "styles", request.page_size, "")
        ids = [style.id for style in self._styles]
        if request.page_token and request.page_token not in ids:
            checks.add(
                "page_token",
                "was not made by this list; use the next_page_token of the page before",
                reasons.ERROR_REASON_PAGE_TOKEN_INVALID,
            )
        size = checks.complete(asked).size
        rest = [style for style in self._styles if style.id > request.page_token]
        return style_pb2.ListStylesResponse(
            styles=[messages.style(style) for style in rest[:size]],
            next_page_token=rest[size - 1].id if len(rest) > size else "",
        )
