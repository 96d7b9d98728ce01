"""Requests for one picture: what it shows and what draws it, or the violations."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

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
    RegenerateImageRequest,
)
from server.domain.characters import FrozenCharacter
from server.domain.ids import CharacterId, ImageId, PageId, StoryId, UserId
from server.domain.images import Image
from server.domain.jobs import Placement
from server.domain.lanes import JobLane
from server.domain.limits import Limits
from server.domain.models import Size
from server.domain.reuse import Reuse
from server.domain.scenes import Scene
from server.domain.spec import RenderSpec
from server.domain.states import ImageType, Quality
from server.domain.stories import Page, Story
from server.domain.styles import Style
from server.domain.texts import Texts, texts_of_spec
from server.requests.limits import read_limits
from server.requests.routes import Routes
from server.routing.catalogue import Catalogue
from server.routing.observer import Observer
from server.routing.router import Routing, route
from server.routing.wishes import Offer
from server.store import Store


@dataclass(frozen=True, slots=True)
class Picture:
    """A requested picture: what it shows, what its image belongs to, and what may draw it.

    `offer` is the one that is quoted and held: the best of the routing, unless a budget is short.
    Whichever draws it, it costs `most_micros` at most. Its job waits in the `lanes`. `reuse` is
    None where no stored picture may answer the request; where one may, `short` is the budget that
    does not cover the offer. `told` is the field that its scene description comes from.
    """

    spec: RenderSpec
    placement: Placement
    limits: Limits
    routing: Routing
    offer: Offer
    lanes: tuple[JobLane, ...]
    most_micros: int
    reuse: Reuse | None = None
    short: str = ""
    told: str = "scene"

    @property
    def texts(self) -> Texts:
        """The texts of what it shows, by their fields."""
        return texts_of_spec(self.spec, self.told)

    def choices(self) -> "Iterator[Picture]":
        """Returns the picture as each of its offers would draw it, the best first."""
        return map(self.drawn_by, self.offers)

    @property
    def offers(self) -> tuple[Offer, ...]:
        """Its offer, and the others that it has."""
        others = (offer for offer in self.routing.offers if offer is not self.offer)
        return self.offer, *others

    def drawn_by(self, offer: Offer) -> "Picture":
        """Returns the picture as another one of its offers would draw it."""
        return replace(self, offer=offer, spec=replace(self.spec, model=offer.model.name))

    def weighed(self, shown: Mapping[str, float], routes: Routes) -> "Picture":
        """Returns the picture as it is drawn once its page is read.

        `shown` is the share of the page that each model shows. Raises as `Content.drawn_by`.
        """
        size = Size(self.spec.width, self.spec.height)
        wish = replace(self.routing.wish, shown=shown, display=size)
        routing = route(routes.catalogue, wish, routes.conditions)
        offer = routes.require(routing, self.reuse)
        spec = replace(self.spec, model=offer.model.name)
        lanes, most = routes.lanes(routing), routes.most_micros(routing)
        return replace(self, routing=routing, offer=offer, spec=spec, lanes=lanes, most_micros=most)


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
    others: tuple[FrozenCharacter, ...] = ()
    before: tuple[str, ...] = ()
    fixed: Scene | None = None

    def drawn_by(
        self, routing: Routing, routes: Routes, placement: Placement, seed: int | None = None
    ) -> Picture:
        """Returns the picture as the best offer draws it; a seed of None means any.

        Raises FailedPrecondition where no model may draw it, ResourceExhausted where the budgets
        are short.
        """
        reuse = Reuse(seed) if self.allow_reuse else None
        offer = routes.require(routing, reuse)
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
            others=self.others,
            before=self.before,
            fixed=self.fixed,
        )
        return _picture(spec, placement, routing, routes, offer, reuse)


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
        seed = request.seed if request.HasField("seed") else None
        routes = await self.routes(checks, user, request.options, seed)
        maybe_quality = read_quality(checks, request.options.quality)
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
        story = await self.story(user, story_id) if story_id else None
        number, maybe_page = _told_page(checks, story, request)
        maybe_style = self.style(checks, request.style, story.draft.style if story else None)
        if ids == () and maybe_page:
            ids = maybe_page.character_ids
        # Where the characters are not known, neither is whether a model can draw so many.
        use = self.uses_references(request.options)
        seed = request.seed if request.HasField("seed") else None
        routes = await self.routes(checks, user, request.options, seed)
        others = story.others(number, ids or ()) if story else ()
        drawn = maybe_quality or Quality.HD
        wish = routes.wish(
            ImageType.SCENE, ratio or "", len(ids or ()), drawn, references=use, others=len(others)
        )
        maybe_routing = routes.route(checks, wish)
        page, quality, style, routing = checks.complete(
            maybe_page, maybe_quality, maybe_style, maybe_routing
        )
        content = Content(
            ImageType.SCENE,
            style,
            await self._characters(user, ids or ()),
            quality,
            scene=description or page.scene_description,
            page_text=page.text,
            use_references=use,
            allow_reuse=request.options.allow_reuse,
            others=await self._others(user, others),
            before=story.before(number) if story else (),
            # Another description is another scene.
            fixed=None if description else page.fixed,
        )
        place = Placement(story_id=story_id, page_id=page.id, page_number=number)
        told = "scene_description" if description else "page.scene_description"
        return replace(content.drawn_by(routing, routes, place, seed), told=told)

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
        use = self.uses_references(options)
        seed = changes.seed if changes.HasField("seed") else None
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
        )
        told = "modifications.prompt" if prompt else "image.scene"
        return replace(_picture(spec, _place_of(image), routing, routes, offer, reuse), told=told)

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
        limits = read_limits(checks, options, self._catalogue)
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


def _page_text(before: RenderSpec, prompt: str | None) -> str:
    """Returns the page of a new version; a cover's counts beside the story's title alone."""
    return "" if prompt and before.image_type is ImageType.COVER else before.page_text


def _place_of(image: Image) -> Placement:
    return Placement(
        story_id=image.story_id,
        page_id=image.page_id,
        page_number=image.page_number,
        character_id=image.character_id,
        parent_image_id=image.id,
        lineage_id=image.lineage_id,
    )


def _picture(
    spec: RenderSpec,
    placement: Placement,
    routing: Routing,
    routes: Routes,
    offer: Offer,
    reuse: Reuse | None,
) -> Picture:
    limits, lanes, short = routes.limits_of(routing), routes.lanes(routing), routes.short(routing)
    most = routes.most_micros(routing)
    return Picture(spec, placement, limits, routing, offer, lanes, most, reuse, short)


def new_seed() -> int:
    """Returns a random seed, for a picture whose caller set none."""
    return secrets.randbits(32)


def read_quality(checks: Checks, value: str) -> Quality | None:
    """Reads a quality; an empty one means HD."""
    known = pictures.read_quality(checks, value)
    return None if known is None else Quality(known)


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
