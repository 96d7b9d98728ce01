"""Requests for one picture: what it shows and what draws it, or the violations."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from imggen.rules import pictures
from imggen.rules.checks import Checks
from imggen.rules.missing import (
    missing_character,
    missing_image,
    missing_page,
    missing_story,
)
from imggen.v1 import errors_pb2 as reasons
from imggen.v1.generation_pb2 import (
    GeneratePortraitRequest,
    GenerateSceneRequest,
    GenerationOptions,
    RegenerateImageRequest,
)
from server.domain.characters import FrozenCharacter
from server.domain.ids import CharacterId, ImageId, PageId, StoryId, UserId
from server.domain.jobs import Placement
from server.domain.models import Size
from server.domain.reuse import Reuse
from server.domain.spec import RenderSpec
from server.domain.states import ImageType, Quality
from server.domain.stories import Page, Story
from server.domain.styles import Style
from server.routing.catalogue import Catalogue
from server.routing.offers import Offer, Wish, choose, choose_again
from server.store import Store


@dataclass(frozen=True, slots=True)
class Picture:
    """A requested picture: what it shows, what its image belongs to, and what draws it.

    `reuse` is None where no stored picture may answer the request.
    """

    spec: RenderSpec
    placement: Placement
    offer: Offer
    reuse: Reuse | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What a picture shows, before a model and its format are chosen."""

    image_type: ImageType
    style: Style
    characters: tuple[FrozenCharacter, ...]
    quality: Quality
    scene: str = ""
    page_text: str = ""
    use_references: bool = False
    allow_reuse: bool = False

    def drawn_by(self, offer: Offer, placement: Placement, seed: int | None = None) -> Picture:
        """Returns the picture as an offer draws it; a seed of None means any."""
        spec = RenderSpec(
            image_type=self.image_type,
            style=self.style,
            characters=self.characters,
            scene=self.scene,
            page_text=self.page_text,
            model=offer.model.name,
            width=offer.format.display.width,
            height=offer.format.display.height,
            quality=self.quality,
            seed=new_seed() if seed is None else seed,
            use_references=self.use_references,
        )
        return Picture(spec, placement, offer, Reuse(seed) if self.allow_reuse else None)


