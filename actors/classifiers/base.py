"""The interfaces of classifiers, of texts and of pictures."""

from typing import Protocol


class ClassifierAway(Exception):
    """Raised by a classifier that gave no verdict, which is no pass.

    The message has no part of a text, and no key.
    """


class TextClassifier(Protocol):
    """Says what a text is about that no picture of a children's book may show."""

    @property
    def name(self) -> str:
        """Its name, which stands for the rule that a text breaks which it refuses."""
        ...

    async def refused_for(self, text: str) -> tuple[str, ...]:
        """Returns the categories that a text is refused for; raises ClassifierAway."""
        ...


class PictureClassifier(Protocol):
    """Says what a picture shows that no picture of a children's book may show."""

    @property
    def name(self) -> str:
        """The name that checked images show; never empty."""
        ...

    async def check(self) -> None:
        """Raises ClassifierAway while it would give no verdict; it costs nothing."""
        ...

    async def refused_for(self, picture: bytes) -> tuple[str, ...]:
        """Returns the categories that a PNG or a JPEG is refused for; raises ClassifierAway."""
        ...
