"""The hosted providers that an installation has."""

from actors.providers.base import Provider
from actors.providers.fake import FakeProvider
from actors.settings import FakeProviderSettings


def hosted_providers(fake: FakeProviderSettings) -> list[Provider]:
    """Returns the providers that the settings turn on."""
    return [FakeProvider()] if fake.fake_provider else []
