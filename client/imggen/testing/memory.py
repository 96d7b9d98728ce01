"""The state of the fake: characters, stories, images, jobs and events, in memory only."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar, cast

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from imggen.errors import AlreadyExists, NotFound, reason_name
from imggen.testing.rejections import Check
from imggen.v1.batch_pb2 import Batch
from imggen.v1.character_pb2 import Character
from imggen.v1.errors_pb2 import ErrorReason
from imggen.v1.event_pb2 import BatchChange, Event, ImageChange, JobChange
from imggen.v1.image_pb2 import IMAGE_STATUS_UNSPECIFIED, Image
from imggen.v1.job_pb2 import Job
from imggen.v1.story_pb2 import Story
from imggen.v1.style_pb2 import Style

MAX_PAGE_SIZE = 100
DEFAULT_PAGE_SIZE = 50
USER_ID = "00000000-0000-4000-8000-0000000fa4e0"  # the only user there is

Item = TypeVar("Item")
Answer = TypeVar("Answer", bound=Message)

_LOOKS = {
    "3d_render": "3D rendered, smooth, high quality, detailed",
    "anime": "anime style, colorful, expressive",
    "cartoon": "children's book illustration, cartoon style, vibrant colors, simple shapes",
    "painterly": "painterly illustration, visible brush strokes, rich colors",
    "realistic": "realistic illustration, detailed, high quality",
    "storybook": "classic storybook illustration, hand-drawn, warm colors",
    "watercolor": "watercolor painting, soft colors, dreamy",
}


class ListRequest(Protocol):
    """A request for a page of a list."""

    page_size: int
    page_token: str


class Memory:
    """All objects by id, in the order of creation; waiters are woken by changes."""

    def __init__(self) -> None:
        self.characters: dict[str, Character] = {}
        self.stories: dict[str, Story] = {}
        self.images: dict[str, Image] = {}
        self.jobs: dict[str, Job] = {}
        self.styles = [
            Style(
                id=name,
                display_name=name.replace("_", " ").title(),
                description=f"Pictures in the style {name}.",
                prompt_template=look,
                negative_prompt="blurry, low quality",
                version=1,
            )
            for name, look in _LOOKS.items()
        ]
        self.deleted: set[str] = set()
        self.events: list[Event] = []
        self.events_dropped = 0
        self._answers: dict[str, tuple[Message, Message]] = {}
        self._changed = asyncio.Event()

    def found(self, things: dict[str, Item], id: str, reason: ErrorReason.ValueType) -> Item:
        """Finds an object by id, or raises NotFound with this reason."""
        return _found(things, id, reason)

    def character(self, id: str) -> Character:
        """Finds a character, or raises NotFound."""
        return _found(self.characters, id, ErrorReason.ERROR_REASON_CHARACTER_NOT_FOUND)

    def story(self, id: str) -> Story:
        """Finds a story, or raises NotFound."""
        return _found(self.stories, id, ErrorReason.ERROR_REASON_STORY_NOT_FOUND)

    def image(self, id: str) -> Image:
        """Finds an image, or raises NotFound."""
        return _found(self.images, id, ErrorReason.ERROR_REASON_IMAGE_NOT_FOUND)

    def job(self, id: str) -> Job:
        """Finds a job, or raises NotFound."""
        return _found(self.jobs, id, ErrorReason.ERROR_REASON_JOB_NOT_FOUND)

    def delete(self, things: dict[str, Item], id: str) -> Item | None:
        """Deletes an object; None if it is deleted already. Raises KeyError for an unknown id."""
        if id in self.deleted:
            return None
        self.deleted.add(id)
        return things.pop(id)

    def once(self, request: Message, request_id: str, make: Callable[[], Answer]) -> Answer:
        """Returns a new answer, or the first answer to this `request_id`."""
        if request_id not in self._answers:
            answer = make()
            if request_id:
                self._answers[request_id] = (_copy(request), _copy(answer))
            return answer
        first, replay = self._answers[request_id]
        if first != request:
            raise AlreadyExists(
                "request_id: it was used before with another request; use a new UUID",
                reason=ErrorReason.ERROR_REASON_REQUEST_ID_REUSED,
                metadata={"request_id": request_id},
            )
        return cast(Answer, replay)  # equal requests have answers of one type

    def tell_job(self, job: Job) -> None:
        """Adds an event of a job's new status."""
        change = JobChange(
            job_id=job.job_id, status=job.status, image_id=job.image_id, batch_id=job.batch_id
        )
        self._tell(Event(job=change))

    def tell_image(self, image: Image, *, deleted: bool = False) -> None:
        """Adds an event of an image's new status or deletion."""
        status = IMAGE_STATUS_UNSPECIFIED if deleted else image.status
        self._tell(Event(image=ImageChange(image_id=image.id, status=status, deleted=deleted)))

    def tell_batch(self, batch: Batch) -> None:
        """Adds an event of a batch's new status."""
        self._tell(Event(batch=BatchChange(batch_id=batch.batch_id, status=batch.status)))

    def drop_events(self) -> None:
        """Drops all events so far, as the service does after a while."""
        self.events_dropped += len(self.events)
        self.events.clear()

    def _tell(self, event: Event) -> None:
        event.cursor = f"event-{self.events_dropped + len(self.events) + 1}"
        event.time.CopyFrom(now())
        event.user_id = USER_ID
        self.events.append(event)
        self.touch()

    def change(self) -> asyncio.Event:
        """Returns an event that the next change sets; take it before reading the state."""
        return self._changed

    def touch(self) -> None:
        """Wakes all waiters after a change."""
        self._changed.set()
        self._changed = asyncio.Event()


def page_of(
    items: Iterable[Item], request: ListRequest, *, newest_first: bool = True
) -> tuple[list[Item], str]:
    """Returns the requested page of the items and the token of the next page."""
    every = list(items)
    if newest_first:
        every.reverse()
    check = Check()
    check.range("page_size", request.page_size, 0, MAX_PAGE_SIZE)
    if request.page_token and not request.page_token.isdecimal():
        check.bad(
            "page_token",
            f'"{request.page_token}" is not a page token of this list; use its next_page_token',
            ErrorReason.ERROR_REASON_PAGE_TOKEN_INVALID,
        )
    check.done()
    start = int(request.page_token or 0)
    end = start + (request.page_size or DEFAULT_PAGE_SIZE)
    return every[start:end], str(end) if end < len(every) else ""


def now() -> Timestamp:
    """Returns the current time as a protobuf message."""
    timestamp = Timestamp()
    timestamp.GetCurrentTime()
    return timestamp


def _found(things: dict[str, Item], id: str, reason: ErrorReason.ValueType) -> Item:
    if id not in things:
        thing = reason_name(reason).removesuffix("_NOT_FOUND").lower()
        field = f"{thing}_id"
        raise NotFound(f"{field}: you have no such {thing}", reason=reason, metadata={field: id})
    return things[id]


def _copy(message: Answer) -> Answer:
    copy = type(message)()
    copy.CopyFrom(message)
    return copy
