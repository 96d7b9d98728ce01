"""Images and their assets."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from imggen.rules.states import MAX_REGENERATIONS
from server.domain.finishing import StepDone
from server.domain.ids import CharacterId, ImageId, JobId, PageId, StoryId
from server.domain.references import UsedReference
from server.domain.scenes import NotDrawn, Unsure
from server.domain.states import AssetKind, ImageStatus, ImageType, PictureCheck


@dataclass(frozen=True, slots=True)
class NewAsset:
    """An asset that is in the storage; sizes are in bytes and pixels.

    `encoding` is how its pixels were written, for instance `jpeg 95 4:4:4`; empty where that is not
    known.
    """

    kind: AssetKind
    storage_key: str
    content_type: str
    sha256: str
    size_bytes: int
    width: int
    height: int
    encoding: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """An image as its caller sees it; `keys` are the storage keys of its assets.

    `page_number` is the number that its page has now, None once the story has no such page.
    `reused_from` is the image that was drawn, where this one shares its picture. `checked_by` is
    the classifier that has looked at its pixels; empty where none has. `post_processing` is what
    became of each of its steps; `quality` how whole its picture is, 0 to 5, None where that was not
    measured.
    """

    id: ImageId
    job_id: JobId
    type: ImageType
    status: ImageStatus
    story_id: StoryId | None
    character_id: CharacterId | None
    character_ids: tuple[CharacterId, ...]
    page_id: PageId | None
    page_number: int | None
    style: str
    model: str
    provider: str
    prompt: str
    seed: int
    width: int | None
    height: int | None
    file_size: int | None
    version: int
    lineage_id: ImageId
    lineage_versions: int
    parent_image_id: ImageId | None
    is_reference: bool
    cost_micros: int
    created_at: datetime
    completed_at: datetime | None
    keys: dict[AssetKind, str]
    metadata: Mapping[str, str]
    references: tuple[UsedReference, ...] = ()
    not_drawn: tuple[NotDrawn, ...] = ()
    unsure: tuple[Unsure, ...] = ()
    reused_from: ImageId | None = None
    checked_by: str = ""
    post_processing: tuple[StepDone, ...] = ()
    quality: float | None = None

    @property
    def check(self) -> PictureCheck | None:
        """Whether a classifier has looked at its pixels; None before it has some."""
        return check_of(self.checked_by) if self.keys else None

    @property
    def regenerations_left(self) -> int:
        """How often the lineage may still be regenerated."""
        return max(0, MAX_REGENERATIONS + 1 - self.lineage_versions)


@dataclass(frozen=True, slots=True)
class ImageFilter:
    """The images that a list has; a field of None allows any value."""

    story_id: StoryId | None = None
    character_id: CharacterId | None = None
    type: ImageType | None = None
    status: ImageStatus | None = None
    page_id: PageId | None = None
    metadata: tuple[str, str] | None = None


def check_of(checked_by: str) -> PictureCheck:
    """Returns whether a picture is checked, by the name of its classifier; empty for none."""
    return PictureCheck.CHECKED if checked_by else PictureCheck.NOT_CHECKED
