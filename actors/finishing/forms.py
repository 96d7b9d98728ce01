"""The forms of a picture: original, display, print and thumbnail."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from PIL import Image

from actors.finishing.background import remove_background
from actors.finishing.bare import as_png, bare
from actors.finishing.enlarged import check_enlarged
from actors.finishing.files import cleared, file_of, is_transparent, saved, webp_of
from actors.finishing.marks import xmp_of
from actors.finishing.post import Step, post_process
from actors.finishing.timing import Memory, StepClock
from actors.pictures.opened import NotAPicture, opened
from actors.pictures.seen import kept
from imggen.rules import prints, sizes
from imggen.v1.errors_pb2 import ErrorReason
from server.domain.finishing import NOTHING, FinishingStep, PostProcessing, StepDone
from server.domain.models import Size
from server.domain.states import AssetKind, ImageType
from server.domain.timings import StepTime, TimedStep
from server.errors import Internal

_CUT_ABOVE = 0.3
"""The share of the cut height that is cut above; the rest is cut below, where the feet are.

Of 1,500 scenes of one and two figures, drawn as for the shipped checkpoint's training and cut
from 1:1 to 16:9, 99 % keep every face from the top of the skull to the chin at 0.27 to 0.32, and
90 % at 0.5; the rest are close-ups, which are too large. Hats and long ears may be cut.
"""

_MPO = "mpo"
"""Pillow's name, here in lower case, for a JPEG that has more pictures after its first one."""
_Box: TypeAlias = tuple[float, float, float, float]
_THUMBNAIL_QUALITY = 85
_WEBP_QUALITY = 82
"""By libwebp's scale: nearer to the picture than a JPEG of 85, in a quarter fewer bytes."""

Marking: TypeAlias = Callable[[Image.Image], Image.Image]
"""Lays a watermark into a picture."""


class PictureRefused(Internal):
    """Raised when a model's bytes are not a picture that can be finished."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ErrorReason.ERROR_REASON_RENDER_FAILED)


@dataclass(frozen=True, slots=True)
class RenderedAsset:
    """One form of a picture, ready to be stored.

    `encoding` is how its pixels were written, for instance `jpeg 95 4:4:4`; empty for the original.
    """

    kind: AssetKind
    data: bytes
    content_type: str
    width: int
    height: int
    encoding: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """A picture in all its forms: original, display, print, thumbnail.

    `revealed` are what else the pixels of a transparent picture can show, for its classifier.
    `steps` are those of its post-processing, by which the others than the original may show other
    things or colours than it (`shows_other`). `times` are what all steps of finishing took.
    """

    assets: tuple[RenderedAsset, ...]
    revealed: tuple[bytes, ...] = ()
    steps: tuple[StepDone, ...] = ()
    shows_other: bool = False
    times: tuple[StepTime, ...] = field(default=(), compare=False)

    def asset(self, kind: AssetKind) -> RenderedAsset:
        """Returns the form of that kind."""
        return next(asset for asset in self.assets if asset.kind is kind)

    def done(self, step: FinishingStep) -> tuple[StepDone, ...]:
        """Returns what became of a step; empty where it was not wanted."""
        return tuple(one for one in self.steps if one.step is step)


def finish(
    original: bytes,
    image_type: ImageType,
    display: Size,
    enlarged: bytes | None = None,
    checked_by: str = "",
    post_processing: PostProcessing = NOTHING,
    printed: Size | None = None,
    *,
    marking: Marking | None = None,
    memory: Memory | None = None,
    cutting: Step = remove_background,
) -> Finished:
    """Makes all forms of a picture; blocks for some tenths of a second, so call it in a thread.

    `printed` is the size of the print form, in the display asset's ratio; None means the usual one.
    `checked_by` is the classifier that looks at the picture, empty for none. Without one the
    original stays as it is; with one it is stored `bare`, so that nothing of it can be fetched
    that the classifier was not shown.

    The others are 8-bit sRGB of the same part of the picture, in the display asset's ratio, resized
    by Lanczos from `enlarged`, or from the original without one, after the steps of
    `post_processing`. What is transparent stays so. `marking` is laid into the display and print
    forms last, before they are encoded. Their files name the classifier. The same input gives the
    same bytes. `memory` measures what the steps need; None measures their times alone. `cutting`
    removes backgrounds. Raises PictureRefused for bytes that are no picture, PictureBroken for an
    enlarged one that shows something else, and FileTooLarge.
    """
    clock = StepClock(memory)
    with clock.measure(TimedStep.DECODING):
        source = open_picture(original)
        given = kept(open_picture(enlarged) if enlarged else source)
        if enlarged:
            check_enlarged(given, source)
    enlargement = given.width / source.width
    processed = post_process(given, post_processing, enlargement, clock, cutting)
    printed = printed or print_size(image_type, display)
    making = _Making(processed.picture, display, xmp_of(checked_by), marking, clock)
    shown = making.resized(display)
    forms = (
        making.original(original, source, checked_by),
        making.form(AssetKind.DISPLAY, shown),
        making.form(AssetKind.PRINT, making.resized(printed)),
        making.thumbnail(thumbnail_size(display), post_processing),
    )
    return Finished(
        forms,
        _revealed(shown) if checked_by else (),
        (*processed.steps, *_print_check(printed, post_processing)),
        processed.shows_other,
        clock.times,
    )


@dataclass(frozen=True, slots=True)
class _Making:
    """What all forms of a picture are made from, step by step."""

    picture: Image.Image
    display: Size
    xmp: str
    marking: Marking | None
    clock: StepClock

    def resized(self, size: Size) -> Image.Image:
        """Returns the part that is shown in a form's size."""
        with self.clock.measure(TimedStep.RESIZING):
            return _resized(self.picture, size, _crop(self.picture, self.display))

    def original(self, original: bytes, picture: Image.Image, checked_by: str) -> RenderedAsset:
        """Returns the model's own picture as a form."""
        if not checked_by:
            return _original(original, picture, checked_by)
        with self.clock.measure(TimedStep.ENCODING):
            return _original(original, picture, checked_by)

    def form(self, kind: AssetKind, image: Image.Image) -> RenderedAsset:
        """Returns a form with the watermark."""
        if self.marking is not None:
            with self.clock.measure(TimedStep.WATERMARK):
                image = self.marking(image)
        with self.clock.measure(TimedStep.ENCODING):
            return _form(kind, image, self.xmp)

    def thumbnail(self, size: Size, wanted: PostProcessing) -> RenderedAsset:
        """Returns the thumbnail, which has no watermark."""
        image = self.resized(size)
        with self.clock.measure(TimedStep.ENCODING):
            return _thumbnail(image, self.xmp, wanted)


