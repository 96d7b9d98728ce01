"""Whether a classifier has looked at pictures, as people read it."""

from collections.abc import Callable, Iterable

from imggen.cli.consoles import echo
from imggen.cli.submission import Labels
from imggen.errors import NotFound
from imggen.sync import SyncClient
from imggen.v1.batch_pb2 import BatchImage
from imggen.v1.image_pb2 import IMAGE_STATUS_COMPLETED, PICTURE_CHECK_CHECKED, Image
from imggen.v1.job_pb2 import JOB_STATUS_COMPLETED

_LOOK = "look at them before you show them to children"


def check_of(image: Image) -> str:
    """Returns whether a picture is checked; empty before there is one."""
    if image.picture_check == PICTURE_CHECK_CHECKED:
        return f"checked by {image.checked_by}"
    # A gateway that knows of no checks says nothing, and has checked nothing.
    return "not checked" if image.status == IMAGE_STATUS_COMPLETED else ""


def print_unchecked(
    client: SyncClient,
    images: Iterable[BatchImage],
    labels: Labels,
    say: Callable[[str], None] = echo,
) -> None:
    """Says which pictures of a batch no classifier has looked at, if there are any."""
    names = [labels.of(each) for each in images if _is_unchecked(client, each)]
    if names:
        say(f"not checked by a classifier: {', '.join(names)}; {_LOOK}")


def _is_unchecked(client: SyncClient, image: BatchImage) -> bool:
    if image.job.status != JOB_STATUS_COMPLETED:
        return False
    try:
        found = client.get_image(image.job.image_id)
    except NotFound:  # deleted since then
        return False
    return found.picture_check != PICTURE_CHECK_CHECKED
