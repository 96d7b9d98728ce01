"""Pictures of the corpus's pages, as the service draws them with the checkpoint that ships."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from actors.engine.diffuser import Diffuser
from actors.engine.profiles import offered_format, profile
from actors.extractors.bounds import bounded
from actors.extractors.pages import arranged, placed
from actors.extractors.rules.reader import RuleReader
from actors.finishing.forms import cut
from actors.prompts.storybook import StorybookDialect
from actors.providers.base import NO_RECORDS, CharacterReference, Content
from actors.providers.local import LocalProvider
from actors.settings import DiffuserSettings
from actors.storybook import CHECKPOINT
from actors.storybook import attributes as drawn
from recipe.evaluation.grids import read_png
from recipe.reading.corpus import Page, Part, load_pages
from server.domain.characters import FrozenCharacter
from server.domain.ids import CharacterId
from server.domain.models import Size
from server.domain.scenes import Scene
from server.domain.spec import RenderSpec
from server.domain.states import ImageType, Quality
from server.domain.styles import Style
from server.routing.catalogue import STORYBOOK

Pixels = NDArray[np.uint8]

_STYLE = Style("cartoon", 1, "Cartoon", "", "cartoon style", "")
_SHOWN = Size(1824, 1024)
_SQUARE = Size(1024, 1024)


@dataclass(frozen=True, slots=True)
class Drawn:
    """The picture of a page: all of it, and the part that is shown in 16:9, each (H, W, 3).

    `scene` is what its prompt asks for.
    """

    whole: Pixels
    shown: Pixels
    scene: drawn.Scene


class _Unwatched:
    """The progress of a picture that nobody watches."""

    def __init__(self) -> None:
        self.watched = asyncio.Event()
        self.records = NO_RECORDS

    def step(self, step: int, steps: int, preview: bytes | None = None) -> None:
        """Does nothing."""


class Artist:
    """Draws pages in one style, each character from words and from its portrait."""

    def __init__(self, diffuser: Diffuser) -> None:
        self._diffuser = diffuser
        self._provider = LocalProvider(diffuser, profile(STORYBOOK.name), encoder=diffuser)
        self._dialect = StorybookDialect()
        self._reader = RuleReader()
        self._portraits: dict[tuple[str, UUID], bytes] = {}

    @classmethod
    def shipped(cls) -> "Artist":
        """Loads the checkpoint that ships."""
        return cls(Diffuser.load(DiffuserSettings(model_path=str(CHECKPOINT), device="cpu")))

    def draw(self, page: Page, seed: int) -> Drawn:
        """Returns the picture of a page."""
        content = self._content(page, seed)
        count = len(content.cast)
        references = tuple(
            CharacterReference(
                CharacterId(one.id), self._portrait(page, one), at / count, (at + 1) / count
            )
            for at, one in enumerate(content.cast[: self._provider.references.most])
        )
        whole = self._render(content, references)
        part = np.asarray(cut(Image.fromarray(whole), _SHOWN))
        spec = replace(content.spec, characters=content.cast)
        return Drawn(whole, part, self._dialect.shown(spec, content.scene))

    def _content(self, page: Page, seed: int) -> Content:
        spec = _spec(ImageType.SCENE, seed, (), page)
        read = self._reader.read(page.text, page.cast, page.before)
        return _content(spec, bounded(placed(read, spec)))

    def _portrait(self, page: Page, one: FrozenCharacter) -> bytes:
        """Returns the embedding of a character's portrait, which is drawn once."""
        key = page.story, one.id
        if key not in self._portraits:
            spec = _spec(ImageType.PORTRAIT, int(one.id), (one,))
            content = _content(spec, placed(Scene(), spec))
            png = asyncio.run(self._png(content, ()))
            self._portraits[key] = asyncio.run(self._diffuser.encode(png)).data
        return self._portraits[key]

    def _render(self, content: Content, references: tuple[CharacterReference, ...]) -> Pixels:
        return read_png(asyncio.run(self._png(content, references)))

    async def _png(self, content: Content, references: tuple[CharacterReference, ...]) -> bytes:
        spec = content.spec
        offered = offered_format(STORYBOOK, spec.image_type, Size(spec.width, spec.height))
        return (await self._provider.render(content, offered, references, _Unwatched())).png


def sample(count: int, parts: Sequence[Part] = tuple(Part)) -> list[Page]:
    """Returns pages of parts of the corpus; the same number gives the same pages."""
    pages = [page for part in parts for page in load_pages(part)]
    return Random("pages").sample(pages, min(count, len(pages)))


def _content(spec: RenderSpec, scene: Scene) -> Content:
    scene = arranged(scene, spec)
    cast = {one.id: one for one in spec.cast}
    return Content(spec, scene, tuple(cast[one.character] for one in scene.figures))


def _spec(
    kind: ImageType, seed: int, characters: tuple[FrozenCharacter, ...], page: Page | None = None
) -> RenderSpec:
    size = _SHOWN if page else _SQUARE
    return RenderSpec(
        image_type=kind,
        style=_STYLE,
        characters=characters,
        scene="",
        page_text=page.text if page else "",
        model=STORYBOOK.name,
        width=size.width,
        height=size.height,
        quality=Quality.HD,
        seed=seed,
        use_references=page is not None,
        others=page.cast if page and not characters else (),
        before=page.before if page else (),
    )