def _print_check(printed: Size, wanted: PostProcessing) -> tuple[StepDone, ...]:
    """Returns what is said of the print at its trim size; admission refuses those too coarse."""
    if wanted.trim is None:
        return ()
    note = prints.print_note((printed.width, printed.height), wanted.trim)
    return (StepDone(FinishingStep.PRINT_CHECK, False, note, 0),)


def print_size(image_type: ImageType, display: Size) -> Size:
    """Returns the print asset's pixels."""
    portrait = image_type is ImageType.PORTRAIT
    return Size(*sizes.print_size((display.width, display.height), portrait=portrait))


def thumbnail_size(display: Size) -> Size:
    """Returns the thumbnail's pixels."""
    return Size(*sizes.thumbnail_size((display.width, display.height)))


def cut(picture: Image.Image, display: Size) -> Image.Image:
    """Returns the part of a picture that its display asset shows, in the picture's own pixels."""
    left, top, right, bottom = _crop(picture, display)
    return picture.crop((round(left), round(top), round(right), round(bottom)))


def open_picture(data: bytes) -> Image.Image:
    """Returns the decoded picture, upright; raises PictureRefused for bytes that are none."""
    try:
        return opened(data)
    except NotAPicture as error:
        raise PictureRefused(f"the model's {error}") from error


def _crop(picture: Image.Image, display: Size) -> _Box:
    """Returns the part of a picture that is shown: as much of it as the display asset's ratio has.

    Width is cut evenly; height such that heads stay in the picture.
    """
    width = min(picture.width, picture.height * display.width / display.height)
    height = min(picture.height, picture.width * display.height / display.width)
    left = (picture.width - width) / 2
    top = (picture.height - height) * _CUT_ABOVE
    return (left, top, left + width, top + height)


def _resized(picture: Image.Image, size: Size, box: _Box) -> Image.Image:
    return picture.resize((size.width, size.height), Image.Resampling.LANCZOS, box)


def _original(original: bytes, picture: Image.Image, checked_by: str) -> RenderedAsset:
    data, kind = original, str(picture.format).lower()
    if checked_by:
        data, kind = bare(original, picture), "png"
    content_type = "image/jpeg" if kind == _MPO else f"image/{kind}"
    return RenderedAsset(AssetKind.ORIGINAL, data, content_type, *picture.size)


def _form(kind: AssetKind, image: Image.Image, xmp: str) -> RenderedAsset:
    file = file_of(image, xmp)
    return RenderedAsset(kind, file.data, file.content_type, *image.size, file.encoding)


def _thumbnail(image: Image.Image, xmp: str, wanted: PostProcessing) -> RenderedAsset:
    if wanted.thumbnail_format == "webp":
        data = webp_of(image, xmp, _WEBP_QUALITY)
        encoding = f"webp {_WEBP_QUALITY}"
        return RenderedAsset(AssetKind.THUMBNAIL, data, "image/webp", *image.size, encoding)
    if is_transparent(image):
        return _form(AssetKind.THUMBNAIL, image, xmp)
    data = saved(
        image.convert("RGB"), "JPEG", quality=_THUMBNAIL_QUALITY, optimize=True, xmp=xmp.encode()
    )
    encoding = f"jpeg {_THUMBNAIL_QUALITY} 4:2:0"
    return RenderedAsset(AssetKind.THUMBNAIL, data, "image/jpeg", *image.size, encoding)


def _revealed(image: Image.Image) -> tuple[bytes, ...]:
    """Returns what else a transparent picture may show: on black, and by programs without alpha.

    Its original is looked at on white, where a white figure and faint pixels show nothing.
    """
    if not is_transparent(image):
        return ()
    colours = cleared(image).convert("RGB")
    on_black = Image.composite(colours, Image.new("RGB", image.size), image.getchannel("A"))
    return (as_png(on_black), as_png(colours))
