"""Reading: the page of a job becomes the content of its picture, once for all its attempts."""

from actors.extractors import SceneExtractor
from actors.extractors.bounds import bounded
from actors.extractors.pages import arranged, page_of, placed
from actors.providers.base import Content
from server.domain.ids import CharacterId
from server.domain.jobs import Claim
from server.domain.scenes import Scene, overridden
from server.domain.states import ImageType
from server.store.scenes import Scenes


class ContentReader:
    """Finds what a picture shows, and who stands where on it.

    What the first attempt reads is kept: all attempts draw the same scene, and a paid reading is
    paid once. What a plan has read of the page is not read again.
    """

    def __init__(self, extractor: SceneExtractor, scenes: Scenes | None = None) -> None:
        """Takes where scenes are kept; without it each attempt reads anew."""
        self._extractor = extractor
        self._scenes = scenes

    async def read(self, claim: Claim) -> Content:
        """Returns the content of a job."""
        scene = await self._kept(claim)
        if scene is None:
            read = await self._extractor.read(page_of(claim.spec))
            if (fixed := claim.spec.fixed) is not None:
                read = overridden(read, fixed, [CharacterId(one.id) for one in claim.spec.cast])
            scene = bounded(placed(read, claim.spec))
            if self._scenes is not None:
                await self._scenes.keep(claim, scene)
        return content_of(claim, scene)

    async def _kept(self, claim: Claim) -> Scene | None:
        if self._scenes is None:
            return None
        found = await self._scenes.find(claim.job_id)
        if found is not None or claim.spec.image_type is ImageType.PORTRAIT:
            return found
        return await self._scenes.take_planned(claim)


def content_of(claim: Claim, scene: Scene) -> Content:
    """Returns the content of a job whose text was read, with who stands where on its picture."""
    scene = arranged(scene, claim.spec)
    cast = {one.id: one for one in claim.spec.cast}
    return Content(claim.spec, scene, tuple(cast[one.character] for one in scene.figures))
