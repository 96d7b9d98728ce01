"""The pages of a storyboard, as they are read for its plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from server.domain.ids import RequestId, UserId
from server.domain.plans import NewReading, Reading, reading_id
from server.domain.states import ImageType
from server.requests.pictures import Picture
from server.requests.routes import Routes
from server.requests.stories import Storyboard
from server.routing.catalogue import Catalogue
from server.routing.conditions import Conditions
from server.routing.plans import PagePlan
from server.traces import current


@dataclass(frozen=True, slots=True)
class BoardPage:
    """A page of a storyboard, or its cover, whose number is 0.

    `pictures` are all that are made of it, which have the same content; stored pictures answer all
    but `drawn` of them.
    """

    number: int
    pictures: Sequence[Picture]
    drawn: int

    @property
    def picture(self) -> Picture:
        """The first of its pictures."""
        return self.pictures[0]

    def reading(self, user: UserId, request: RequestId | None) -> NewReading:
        """Returns the page to read, without what the choice of a model decides."""
        picture, place = self.picture, self.picture.placement
        return NewReading(
            id=reading_id(user, request, self.number, len(picture.spec.characters)),
            user_id=user,
            spec=replace(picture.spec, model="", seed=0, use_references=False),
            limits=picture.limits,
            story_id=place.story_id,
            page_id=place.page_id,
            trace=current().context,
        )

    def planned(self, reading: Reading) -> PagePlan:
        """Returns the plan of the page as it was read."""
        picture = self.picture
        return PagePlan(
            number=self.number,
            page_id=picture.placement.page_id,
            offer=picture.offer,
            offers=picture.routing.offers,
            drawn=self.drawn,
            reading=reading,
            paused=picture.routing.paused and self.drawn > 0,
        )


def weighed(
    board: Storyboard,
    readings: Mapping[int, Reading],
    catalogue: Catalogue,
    conditions: Conditions,
) -> Storyboard:
    """Returns a storyboard whose models are chosen by what they show of its pages, too.

    `readings` are by page number. Raises FailedPrecondition where no model shows enough of a page.
    """

    def again(picture: Picture) -> Picture:
        reading = readings.get(picture.placement.page_number or 0)
        if picture.spec.image_type is ImageType.PORTRAIT or reading is None:
            return picture
        routes = Routes(catalogue, conditions, picture.limits)
        return picture.weighed(reading.shown, routes)

    return replace(board, pictures=tuple(map(again, board.pictures)))


def pages_of(pictures: Sequence[Picture], drawn: Sequence[bool]) -> list[BoardPage]:
    """Returns the cover and the pages of a storyboard's pictures, in their order.

    `drawn` is, of each picture, whether a stored one does not answer it.
    """
    found: dict[int, list[tuple[Picture, bool]]] = {}
    for picture, is_drawn in zip(pictures, drawn, strict=True):
        if picture.spec.image_type is not ImageType.PORTRAIT:
            number = picture.placement.page_number or 0
            found.setdefault(number, []).append((picture, is_drawn))
    return [
        BoardPage(number, [one for one, _ in each], sum(is_drawn for _, is_drawn in each))
        for number, each in sorted(found.items())
    ]
