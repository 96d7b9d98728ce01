"""Chores: what is done in one kind of place, whatever the place is called."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chore:
    """A place with the verbs and the objects that together tell it; no objects: any or none."""

    place: str
    verbs: frozenset[str]
    objects: frozenset[str]


def _chore(place: str, verbs: str, objects: str = "") -> Chore:
    return Chore(place, frozenset(verbs.split()), frozenset(objects.split()))


CHORES = (
    _chore(
        "kitchen",
        "stir bake cook fry peel chop boil roast whisk knead grate simmer mash toast crack mix",
        "soup stew cake bread dough batter egg potato carrot onion pancake porridge dinner supper"
        " lunch breakfast pie biscuit cookie bun sauce butter jam pudding pasta noodle rice apple"
        " vegetable toast flour pastry cupcake muffin waffle pizza fish",
    ),
    _chore("kitchen", "knead"),
    _chore("kitchen", "wash dry rinse scrub", "dish plate cup pan saucepan bowl spoon pot"),
    _chore("kitchen", "lay set clear", "table"),
    _chore("bathroom", "brush clean rinse", "tooth teeth"),
    _chore("bathroom", "wash shampoo lather", "hair"),
    _chore("bathroom", "run fill drain have take", "bath bathtub"),
    _chore("bathroom", "shave", "beard moustache chin"),
    _chore("bathroom", "gargle"),
    _chore("bedroom", "make", "bed"),
    _chore("bedroom", "pull draw tug", "blanket quilt duvet cover covers eiderdown bedclothes"),
    _chore("garden", "weed hoe mow prune"),
    _chore("garden", "rake", "lawn soil bed leaf"),
    _chore(
        "garden",
        "water plant pick dig harvest sow pull",
        "bean pea carrot tomato lettuce cabbage potato radish pumpkin strawberry raspberry onion"
        " leek turnip flower rose tulip seed seedling bulb sunflower marigold weed lawn marrow",
    ),
    _chore("garden", "hang peg", "washing laundry sheet"),
    _chore("barn", "milk", "cow goat ewe"),
    _chore("farm", "feed", "hen chicken pig goose calf lamb"),
    _chore("beach", "build dig make", "sandcastle"),
    _chore("beach", "collect gather find", "shell seashell"),
    _chore("door", "ring", "bell doorbell"),
    _chore("workshop", "saw drill sand solder weld", "plank board wood metal leg"),
    _chore("theatre", "rehearse"),
    _chore("car", "fasten buckle", "seatbelt seat-belt"),
)
"""Chores, each with its place."""
