"""Extractors: from a page's text to the scene of its picture.

No Ray, no store and no storage: text in, a scene out.
"""

from actors.extractors.base import (
    AskedScene,
    ExtractionFailed,
    ModelFailed,
    PaidExtractor,
    SceneExtractor,
)
from actors.extractors.choice import FallbackExtractor, open_paid_extractor
from actors.extractors.plain import PlainExtractor

__all__ = [
    "AskedScene",
    "ExtractionFailed",
    "FallbackExtractor",
    "ModelFailed",
    "PaidExtractor",
    "PlainExtractor",
    "SceneExtractor",
    "open_paid_extractor",
]
