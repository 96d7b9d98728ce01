"""What each model of a catalogue would not show of a page."""

from dataclasses import replace
from uuid import uuid4

from actors.engine.profiles import PROFILES
from actors.prompts.dialect import CompiledPrompt
from actors.providers.base import Content
from actors.providers.fake import FakeProvider
from actors.providers.local import LocalProvider
from actors.testing.scripted import ScriptedRenderer
from actors.worker.losses import Teller, tellers
from server.domain.characters import FrozenCharacter
from server.domain.ids import CharacterId
from server.domain.scenes import Figure, LossKind, NotDrawn, Scene
from server.domain.spec import RenderSpec
from server.domain.states import ImageType
from server.routing.catalogue import KNOWN, Catalogue
from tests.builders import description, render_spec

KITE = NotDrawn("kite", LossKind.PROP)


class KitelessDialect:
    """A dialect that says what it was told, and knows no kites."""

    def __init__(self) -> None:
        self.told: list[tuple[RenderSpec, Scene]] = []

    def compile(self, spec: RenderSpec, scene: Scene) -> CompiledPrompt:
        self.told.append((spec, scene))
        return CompiledPrompt("a prompt", "", (KITE,))


class KitelessProvider(FakeProvider):
    """A provider whose dialect is nobody else's."""

    model = "kiteless"

    def told(self, content: Content) -> CompiledPrompt:
        return KitelessDialect().compile(content.spec, content.scene)


def content(*names: str) -> Content:
    """Returns the content of a page with these characters."""
    cast = tuple(FrozenCharacter(uuid4(), 1, description(name=name)) for name in names)
    spec = render_spec(image_type=ImageType.SCENE, characters=cast[:1], others=cast[1:], model="")
    return Content(spec, Scene(tuple(Figure(CharacterId(one.id)) for one in cast)), cast)


def drawn_with(dialect: KitelessDialect) -> LocalProvider:
    """Returns the provider of storybook, with another dialect."""
    return LocalProvider(ScriptedRenderer(), replace(PROFILES["storybook"], dialect=dialect))


def test_the_losses_of_a_model_are_those_of_its_dialect() -> None:
    dialect, page = KitelessDialect(), content("Mia")
    assert Teller("storybook", drawn_with(dialect).told).losses(page) == (KITE,)
    [(spec, scene)] = dialect.told
    assert (spec.model, spec.characters, scene) == ("storybook", page.cast, page.scene)


def test_a_model_is_told_of_everybody_on_the_page() -> None:
    dialect, page = KitelessDialect(), content("Mia", "Leo", "Ida", "Tom")
    Teller("storybook", drawn_with(dialect).told).losses(page)
    [(spec, _)] = dialect.told
    assert spec.characters == page.cast


def test_each_provider_tells_its_own_model() -> None:
    row = replace(KNOWN["gpt-image-2"], name="kiteless", provider="another")
    rows = Catalogue([row, KNOWN["storybook"], KNOWN["gpt-image-2"]])
    found = {one.model: one for one in tellers(rows, {"kiteless": KitelessProvider()})}
    assert found.keys() == {"kiteless", "storybook"}
    assert found["kiteless"].losses(content("Mia")) == (KITE,)