class PictureReader:
    """Reads requests for pictures, and the caller's stories, characters and images they name.

    Each method raises InvalidRequest with every violation of the request, including those in
    `checks`, or NotFound for what the caller does not have.
    """

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        styles: Sequence[Style],
        *,
        use_references: bool,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._styles = {style.id: style for style in sorted(styles, key=lambda style: style.id)}
        self._use_references = use_references

    async def portrait(
        self, checks: Checks, user: UserId, request: GeneratePortraitRequest
    ) -> Picture:
        """Reads a request for the portrait of a character."""
        character_id = checks.id("character_id", request.character_id, CharacterId)
        story_id = checks.id("story_id", request.story_id, StoryId, required=False)
        wish = Wish(ImageType.PORTRAIT, request.options.model, request.size, 1)
        maybe_offer = self.offer(checks, wish)
        maybe_quality = read_quality(checks, request.options.quality)
        story = await self.story(user, story_id) if story_id else None
        maybe_style = self.style(checks, request.style, story.draft.style if story else "")
        character, offer, quality, style = checks.complete(
            character_id, maybe_offer, maybe_quality, maybe_style
        )
        characters = await self._characters(user, [character])
        # A new portrait is drawn anew, unless its caller wants the look of the present one.
        keeps_look = request.options.use_references
        content = Content(
            ImageType.PORTRAIT,
            style,
            characters,
            quality,
            use_references=keeps_look,
            allow_reuse=request.options.allow_reuse,
        )
        place = Placement(story_id=story.id if story else None, character_id=character)
        return content.drawn_by(offer, place, request.seed if request.HasField("seed") else None)

    async def scene(self, checks: Checks, user: UserId, request: GenerateSceneRequest) -> Picture:
        """Reads a request for the scene of a page."""
        story_id = checks.id("story_id", request.story_id, StoryId)
        named = checks.ids("character_ids", request.character_ids, CharacterId)
        description = checks.prompt("scene_description", request.scene_description)
        ratio = pictures.read_aspect_ratio(checks, request.aspect_ratio)
        maybe_quality = read_quality(checks, request.options.quality)
        story = await self.story(user, story_id) if story_id else None
        page_id = checks.id("page_id", request.page_id, PageId)
        number, maybe_page = _page(story, page_id) if story and page_id else (0, None)
        if maybe_page and not request.scene_description:
            words = maybe_page.scene_description or maybe_page.text
            pictures.check_page(checks, words, number)
        maybe_style = self.style(checks, request.style, story.draft.style if story else None)
        ids = named
        if named == ():
            ids = maybe_page.character_ids if maybe_page else ()
        # Where the characters are not known, neither is whether a model can draw so many.
        wish = Wish(ImageType.SCENE, request.options.model, ratio or "", len(ids or ()))
        offer = self.offer(checks, wish)
        page, quality, style, drawn_by = checks.complete(
            maybe_page, maybe_quality, maybe_style, offer
        )
        content = Content(
            ImageType.SCENE,
            style,
            await self._characters(user, ids or ()),
            quality,
            scene=description or page.scene_description,
            page_text=page.text,
            use_references=self.uses_references(request.options),
            allow_reuse=request.options.allow_reuse,
        )
        place = Placement(story_id=story_id, page_id=page.id, page_number=number)
        return content.drawn_by(drawn_by, place, request.seed if request.HasField("seed") else None)

    async def regeneration(
        self, checks: Checks, user: UserId, request: RegenerateImageRequest
    ) -> Picture:
        """Reads a request to draw an image again; admission sets its version."""
        changes = request.modifications
        prompt = pictures.changed_prompt(checks, changes)
        changed_style = pictures.changed_style(checks, changes, self._styles)
        image_id = checks.id("image_id", request.image_id, ImageId)
        if image_id is None:
            raise checks.refused()
        image = await self._store.images.get(user, image_id)
        before = await self._store.jobs.spec_of(user, image_id)
        if image is None or before is None:
            raise missing_image(image_id)
        options = request.options
        quality = read_quality(checks, options.quality) if options.quality else before.quality
        offer, kept = checks.complete(self._same_offer(checks, before, options.model), quality)
        seed = changes.seed if changes.HasField("seed") else None
        spec = replace(
            before,
            style=changed_style or before.style,
            scene=prompt or before.scene,
            model=offer.model.name,
            quality=kept,
            seed=new_seed() if seed is None else seed,
            use_references=self.uses_references(options),
        )
        place = Placement(
            story_id=image.story_id,
            page_id=image.page_id,
            page_number=image.page_number,
            character_id=image.character_id,
            parent_image_id=image.id,
            lineage_id=image.lineage_id,
        )
        return Picture(spec, place, offer, Reuse(seed) if options.allow_reuse else None)

    def offer(self, checks: Checks, wish: Wish) -> Offer | None:
        """Chooses what draws a picture; None, and violations, if nothing can."""
        found = choose(self._catalogue, wish)
        if isinstance(found, Offer):
            return found
        checks.violations.extend(found)
        return None

    def uses_references(self, options: GenerationOptions) -> bool:
        """Returns whether a scene, a cover or a regeneration is drawn from references."""
        asked = options.HasField("use_references")
        return options.use_references if asked else self._use_references

    def style(self, checks: Checks, name: str, default: str | None) -> Style | None:
        """Reads the style; `default` is the story's, "" if it has none, None if it is not known."""
        return pictures.read_style(checks, name, default, self._styles)

    async def story(self, user: UserId, story_id: StoryId) -> Story:
        """Returns a story of the caller; raises NotFound."""
        story = await self._store.stories.get(user, story_id)
        if story is None:
            raise missing_story(story_id)
        return story

    def _same_offer(self, checks: Checks, spec: RenderSpec, name: str) -> Offer | None:
        """Returns the offer for a spec's size by its own model, or by another that is named.

        None, and violations, if there is none.
        """
        size = Size(spec.width, spec.height)
        found = choose_again(
            self._catalogue, name or spec.model, spec.image_type, size, len(spec.characters)
        )
        if isinstance(found, Offer):
            return found
        if name:
            checks.violations.extend(found)
            return None
        checks.add(
            "image_id",
            f"was drawn by {spec.model} in {size}, which is not offered any more; generate a new"
            " image",
            reasons.ERROR_REASON_MODEL_UNKNOWN,
        )
        return None

    async def _characters(
        self, user: UserId, ids: Sequence[CharacterId]
    ) -> tuple[FrozenCharacter, ...]:
        """Freezes characters of the caller; raises NotFound for the first that is missing."""
        if not ids:
            return ()
        found = await self._store.freeze(user, ids)
        for one in ids:
            if one not in found:
                raise missing_character(one)
        return tuple(found[one] for one in ids)


def new_seed() -> int:
    """Returns a random seed, for a picture whose caller set none."""
    return secrets.randbits(32)


def read_quality(checks: Checks, value: str) -> Quality | None:
    """Reads a quality; an empty one means HD."""
    known = pictures.read_quality(checks, value)
    return None if known is None else Quality(known)


def _page(story: Story, page_id: PageId) -> tuple[int, Page]:
    """Returns a page of a story, and its number; raises NotFound."""
    for number, page in enumerate(story.draft.pages, start=1):
        if page.id == page_id:
            return number, page
    raise missing_page(page_id)
