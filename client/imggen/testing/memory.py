"""The state of the fake: everything by id, in memory only."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar
from uuid import UUID, uuid4

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from imggen.errors import NotFound
from imggen.rules.checks import Checks
from imggen.rules.missing import (
    missing_batch,
    missing_character,
    missing_image,
    missing_job,
    missing_story,
)
from imggen.rules.states import request_id_reused
from imggen.v1.admin_pb2 import AdminAction, JobAttempt
from imggen.v1.character_pb2 import Character
from imggen.v1.image_pb2 import (
    IMAGE_STATUS_COMPLETED,
    IMAGE_TYPE_PORTRAIT,
    PICTURE_CHECK_CHECKED,
    PICTURE_CHECK_NOT_CHECKED,
    Image,
    PictureCheck,
)
from imggen.v1.job_pb2 import Job
from imggen.v1.reference_pb2 import (
    REFERENCE_USE_DRAWN,
    REFERENCE_USE_MISSING,
    REFERENCE_USE_STALE,
    UsedReference,
)
from imggen.v1.routing_pb2 import ExplainRouteResponse
from imggen.v1.story_pb2 import Page, Story

if TYPE_CHECKING:
    from imggen.testing.batches import FakeBatch

Item = TypeVar("Item")


class Shelf(Generic[Item]):
    """Objects of a kind by id, in the order of creation; deleted ones are kept, but not found."""

    def __init__(self, missing: Callable[[str], NotFound]) -> None:
        self._missing = missing
        self._all: dict[str, Item] = {}
        self._deleted: set[str] = set()

    def add(self, id: str, item: Item) -> None:
        """Adds an object."""
        self._all[id] = item

    def __contains__(self, id: object) -> bool:
        return id in self._all and id not in self._deleted

    def __iter__(self) -> Iterator[Item]:
        return (item for id, item in self._all.items() if id not in self._deleted)

    def all(self) -> Iterator[Item]:
        """Yields all objects, deleted ones too."""
        return iter(self._all.values())

    def newest(self) -> Iterator[tuple[int, Item]]:
        """Yields the objects with their numbers of creation, the newest first."""
        for number, (id, item) in reversed(list(enumerate(self._all.items(), start=1))):
            if id not in self._deleted:
                yield number, item

    def __getitem__(self, id: str) -> Item:
        """Returns an object; raises NotFound for an unknown or deleted one."""
        if id not in self:
            raise self._missing(id)
        return self._all[id]

    def get(self, id: str) -> Item | None:
        """Returns an object; None for an unknown or deleted one."""
        return self._all[id] if id in self else None

    def ever(self, id: str) -> Item:
        """Returns an object, a deleted one too."""
        return self._all[id]

    def delete(self, id: str) -> Item:
        """Deletes an object; a deleted one stays so. Raises NotFound for one that never was."""
        if id not in self._all:
            raise self._missing(id)
        self._deleted.add(id)
        return self._all[id]


@dataclass(frozen=True, slots=True)
class Drawing:
    """What an image shows, as it was when its job was admitted, and its sizes in pixels."""

    quality: str
    size: str
    display: tuple[int, int]
    versions: tuple[int, ...]
    """Of the descriptions of its characters."""
    use_references: bool
    scene: str = ""
    page_text: str = ""
    others: tuple[tuple[str, int], ...] = ()
    """Who may be on it if its text names them, with the versions of their descriptions."""
    before: tuple[str, ...] = ()
    fixed: bytes = b""
    """What the author of its page has set of its scene, serialized."""
    post_processing: bytes = b""
    """What is done to the picture, serialized, with every step said."""


@dataclass(slots=True)
class Preview:
    """The newest preview of a job; `number` counts them, and `check` is what was said of it."""

    number: int = 0
    attempt: int = 0
    jpeg: bytes = b""
    check: PictureCheck.ValueType = PICTURE_CHECK_NOT_CHECKED


@dataclass
class Memory:
    """All objects. Waiters are woken by changes."""

    characters: Shelf[Character] = field(default_factory=lambda: Shelf(missing_character))
    stories: Shelf[Story] = field(default_factory=lambda: Shelf(missing_story))
    images: Shelf[Image] = field(default_factory=lambda: Shelf(missing_image))
    jobs: Shelf[Job] = field(default_factory=lambda: Shelf(missing_job))
    batches: "Shelf[FakeBatch]" = field(default_factory=lambda: Shelf(missing_batch))
    drawings: dict[str, Drawing] = field(default_factory=dict)
    """By the id of the image."""
    prints: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The sizes of print assets that were made anew, by the id of the image."""
    references: dict[tuple[str, str], str] = field(default_factory=dict)
    """The images that are references, by character and style, the newest last."""
    versions: dict[str, int] = field(default_factory=dict)
    """The newest version of each lineage."""
    checked_by: str = ""
    """The classifier that looks at pictures; empty for none."""
    previews: defaultdict[str, Preview] = field(default_factory=lambda: defaultdict(Preview))
    """By the id of the job."""
    routes: dict[str, ExplainRouteResponse] = field(default_factory=dict)
    """Why its model was chosen, at its admission and in its attempts; by the id of the job."""
    attempts: defaultdict[str, list[JobAttempt]] = field(default_factory=lambda: defaultdict(list))
    """What is known of each attempt, for operators; by the id of the job."""
    actions: dict[str, tuple[AdminAction, frozenset[str]]] = field(default_factory=dict)
    """What the admin did, with the ids of the jobs that it changed; by its id, the newest last."""
    paused: dict[str, Timestamp] = field(default_factory=dict)
    """The lanes that are paused, and since when."""
    draining: bool = False
    """Whether the fake's worker was told to start no more jobs."""
    limits: dict[str, tuple[int, Timestamp]] = field(default_factory=dict)
    """The limits of budgets, by scope, and when they were set."""
    planned: dict[tuple[str, int], object] = field(default_factory=dict)
    """What was read of planned pages, by the request_id and the number of the page."""
    web: str = ""
    """Where the URLs of images point to."""
    _made: dict[tuple[str, str], tuple[Message, str]] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def picture_check(self) -> PictureCheck.ValueType:
        """What is said of the pictures that are drawn now."""
        return PICTURE_CHECK_CHECKED if self.checked_by else PICTURE_CHECK_NOT_CHECKED

    def once(self, group: str, key: str | None, request: Message, make: Callable[[], str]) -> str:
        """Returns the id of what a request makes, or of what it made under its `request_id`.

        Methods of one group share their ids. The look-up comes before all checks of `make`.
        """
        if key is None:
            return make()
        if (group, key) not in self._made:
            first = type(request)()
            first.CopyFrom(request)
            self._made[group, key] = (first, make())
        first, made = self._made[group, key]
        if first != request:
            raise request_id_reused(key)
        return made

    def page(self, story_id: str, page_id: str) -> tuple[int, Page | None]:
        """Returns a page of a story and the number that it has now; 0 and None if it is gone."""
        story = self.stories.ever(story_id) if story_id else Story()
        for number, page in enumerate(story.pages, start=1):
            if page_id and page.id == page_id:
                return number, page
        return 0, None

    def is_fresh(self, character: Character, style: str) -> bool:
        """Returns whether a character has a reference in a style, of its newest description."""
        image = self.references.get((character.id, style), "")
        if image not in self.images:
            return False
        return self._shows(self.images[image]) >= character.description_version

    def used_references(self, image: Image) -> Iterator[UsedReference]:
        """Yields what becomes of the references of an image's characters, if it uses them."""
        drawing = self.drawings[image.id]
        if not drawing.use_references:
            return
        for one, version in zip(image.character_ids, drawing.versions, strict=True):
            used = UsedReference(character_id=one, use=REFERENCE_USE_MISSING)
            portrait = self.references.get((one, image.style))
            if portrait is not None:
                same = self._shows(self.images[portrait]) == version
                used.image_id = portrait
                used.use = REFERENCE_USE_DRAWN if same else REFERENCE_USE_STALE
                used.scale = 1.0 if same else 0.0
            yield used

    def make_reference(self, image: Image) -> None:
        """Makes a portrait the reference, unless that shows a later description."""
        place = (image.character_id, image.style)
        before = self.references.get(place, "")
        if before in self.images and self._shows(self.images[before]) > self._shows(image):
            return
        self.references.pop(place, None)
        self.references[place] = image.id

    def drop_reference(self, gone: Image) -> None:
        """Puts the next portrait in the place of a deleted one that was a reference."""
        place = (gone.character_id, gone.style)
        if self.references.get(place) != gone.id:
            return
        left = [
            image
            for image in self.images
            if image.type == IMAGE_TYPE_PORTRAIT
            and image.status == IMAGE_STATUS_COMPLETED
            and (image.character_id, image.style) == place
        ]
        if not left:
            del self.references[place]
            return
        newest = max(left, key=lambda image: (self._shows(image), _completed(image)))
        self.references[place] = newest.id

    def _shows(self, portrait: Image) -> int:
        """Returns the version of the description that a portrait shows."""
        return self.drawings[portrait.id].versions[0]

    def change(self) -> asyncio.Event:
        """Returns an event that the next change sets; take it before reading the state."""
        return self._changed

    def touch(self) -> None:
        """Wakes all waiters after a change."""
        self._changed.set()
        self._changed = asyncio.Event()


def _completed(image: Image) -> int:
    return image.completed_at.ToNanoseconds()


def read_key(checks: Checks, request_id: str) -> str | None:
    """Reads a `request_id`; None where it is empty or a violation."""
    return checks.id("request_id", request_id, str, required=False)


def new_id() -> str:
    """Returns an unused id."""
    return str(uuid4())


def etag_of(id: str) -> str:
    """Returns an etag that an object never had."""
    return f"{UUID(id).hex[:4]}{uuid4().hex[:8]}"


def now() -> Timestamp:
    """Returns the current time as a protobuf message."""
    timestamp = Timestamp()
    timestamp.GetCurrentTime()
    return timestamp
