"""What each model of a catalogue would not show of a page."""

from uuid import uuid4

from actors.prompts.dialect import CompiledPrompt
from actors.providers.base import Content
from actors.worker.losses import Teller
from server.domain.characters import FrozenCharacter
from server.domain.ids import CharacterId
from server.domain.scenes import Figure, LossKind, NotDrawn, Scene
from server.domain.spec import RenderSpec
from server.domain.states import ImageType
from server.routing.catalogue import STORYBOOK
from tests.builders import description, render_spec

KITE = NotDrawn("kite", LossKind.PROP)


class KitelessDialect:
    """A dialect that says what it was told, and knows no kites."""

    def __init__(self) -> None:
        self.told: list[tuple[RenderSpec, Scene]] = []

    def compile(self, spec: RenderSpec, scene: Scene) -> CompiledPrompt:
        self.told.append((spec, scene))
        return CompiledPrompt("a prompt", "", (KITE,))


def content(*names: str) -> Content:
    """Returns the content of a page with these characters."""
    cast = tuple(FrozenCharacter(uuid4(), 1, description(name=name)) for name in names)
    spec = render_spec(image_type=ImageType.SCENE, characters=cast[:1], others=cast[1:], model="")
    return Content(spec, Scene(tuple(Figure(CharacterId(one.id)) for one in cast)), cast)


def test_the_losses_of_a_model_are_those_of_its_dialect() -> None:
    dialect, page = KitelessDialect(), content("Mia")
    assert Teller(STORYBOOK, dialect).losses(page) == (KITE,)
    [(spec, scene)] = dialect.told
    assert (spec.model, spec.characters, scene) == ("storybook", page.cast, page.scene)


def test_a_model_is_told_of_everybody_on_the_page() -> None:
    dialect, page = KitelessDialect(), content("Mia", "Leo", "Ida", "Tom")
    Teller(STORYBOOK, dialect).losses(page)
    [(spec, _)] = dialect.told
    assert spec.characters == page.cast
