"""The RenderSpec: what a job draws, as content. Each provider compiles its own prompt from it."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from server.domain.characters import Description, FrozenCharacter, Gender
from server.domain.finishing import DEFAULT, PostProcessing
from server.domain.scenes import Scene, scene_json, scene_of_json
from server.domain.states import ImageType, Quality
from server.domain.styles import Style

SPEC_VERSION = 10
"""The newest version of specs; a worker claims only versions that it knows.

Raised by each change that an older worker would misread. Version 2 adds covers, and jobs of
batches, which an older worker would claim before their needs are met. Version 3 adds display
sizes of other aspect ratios than the model's own, which an older worker cannot draw. Version 4
adds references, which an older worker would leave out. Version 5 adds the pages before a page and
the characters who are on it if its text names them, which an older worker would not read; and
plans, which one would draw. Version 6 adds what an author has fixed of a scene, and version 7
what one has emptied, which an older worker would read. Version 8 adds the quality `draft`, which an
older worker does not know. Version 9 adds upscales, which one would draw. Version 10 adds what else
is done to the picture than usual, which an older worker would not do.
"""

UPSCALE_VERSION = 9
"""The oldest version of the specs of upscales, whose pictures are enlarged and not drawn."""


@dataclass(frozen=True, slots=True)
class RenderSpec:
    """All that decides what a picture shows, frozen when the job is admitted.

    `scene` is the scene description; where it is empty, it is taken from `page_text`. `width`
    and `height` are the display asset's pixels. The same spec with the same model and seed
    gives the same picture, up to rounding that depends on the device and its threads, and with
    `use_references` as long as its characters have the same references. `characters` are in the
    picture, unless its text says that they are not there; `others` are if the text names them.
    `before` are the texts of the last pages before its page, the first one first. `fixed` is what
    the page's author has set of its scene, whatever the text says.
    """

    image_type: ImageType
    style: Style
    characters: tuple[FrozenCharacter, ...]
    scene: str
    page_text: str
    model: str
    width: int
    height: int
    quality: Quality
    seed: int
    use_references: bool = False
    others: tuple[FrozenCharacter, ...] = ()
    before: tuple[str, ...] = ()
    fixed: Scene | None = None
    post_processing: PostProcessing = DEFAULT

    @property
    def cast(self) -> tuple[FrozenCharacter, ...]:
        """Everybody who may be in the picture."""
        return (*self.characters, *self.others)

    def version(self, *, batched: bool, cropped: bool) -> int:
        """Returns the oldest spec version whose workers can draw this."""
        if self.post_processing != DEFAULT:
            return 10
        if self.quality is Quality.DRAFT:
            return 8
        if self.fixed is not None:
            return 7 if self.fixed.empty else 6
        if self.others or self.before:
            return 5
        if self.use_references and self.characters:
            return 4
        if cropped:
            return 3
        return 2 if batched or self.image_type is ImageType.COVER else 1

    @property
    def plan_version(self) -> int:
        """The oldest spec version whose workers read it, and do not draw it."""
        if self.quality is Quality.DRAFT:
            return 8
        if self.fixed is None:
            return 5
        return 7 if self.fixed.empty else 6

    def to_json(self) -> dict[str, Any]:
        """Returns the spec as JSON for the database."""
        # By hand, since dataclasses.asdict takes ten times as long and every submit waits for it.
        style = self.style
        # Left out where they are empty, so that the digests of other specs stay as they were.
        others = {"others": [_frozen_json(one) for one in self.others]} if self.others else {}
        before = {"before": list(self.before)} if self.before else {}
        fixed = {"fixed": scene_json(self.fixed)} if self.fixed else {}
        done = self.post_processing
        post = {} if done == DEFAULT else {"post_processing": done.to_json()}
        return {
            "image_type": self.image_type,
            "style": {
                "id": style.id,
                "version": style.version,
                "display_name": style.display_name,
                "description": style.description,
                "prompt_template": style.prompt_template,
                "negative_prompt": style.negative_prompt,
            },
            "characters": [_frozen_json(character) for character in self.characters],
            "scene": self.scene,
            "page_text": self.page_text,
            "model": self.model,
            "width": self.width,
            "height": self.height,
            "quality": self.quality,
            "seed": self.seed,
            "use_references": self.use_references,
            **others,
            **before,
            **fixed,
            **post,
        }

    def content_digest(self) -> bytes:
        """Returns a digest of everything but the seed; that of a stored spec never changes.

        Specs are equal where it and their seeds are. A new field of specs gives each content
        another digest: what was stored before is not reused then.
        """
        content = self.to_json()
        del content["seed"]
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).digest()

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Reads a spec back.

        Raises KeyError or ValueError for a spec of a later version than SPEC_VERSION.
        """
        return cls(
            image_type=ImageType(data["image_type"]),
            style=Style(**data["style"]),
            characters=tuple(_character(character) for character in data["characters"]),
            scene=data["scene"],
            page_text=data["page_text"],
            model=data["model"],
            width=data["width"],
            height=data["height"],
            quality=Quality(data["quality"]),
            seed=data["seed"],
            use_references=data.get("use_references", False),
            others=tuple(_character(character) for character in data.get("others", ())),
            before=tuple(data.get("before", ())),
            fixed=scene_of_json(data["fixed"]) if "fixed" in data else None,
            post_processing=PostProcessing.from_json(data.get("post_processing", {})),
        )


def _frozen_json(character: FrozenCharacter) -> dict[str, Any]:
    looks = character.description
    return {
        "id": str(character.id),
        "version": character.version,
        "description": {
            "name": looks.name,
            "age": looks.age,
            "gender": looks.gender,
            "species": looks.species,
            "hair": looks.hair,
            "eyes": looks.eyes,
            "skin": looks.skin,
            "clothing": looks.clothing,
            "features": looks.features,
            "traits": looks.traits,
        },
    }


def _character(data: dict[str, Any]) -> FrozenCharacter:
    description = data["description"]
    return FrozenCharacter(
        id=UUID(data["id"]),
        version=data["version"],
        description=Description(
            **{
                **description,
                "gender": Gender(description["gender"]),
                "features": tuple(description["features"]),
                "traits": tuple(description["traits"]),
            }
        ),
    )
