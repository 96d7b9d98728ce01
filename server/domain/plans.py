"""Plans: the pages of a story, read before anything is drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4, uuid5

from server.domain.ids import JobId, PageId, RequestId, StoryId, UserId
from server.domain.jobs import Failure
from server.domain.limits import NO_LIMITS, Limits
from server.domain.scenes import NotDrawn, Scene, share_shown
from server.domain.spec import RenderSpec
from server.domain.states import JobStatus

PLAN_KEPT = timedelta(days=1)
"""How long what was read for a plan is given again."""


@dataclass(frozen=True, slots=True)
class NewReading:
    """A page to read; `limits` bound what a paid reading may cost. A cover has no `page_id`."""

    id: JobId
    user_id: UserId
    spec: RenderSpec
    limits: Limits = NO_LIMITS
    story_id: StoryId | None = None
    page_id: PageId | None = None
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A page that is read, or will be.

    `scene` is None until it is read. `losses` are, by model, the parts of the content that its
    picture would not show as told; a model that is not among them cannot draw the page.
    """

    id: JobId
    status: JobStatus
    spec: RenderSpec
    failure: Failure | None = None
    scene: Scene | None = None
    losses: Mapping[str, Sequence[NotDrawn]] = field(default_factory=dict)

    @property
    def shown(self) -> dict[str, float]:
        """The share of the page that each model shows; empty until it is read."""
        scene = self.scene
        if scene is None:
            return {}
        return {model: share_shown(scene, parts) for model, parts in self.losses.items()}


def reading_id(
    user: UserId, request: RequestId | None, page_number: int, cover_characters: int = 0
) -> JobId:
    """Returns the id of a reading: the same for the same request, a new one without its id.

    A cover has another one with fewer characters, which the budgets may leave it.
    """
    if request is None:
        return JobId(uuid4())
    place = f"{page_number}" if page_number else f"cover of {cover_characters}"
    return JobId(uuid5(UUID(str(request)), f"{user} {place}"))
