"""Requests for one picture: what it shows and what draws it, or the violations."""

from collections.abc import Sequence
from dataclasses import replace

from imggen.rules import pictures
from imggen.rules.checks import Checks
from imggen.rules.missing import (
    missing_character,
    missing_image,
    missing_page,
    missing_story,
)
from imggen.v1.generation_pb2 import (
    GeneratePortraitRequest,
    GenerateSceneRequest,
    GenerationOptions,
    Modifications,
    RegenerateImageRequest,
)
from server.domain.characters import FrozenCharacter
from server.domain.ids import CharacterId, ImageId, PageId, StoryId, UserId
from server.domain.images import Image
from server.domain.jobs import Placement
from server.domain.models import Size
from server.domain.reuse import Reuse
from server.domain.spec import RenderSpec
from server.domain.states import ImageType, Quality
from server.domain.stories import Page, Story
from server.domain.styles import Style
from server.requests.finishing import read_post_processing
from server.requests.limits import read_limits
from server.requests.pictures import Content, Picture, new_seed, picture_of
from server.requests.routes import Routes
from server.routing.catalogue import Catalogue
from server.routing.observer import Observer
from server.routing.router import Routing
from server.store import Store


class PictureReader:
    """Reads requests for pictures, and the caller's stories, characters and images they name.

    Each method raises InvalidRequest with every violation of the request, including those in
    `checks`, or NotFound for what the caller does not have.
    """

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        observer: Observer,
        styles: Sequence[Style],
        *,
        use_references: bool,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._observer = observer
        self._styles = {style.id: style for style in sorted(styles, key=lambda style: style.id)}
        self._use_references = use_references

    async def portrait(
        self, checks: Checks, user: UserId, request: GeneratePortraitRequest
    ) -> Picture:
        """Reads a request for the portrait of a character."""
        character_id = checks.id("character_id", request.character_id, CharacterId)
        story_id = checks.id("story_id", request.story_id, StoryId, required=False)
        # A new portrait is drawn anew, unless its caller wants the look of the present one.
        keeps_look = request.options.use_references
        seed = _seed(request)
        routes = await self.routes(checks, user, request.options, seed)
        maybe_quality = read_quality(checks, request.options.quality)
        post_processing = read_post_processing(checks, request.options, ImageType.PORTRAIT)
        drawn = maybe_quality or Quality.HD
        wish = routes.wish(ImageType.PORTRAIT, request.size, 1, drawn, references=keeps_look)
        maybe_routing = routes.route(checks, wish)
        story = await self.story(user, story_id) if story_id else None
        maybe_style = self.style(checks, request.style, story.draft.style if story else "")
        character, routing, quality, style = checks.complete(
            character_id, maybe_routing, maybe_quality, maybe_style
        )
        characters = await self._characters(user, [character])
        content = Content(
            ImageType.PORTRAIT,
            style,
            characters,
            quality,
            use_references=keeps_look,
            allow_reuse=request.options.allow_reuse,
            post_processing=post_processing,
        )
        place = Placement(story_id=story.id if story else None, character_id=character)
        return content.drawn_by(routing, routes, place, seed)

    async def scene(self, checks: Checks, user: UserId, request: GenerateSceneRequest) -> Picture:
        """Reads a request for the scene of a page."""
        story_id = checks.id("story_id", request.story_id, StoryId)
        ids = checks.ids("character_ids", request.character_ids, CharacterId)
        description = checks.prompt("scene_description", request.scene_description)
        ratio = pictures.read_aspect_ratio(checks, request.aspect_ratio)
        maybe_quality = read_quality(checks, request.options.quality)
        post_processing = read_post_processing(checks, request.options, ImageType.SCENE)
        story = await self.story(user, story_id) if story_id else None
        number, maybe_page = _told_page(checks, story, request)
        maybe_style = self.style(checks, request.style, story.draft.style if story else None)
        if ids == () and maybe_page:
            ids = maybe_page.character_ids
        others = story.others(number, ids or ()) if story else ()
        # Where the characters are not known, neither is whether a model can draw so many.
        routes, maybe_routing = await self._scene_routes(
            checks, user, request, ratio or "", maybe_quality, len(ids or ()), len(others)
        )
        page, quality, style, routing = checks.complete(
            maybe_page, maybe_quality, maybe_style, maybe_routing
        )
        content = replace(
            _scene_content(request, description or "", page, style, quality),
            characters=await self._characters(user, ids or ()),
            use_references=self.uses_references(request.options),
            others=await self._others(user, others),
            before=story.before(number) if story else (),
            post_processing=post_processing,
        )
        place = Placement(story_id=story_id, page_id=page.id, page_number=number)
        told = "scene_description" if description else "page.scene_description"
        return replace(content.drawn_by(routing, routes, place, _seed(request)), told=told)

    async def _scene_routes(
        self,
        checks: Checks,
        user: UserId,
        request: GenerateSceneRequest,
        ratio: str,
        quality: Quality | None,
        characters: int,
        others: int,
    ) -> tuple[Routes, Routing | None]:
        """Returns what routes a scene, and its routing; None where the wish itself is wrong."""
        routes = await self.routes(checks, user, request.options, _seed(request))
        use = self.uses_references(request.options)
        drawn = quality or Quality.HD
        wish = routes.wish(ImageType.SCENE, ratio, characters, drawn, references=use, others=others)
        return routes, routes.route(checks, wish)

    async def regeneration(
        self, checks: Checks, user: UserId, request: RegenerateImageRequest
    ) -> Picture:
        """Reads a request to draw an image again; admission sets its version."""
        changes = request.modifications
        prompt = pictures.changed_prompt(checks, changes)
        changed_style = pictures.changed_style(checks, changes, self._styles)
        image, before = await self._drawn(checks, user, request.image_id)
        options = request.options
        quality = read_quality(checks, options.quality) if options.quality else before.quality
        post_processing = read_post_processing(checks, options, before.image_type)
        use = self.uses_references(options)
        seed = _seed(changes)
        routes = await self.routes(checks, user, options, seed)
        cast, others = len(before.characters), len(before.others)
        drawn = quality or before.quality
        wish = replace(
            routes.wish(before.image_type, "", cast, drawn, references=use, others=others),
            display=Size(before.width, before.height),
        )
        maybe_routing = routes.route_again(checks, image.model, wish)
        routing, kept = checks.complete(maybe_routing, quality)
        reuse = Reuse(seed) if options.allow_reuse else None
        offer = routes.require(routing, reuse)
        spec = replace(
            before,
            style=changed_style or before.style,
            scene=prompt or before.scene,
            page_text=_page_text(before, prompt),
            fixed=None if prompt else before.fixed,
            model=offer.model.name,
            quality=kept,
            seed=new_seed() if seed is None else seed,
            use_references=use,
            post_processing=post_processing,
        )
        told = "modifications.prompt" if prompt else "image.scene"
        return replace(picture_of(spec, _place_of(image), routing, routes, offer, reuse), told=told)

    async def _drawn(self, checks: Checks, user: UserId, named: str) -> tuple[Image, RenderSpec]:
        image_id = checks.id("image_id", named, ImageId)
        if image_id is None:
            raise checks.refused()
        image = await self._store.images.get(user, image_id)
        before = await self._store.jobs.spec_of(user, image_id)
        if image is None or before is None:
            raise missing_image(image_id)
        return image, before

    async def routes(
        self, checks: Checks, user: UserId, options: GenerationOptions, seed: int | None = None
    ) -> Routes:
        """Returns what routes the pictures of a request; violations of its limits go to `checks`.

        Its limits are kept with its jobs, which are routed again when they are drawn. A seed that
        the request names is one of them: models that take none do not draw it.
        """
        limits = read_limits(checks, options, self._catalogue, self._store.clock.now())
        limits = replace(limits, seeded=seed is not None)
        return Routes(self._catalogue, await self._observer.conditions(user), limits)

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

    async def _others(
        self, user: UserId, ids: Sequence[CharacterId]
    ) -> tuple[FrozenCharacter, ...]:
        """Freezes characters that are named by other pages, but for those that are gone."""
        found = await self._store.freeze(user, ids) if ids else {}
        return tuple(found[one] for one in ids if one in found)


