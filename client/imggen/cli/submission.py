"""Submits a story file: creates its characters, story and batch once, then finds them again."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TypeVar

from imggen.cli.pictures_folder import Pictures
from imggen.cli.story_content import FileCover, FileOptions, FileScene, StoryFile
from imggen.errors import InvalidRequest, NotFound
from imggen.fields import CharacterFields
from imggen.orders import WholeStoryFields
from imggen.rules.money import MICROS
from imggen.sync import SyncClient
from imggen.v1.batch_pb2 import Batch, BatchImage
from imggen.v1.character_pb2 import Character
from imggen.v1.finishing_pb2 import PostProcessing
from imggen.v1.generation_pb2 import Cover
from imggen.v1.job_pb2 import JOB_KIND_COVER, JOB_KIND_SCENE, JOB_STATUS_COMPLETED
from imggen.v1.routing_pb2 import PlanStoryResponse, QuoteStoryResponse
from imggen.v1.scene_pb2 import Figure, Scene
from imggen.v1.story_pb2 import Page, Story

Thing = TypeVar("Thing", Character, Story)

_PLAN_S = 600.0
"""How long reading the pages may take: a chat model takes seconds for each."""


@dataclass(frozen=True, slots=True)
class Submission:
    """The objects of the service that a story file was submitted as."""

    story: Story
    names: dict[str, str]
    """The characters' names by their ids."""
    batch: Batch


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a story file, and the characters' names by their ids."""

    answer: PlanStoryResponse
    names: dict[str, str]


class RefusedCharacter(InvalidRequest):
    """A refused character of a file; `place` is where it is, for instance `characters[0]`."""

    def __init__(self, error: InvalidRequest, place: str) -> None:
        super().__init__(
            error.message, error.reason, violations=error.violations, metadata=error.metadata
        )
        self.place = place


def submit(client: SyncClient, file: StoryFile, again: str = "") -> Submission:
    """Creates the characters, the story and the batch of a file, or finds those of an earlier run.

    `again` is the key of a new try, for a new batch of the same story. Deleted objects are created
    again.
    """
    story, names = _story(client, file)
    what = ("again", again, story.id) if again else ("batch", story.id)
    key = file.request_id(*what, *_asked(file))
    batch = client.generate_story(story, **order_of(file, names, key))
    return Submission(story, names, batch)


def quote(client: SyncClient, file: StoryFile) -> QuoteStoryResponse:
    """Returns what a file would cost; its characters and its story are created, nothing runs."""
    story, names = _story(client, file)
    return client.quote_story(story, **order_of(file, names))


def plan(client: SyncClient, file: StoryFile) -> Plan:
    """Returns what a file would show; its characters and its story are created, nothing is drawn.

    The same file gives the same plan, for a day.
    """
    story, names = _story(client, file)
    key = file.request_id("plan", story.id, story.etag, *_asked(file))
    patient = client.with_timeout(_PLAN_S)
    return Plan(patient.plan_story(story, **order_of(file, names, key)), names)


def _asked(file: StoryFile) -> tuple[object, ...]:
    """Returns what is asked for of a story; files without a cover keep their request ids."""
    asked = (file.options, file.cover) if file.cover else (file.options,)
    return (*asked, *file.processing())


def order_of(
    file: StoryFile, names: Mapping[str, str], request_id: str | None = None
) -> WholeStoryFields:
    """Returns the order of a file; `names` are those of its characters by their ids."""
    options = file.options
    return WholeStoryFields(
        portraits=options.portraits,
        scenes=options.scenes,
        cover=_cover(file.cover, names) if file.cover else options.cover,
        images_per_page=options.images_per_page,
        aspect_ratio=options.aspect_ratio,
        model=options.model,
        provider=options.provider,
        quality=options.quality,
        min_quality=options.min_quality,
        max_cost_micros=None if options.max_cost is None else round(options.max_cost * MICROS),
        use_references=options.references,
        allow_reuse=options.allow_reuse,
        metadata=options.metadata,
        post_processing=post_processing(options),
        priority=options.priority,
        request_id=request_id,
    )


def post_processing(options: FileOptions) -> PostProcessing | None:
    """Returns what a file asks of post-processing; None where it says nothing of it."""
    return PostProcessing(**options.post_processing) if options.post_processing else None


def _story(client: SyncClient, file: StoryFile) -> tuple[Story, dict[str, str]]:
    """Returns the story of a file, and the names of its characters by their ids."""
    characters: dict[str, Character] = {}
    for number, fields in enumerate(file.characters):
        with _naming(f"characters[{number}]"):
            characters[fields["name"] or ""] = _character(client, file, fields)
    names = {each.id: name for name, each in characters.items()}
    told = story_of(file, names)
    ids = [*names]
    story = _create_or_find(
        lambda key: client.create_story(told, request_id=key),
        client.get_story,
        lambda number: file.request_id("story and cast", file.style, file.pages, ids, number),
    )
    return story, names


