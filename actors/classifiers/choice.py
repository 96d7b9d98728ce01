"""The choice of a worker's classifiers from its settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from actors.classifiers.base import PictureClassifier, TextClassifier
from actors.settings import ClassifierSettings, PictureSettings


@asynccontextmanager
async def open_classifier(settings: ClassifierSettings) -> AsyncIterator[TextClassifier | None]:
    """Yields the classifier that the settings name; None for none.

    Raises CheckpointRefused for a model that is none, or does not fit the settings.
    """
    if settings.text_classifier == "local":
        # torch and transformers take seconds to import, and most workers do without them.
        from actors.classifiers.local import open_local

        async with open_local(
            settings.text_classifier_model, settings.text_classifier_labels
        ) as local:
            yield local
        return
    if settings.text_classifier == "none":
        yield None
        return
    # The SDK takes half a second to import, and installations without a key do without it.
    from actors.classifiers.openai import open_moderation

    async with open_moderation(settings) as moderation:
        yield moderation


@asynccontextmanager
async def open_picture_classifier(
    settings: PictureSettings, moderation: ClassifierSettings, local: PictureClassifier
) -> AsyncIterator[PictureClassifier | None]:
    """Yields the classifier of pictures that the settings name; None for none.

    `local` is the one that the replica of the models holds. Raises ValueError for a moderation
    without a key.
    """
    match settings.image_safety:
        case "none":
            yield None
        case "local":
            yield local
        case "openai":
            from actors.classifiers.openai import open_picture_moderation

            async with open_picture_moderation(moderation) as pictures:
                yield pictures