def _place_of(image: Image) -> Placement:
    return Placement(
        story_id=image.story_id,
        page_id=image.page_id,
        page_number=image.page_number,
        character_id=image.character_id,
        parent_image_id=image.id,
        lineage_id=image.lineage_id,
    )


def read_quality(checks: Checks, value: str) -> Quality | None:
    """Reads a quality; an empty one means HD."""
    known = pictures.read_quality(checks, value)
    return None if known is None else Quality(known)


def _seed(message: GeneratePortraitRequest | GenerateSceneRequest | Modifications) -> int | None:
    return message.seed if message.HasField("seed") else None


def _scene_content(
    request: GenerateSceneRequest, description: str, page: Page, style: Style, quality: Quality
) -> Content:
    """Returns the content of a page's scene, without its characters and the pages before it."""
    return Content(
        ImageType.SCENE,
        style,
        (),
        quality,
        scene=description or page.scene_description,
        page_text=page.text,
        allow_reuse=request.options.allow_reuse,
        # Another description is another scene.
        fixed=None if description else page.fixed,
    )


def _told_page(
    checks: Checks, story: Story | None, request: GenerateSceneRequest
) -> tuple[int, Page | None]:
    """Returns the page of a scene, and its number; its words are checked where they are drawn."""
    page_id = checks.id("page_id", request.page_id, PageId)
    if story is None or not page_id:
        return 0, None
    number, page = _page(story, page_id)
    if not request.scene_description:
        pictures.check_page(checks, page.scene_description or page.text, number)
    return number, page


def _page(story: Story, page_id: PageId) -> tuple[int, Page]:
    """Returns a page of a story, and its number; raises NotFound."""
    for number, page in enumerate(story.draft.pages, start=1):
        if page.id == page_id:
            return number, page
    raise missing_page(page_id)


def _page_text(before: RenderSpec, prompt: str | None) -> str:
    """Returns the page of a new version; a cover's counts beside the story's title alone."""
    return "" if prompt and before.image_type is ImageType.COVER else before.page_text