def story_of(file: StoryFile, names: Mapping[str, str]) -> Story:
    """Returns the story that a file tells; `names` are those of its characters by their ids."""
    ids = {name: id_ for id_, name in names.items()}
    pages = [
        Page(
            text=page.text,
            scene_description=page.scene,
            character_ids=[ids[name] for name in page.characters],
            scene=_scene(page.fixed, ids) if page.fixed else None,
        )
        for page in file.pages
    ]
    return Story(title=file.title, style=file.style, pages=pages, character_ids=[*names])


@contextmanager
def _naming(place: str) -> Iterator[None]:
    """Gives a refusal the place in the file of the character that is refused."""
    try:
        yield
    except InvalidRequest as error:
        raise RefusedCharacter(error, place) from error


def _cover(cover: FileCover, names: Mapping[str, str]) -> Cover:
    ids = {name: id_ for id_, name in names.items()}
    return Cover(
        scene_description=cover.scene,
        character_ids=[ids[name] for name in cover.characters],
        scene=_scene(cover.fixed, ids) if cover.fixed else None,
    )


def _scene(fixed: FileScene, ids: Mapping[str, str]) -> Scene:
    """Returns a scene; `ids` are those of the characters by their names."""
    figures = [Figure(character_id=ids[name], **each) for name, each in fixed.figures.items()]
    return Scene(figures=figures, **fixed.fields)


def _character(client: SyncClient, file: StoryFile, fields: CharacterFields) -> Character:
    return _create_or_find(
        lambda key: client.create_character(request_id=key, **fields),
        client.get_character,
        lambda number: file.request_id("character", fields, number),
    )


def _create_or_find(
    create: Callable[[str], Thing], get: Callable[[str], Thing], key: Callable[[int], str]
) -> Thing:
    """Returns the first object, by the request ids of `key`, that has not been deleted."""
    for number in count():
        made = create(key(number))
        try:
            return get(made.id)
        except NotFound:
            continue
    raise AssertionError("count() does not end")


class Labels:
    """The names of the images of a batch."""

    def __init__(self, images: list[BatchImage], names: dict[str, str]) -> None:
        self._names = names
        copies = Counter(image.job.page_id for image in images)
        seen: Counter[str] = Counter()
        self._labels: dict[str, str] = {}
        for image in images:
            label, page = self._label(image), image.job.page_id
            if page and copies[page] > 1:
                seen[page] += 1
                label += f" ({seen[page]})"
            self._labels[image.job.job_id] = label

    def of(self, image: BatchImage) -> str:
        """Returns the label of an image, for instance `page 3` or `Mia`."""
        return self._labels[image.job.job_id]

    def _label(self, image: BatchImage) -> str:
        if image.job.kind == JOB_KIND_COVER:
            return "cover"
        if image.page_number:
            return f"page {image.page_number}"
        if image.job.kind == JOB_KIND_SCENE:
            return f"removed page {image.job.page_id[:8]}"
        return self._names.get(image.character_id, f"portrait {image.character_id[:8]}")


def save(
    client: SyncClient, images: list[BatchImage], labels: Labels, pictures: Pictures
) -> dict[str, Path]:
    """Saves the completed pictures of a batch; returns the files by the ids of their jobs.

    What could not be saved is said in `pictures.failed`.
    """
    saved: dict[str, Path] = {}
    # All of them have names, so that a picture that comes later takes none of another one.
    names = {each.job.job_id: pictures.name(labels.of(each), each.job.image_id) for each in images}
    for image in images:
        if image.job.status == JOB_STATUS_COMPLETED:
            path = pictures.save(client, image.job.image_id, names[image.job.job_id])
            if path is not None:
                saved[image.job.job_id] = path
    return saved


def save_known_portraits(
    client: SyncClient, images: list[BatchImage], submitted: Submission, pictures: Pictures
) -> dict[str, Path]:
    """Saves the characters' references, in the story's style, that its batch did not draw.

    Returns the files by the characters' ids.
    """
    drawn = {image.character_id for image in images}
    saved: dict[str, Path] = {}
    for character_id, name in submitted.names.items():
        if character_id in drawn:
            continue
        if image_id := _reference(client, character_id, submitted.batch.style):
            path = pictures.save(client, image_id, pictures.name(name, image_id))
            if path is not None:
                saved[character_id] = path
    return saved


def _reference(client: SyncClient, character_id: str, style: str) -> str:
    """Returns the id of a character's reference in a style; empty if it has none."""
    portraits = client.list_images(
        character=character_id, type="portrait", status="completed", page_size=100
    )
    found = [image.id for image in portraits if image.is_reference and image.style == style]
    return found[0] if found else ""
