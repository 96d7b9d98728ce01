"""The fake's objects as its answers show them."""

from datetime import timedelta

from imggen.rules.states import MAX_REGENERATIONS
from imggen.testing.memory import Memory, now
from imggen.v1.character_pb2 import Character
from imggen.v1.image_pb2 import IMAGE_STATUS_COMPLETED, Image
from imggen.v1.story_pb2 import STORY_VIEW_FULL, Story, StoryView

_URLS_LIVE = timedelta(hours=1)


def shown_character(memory: Memory, character: Character) -> Character:
    """Returns a character with its newest reference."""
    shown = Character()
    shown.CopyFrom(character)
    for (owner, _), image in reversed(memory.references.items()):
        if owner == character.id and image in memory.images:
            shown.reference_image_id = image
            version = memory.drawings[image].versions[0]
            shown.reference_stale = version < character.description_version
            break
    return shown


def shown_story(story: Story, view: StoryView.ValueType = STORY_VIEW_FULL) -> Story:
    """Returns a story as a view shows it."""
    shown = Story()
    shown.CopyFrom(story)
    shown.page_count = len(story.pages)
    if view != STORY_VIEW_FULL:
        shown.ClearField("pages")
    return shown


def shown_image(memory: Memory, image: Image) -> Image:
    """Returns an image with what changes around it: its page's number, its lineage."""
    shown = Image()
    shown.CopyFrom(image)
    shown.page_number, _ = memory.page(image.story_id, image.page_id)
    newest = max(
        other.version
        for other in memory.images.everything()
        if other.lineage_id == image.lineage_id
    )
    shown.regenerations_left = max(0, MAX_REGENERATIONS + 1 - newest)
    shown.is_reference = image.id in memory.references.values()
    if image.status == IMAGE_STATUS_COMPLETED:
        where = f"{memory.web}/{image.id}"
        shown.url = shown.cdn_url = f"{where}/display"
        shown.thumbnail_url, shown.print_url = f"{where}/thumbnail", f"{where}/print"
        shown.urls_expire_at.FromDatetime(now().ToDatetime() + _URLS_LIVE)
    return shown
