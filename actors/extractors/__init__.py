"""Extractors: from a page's text to the scene of its picture.

No Ray, no store and no storage: text in, a scene out.
"""

from actors.extractors.base import ExtractionFailed, SceneExtractor
from actors.extractors.choice import FallbackExtractor, open_extractor
from actors.extractors.plain import PlainExtractor

__all__ = [
    "ExtractionFailed",
    "FallbackExtractor",
    "PlainExtractor",
    "SceneExtractor",
    "open_extractor",
]
