"""StyleService: lists the styles."""

from collections.abc import Sequence

from imggen.rules.checks import Checks
from imggen.rules.paging import read_page, token_after
from imggen.v1 import style_pb2, style_pb2_grpc
from server.domain.styles import Style
from server.identity.caller import Context
from server.replies import messages
from server.routing.catalogue import Catalogue


class StyleService(style_pb2_grpc.StyleServiceServicer):
    """Lists the styles that pictures can be made in; a page's place is its last id."""

    def __init__(self, styles: Sequence[Style], catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._styles = sorted(styles, key=lambda style: style.id)

    async def ListStyles(
        self, request: style_pb2.ListStylesRequest, context: Context
    ) -> style_pb2.ListStylesResponse:
        """Returns a page of styles."""
        checks = Checks()
        page = checks.complete(read_page(checks, request))
        rest = [style for style in self._styles if style.id > page.after]
        shown = rest[: page.size]
        return style_pb2.ListStylesResponse(
            styles=[messages.style(style, self._drawn_as(style)) for style in shown],
            next_page_token=token_after(request, shown[-1].id) if len(rest) > page.size else "",
        )

    def _drawn_as(self, style: Style) -> dict[str, str]:
        """Returns what each model draws that does not know a style."""
        return {
            model.name: model.drawn_styles[style.id]
            for model in self._catalogue.models
            if style.id in model.drawn_styles
        }
