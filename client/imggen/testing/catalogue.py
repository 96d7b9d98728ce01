"""The styles and models that the fake offers. Written by scripts/write-fake-catalogue."""
# ruff: noqa: E501

from collections.abc import Mapping
from dataclasses import dataclass

from imggen.v1.style_pb2 import Style

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Grade:
    """What to expect of a model in a quality: the time of a picture, and a score of 0 to 5."""

    seconds: float
    score: float


@dataclass(frozen=True, slots=True)
class Model:
    """A model that costs nothing: what it can draw, in pixels.

    `portraits` has the sizes of display assets by their names, the default first; `scenes` the
    model's own sizes by the aspect ratios that it draws; `grades` are by quality.
    """

    name: str
    provider: str
    max_characters: int
    native: Size
    portraits: Mapping[str, Size]
    scenes: Mapping[str, Size]
    grades: Mapping[str, Grade]


STYLES = (
    Style(
        id="3d_render",
        display_name="3D Render",
        description="Computer-generated 3D look",
        prompt_template="3D rendered, Pixar style, smooth, high quality, detailed",
        negative_prompt="flat, sketch, blurry, deformed, text, watermark",
        version=1,
    ),
    Style(
        id="anime",
        display_name="Anime/Manga",
        description="Japanese animation style",
        prompt_template="anime style, manga, Japanese animation, colorful, expressive",
        negative_prompt="photo, realistic, blurry, deformed, text, watermark",
        version=1,
    ),
    Style(
        id="cartoon",
        display_name="Cartoon",
        description="Bright colors, simplified features, child-friendly",
        prompt_template="children's book illustration, cartoon style, vibrant colors, friendly, simple shapes",
        negative_prompt="photo, realistic, blurry, deformed, text, watermark",
        version=1,
    ),
    Style(
        id="painterly",
        display_name="Painterly",
        description="Visible brush strokes, rich colors, like an oil painting",
        prompt_template="painterly illustration, visible brush strokes, rich colors, textured canvas, children's book",
        negative_prompt="photo, flat, blurry, deformed, text, watermark",
        version=1,
        drawn_as={"storybook": "watercolor"},
    ),
    Style(
        id="realistic",
        display_name="Realistic",
        description="Photo-like, detailed",
        prompt_template="realistic illustration, detailed, high quality, professional",
        negative_prompt="cartoon, flat, blurry, deformed, text, watermark",
        version=1,
    ),
    Style(
        id="storybook",
        display_name="Storybook",
        description="Classic children's book illustration",
        prompt_template="classic storybook illustration, hand-drawn, warm colors, nostalgic",
        negative_prompt="photo, blurry, deformed, text, watermark",
        version=1,
    ),
    Style(
        id="watercolor",
        display_name="Watercolor",
        description="Soft edges, painterly, artistic",
        prompt_template="watercolor painting, soft colors, artistic, dreamy, children's book",
        negative_prompt="photo, hard edges, blurry, deformed, text, watermark",
        version=1,
    ),
)
MODELS = (
    Model(
        name="storybook",
        provider="local",
        max_characters=2,
        native=(256, 256),
        portraits={"1024x1024": (1024, 1024)},
        scenes={"1:1": (256, 256)},
        grades={
            "draft": Grade(seconds=2.0, score=1.0),
            "standard": Grade(seconds=3.0, score=1.2),
            "hd": Grade(seconds=4.0, score=1.5),
        },
    ),
)
FLOORS = {"draft": 1.0, "good": 2.5, "fine": 3.5, "best": 4.5}
