"""Every local model over one renderer, for tests and load tests."""

from actors.engine.profiles import PROFILES
from actors.engine.render import ReferenceEncoder, Renderer
from actors.providers.base import Provider
from actors.providers.local import LocalProvider


def every_model(renderer: Renderer, encoder: ReferenceEncoder | None = None) -> dict[str, Provider]:
    """Returns a provider for each model of the catalogue; all of them draw with one renderer."""
    return {
        name: LocalProvider(renderer, profile, encoder=encoder)
        for name, profile in PROFILES.items()
    }
