"""Reading: the page of a job becomes the content of its picture."""

from actors.extractors import SceneExtractor
from actors.prompts.reading import Reading
from actors.prompts.standing import read_standing
from actors.providers.base import Content
from server.domain.spec import RenderSpec
from server.domain.states import ImageType


class PageReader:
    """Finds what a picture shows, and who stands where on it."""

    def __init__(self, extractor: SceneExtractor) -> None:
        self._extractor = extractor

    async def read(self, spec: RenderSpec) -> Content:
        """Returns the content of a spec, whose page is read where it describes no scene."""
        scene = await self._scene(spec)
        texts = [Reading(scene), Reading(spec.page_text)]
        looks = [character.description for character in spec.characters]
        cast = tuple(spec.characters[place] for place in read_standing(texts, looks))
        return Content(spec, scene, cast)

    async def _scene(self, spec: RenderSpec) -> str:
        if spec.image_type is ImageType.COVER:
            # The title names a mood and maybe a place; the first page names the place.
            told = await self._extractor.scene(spec.page_text, spec.characters)
            return f"{spec.scene}. {told}"
        if spec.image_type is ImageType.SCENE and not spec.scene:
            return await self._extractor.scene(spec.page_text, spec.characters)
        return spec.scene
