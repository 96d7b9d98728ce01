"""What a request may say of a story's cover, and who is then on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from imggen.rules.checks import Checks
from imggen.rules.scenes import read_scene
from imggen.rules.stories import MAX_CHARACTERS
from imggen.rules.storyboards import MOST_OTHERS, named_in
from imggen.v1 import errors_pb2 as reasons
from imggen.v1.generation_pb2 import Cover, GenerateStoryRequest
from imggen.v1.scene_pb2 import Scene

Id = TypeVar("Id")


@dataclass(frozen=True, slots=True)
class OnCover(Generic[Id]):
    """Who is on a cover: those of `listed`, and those of `others` whom its text names.

    `chosen` is whether the service chose them: then as many are drawn as a model can draw.
    """

    listed: Sequence[Id]
    others: Sequence[Id] = ()
    chosen: bool = False


def read_cover(checks: Checks, request: GenerateStoryRequest) -> Cover:
    """Returns what a request says of the cover, cleaned; an empty one where it says nothing."""
    given = request.cover
    if request.HasField("cover") and not request.include_cover:
        why = "is set, but no cover is asked for; set include_cover, too"
        checks.add("cover", why, reasons.ERROR_REASON_FIELD_OUT_OF_RANGE)
    ids, field = given.character_ids, "cover.character_ids"
    checks.at_most(field, len(ids), MAX_CHARACTERS, "characters")
    listed = checks.ids(field, ids[:MAX_CHARACTERS], str) or ()
    described = checks.prompt("cover.scene_description", given.scene_description)
    read = Cover(scene_description=described or "", character_ids=listed)
    if given.HasField("scene"):
        read.scene.CopyFrom(read_scene(checks, "cover.scene", given.scene, listed))
        if read.scene == Scene():
            read.ClearField("scene")
    return read


def on_cover(
    described: str,
    listed: Sequence[Id],
    leading: Sequence[Id],
    cast: Sequence[tuple[Id, str, str]],
) -> OnCover[Id]:
    """Returns who is on a cover: those it lists, else those it names, else the leading ones.

    `cast` are the characters of the story with their names and species.
    """
    named = bool(described) and bool(named_in([described], cast))
    if not (listed or named):
        return OnCover(leading, chosen=True)
    others = [one for one, _, _ in cast if one not in listed] if named else []
    return OnCover(listed, others[:MOST_OTHERS])
