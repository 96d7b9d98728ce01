"""Where a picture needs an upscaler, and where Lanczos does."""

import pytest

from server.domain.models import Size
from server.domain.upscales import lacks_pixels

SCENE = Size(1824, 1024)


@pytest.mark.parametrize(
    ("picture", "display", "lacks"),
    [
        (Size(256, 256), Size(1024, 1024), True),
        (Size(256, 256), SCENE, True),
        (Size(1344, 768), SCENE, True),
        (Size(1536, 864), SCENE, False),
        (Size(1536, 1024), SCENE, False),
        (SCENE, SCENE, False),
        (Size(2048, 2048), SCENE, False),
    ],
)
def test_only_large_enlargements_need_one(picture: Size, display: Size, lacks: bool) -> None:
    assert lacks_pixels(picture, display) is lacks
