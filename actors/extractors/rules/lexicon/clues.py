"""Clues: things of which one says little about a place, and several together tell it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clues:
    """What gives one place away.

    `telling` stands there and hardly elsewhere. `others` are carried, eaten and met anywhere, and
    count only beside what tells. `acts` are verbs that tell a place by themselves.
    """

    telling: frozenset[str]
    others: frozenset[str]
    acts: frozenset[str]


def _clues(telling: str, others: str = "", acts: str = "") -> Clues:
    return Clues(frozenset(telling.split()), frozenset(others.split()), frozenset(acts.split()))


FETCHING = frozenset(
    {
        *("pack", "bring", "fetch", "buy", "borrow", "lend", "draw", "paint", "sketch", "write"),
        *("read", "sing", "tell", "say", "play", "know", "find", "give", "lose", "look", "blow"),
    }
)
"""Verbs whose things need not be where they stand: `packed her toothbrush`, `drew a throne`."""

ROOMS: Mapping[str, Clues] = {
    "bathroom": _clues(
        "soap sponge suds shampoo toothbrush toothpaste flannel facecloth washcloth bath bathtub"
        " plughole rubber-duck bathwater bathmat bubble",
        "lather towel tap foam plug comb hairbrush mirror tub",
        "bathe gargle shampoo lather",
    ),
    "kitchen": _clues(
        "flour dough batter oven saucepan stove grater colander ladle sieve whisk rolling-pin"
        " cooker",
        "yeast pan pot recipe apron kettle pastry icing jug bowl spoon egg butter sugar cereal"
        " toast milk porridge pancake plate fork teapot tablecloth saucer crumb jar jam cupboard"
        " counter dish soup sauce noodle vinegar",
        "knead whisk simmer bake",
    ),
    "bakery": _clues(
        "flour dough oven loaf", "bun roll counter cinnamon tray bread pastry yeast baker customer"
    ),
    "cave": _clues("stalactite stalagmite drip", "bat echo torch tunnel lantern"),
    "bedroom": _clues(
        "pillow quilt duvet mattress bunk bedside nightlight night-light bedclothes headboard"
        " eiderdown bed pyjamas pajamas nightgown nightshirt",
        "blanket sheet goodnight teddy lullaby cot wardrobe bedtime",
    ),
    "classroom": _clues(
        "blackboard whiteboard chalkboard lesson",
        "teacher pupil chalk register homework classmate schoolbag crayon ruler desk spelling"
        " pencil exercise-book backpack peg maths alphabet sum class glue",
    ),
    "workshop": _clues(
        "workbench lathe sawdust sandpaper chisel vice blueprint",
        "hammer saw nail drill screw spanner plank bolt wrench screwdriver varnish pliers cog"
        " plane goggles gear",
        "solder weld",
    ),
    "shop": _clues(
        "till receipt price-tag", "customer shelf price shopkeeper counter purse coin shopper"
    ),
    "hospital": _clues(
        "stethoscope x-ray injection ward stretcher",
        "nurse doctor bandage plaster thermometer crutch patient medicine surgeon sling",
    ),
    "theatre": _clues(
        "applause spotlight rehearsal footlight encore stage",
        "audience curtain actor actress script costume orchestra",
    ),
    "car": _clues(
        "seatbelt seat-belt windscreen steering-wheel motorway backseat dashboard wiper",
        "horn brake traffic engine",
    ),
    "train": _clues(
        "compartment",
        "conductor ticket guard luggage seat passenger whistle rail engine suitcase inspector"
        " tunnel",
    ),
    "ship": _clues(
        "mast rigging helm porthole deck",
        "captain crew sail anchor sailor plank cannon bosun cabin-boy spyglass hammock",
    ),
    "castle": _clues(
        "throne sceptre banquet",
        "king queen courtier knight crown servant footman minstrel jester duke herald",
    ),
    "spaceship": _clues("airlock orbit", "astronaut planet helmet meteor mission"),
}
"""Rooms and other inner places, with their clues."""

_HOME = frozenset({"bathroom", "kitchen", "bedroom", "workshop"})
ROOMS_OF: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("house", "home", "cottage", "flat"), _HOME),
    "school": frozenset({"classroom", "kitchen"}),
    "castle": frozenset({"kitchen", "bedroom"}),
}
"""Buildings with the rooms that a page in one of them may be in."""

OUTSIDE: Mapping[str, Clues] = {
    "beach": _clues(
        "shell seashell wave tide sandcastle seaweed deckchair surf driftwood",
        "sand bucket pebble paddle flipper sunscreen spade seagull gull starfish crab lifeguard"
        " jellyfish",
    ),
    "garden": _clues(
        "flowerbed seedling watering-can trowel compost lawn wheelbarrow weed",
        "soil seed rake lettuce hose bean tomato petal rose sunflower spade snail worm beetle",
    ),
    "farm": _clues(
        "tractor trough haystack plough",
        "hay straw cow hen goat pig farmer rooster goose sheep calf lamb piglet cockerel",
    ),
    "wood": _clues(
        "moss fern bramble bracken toadstool undergrowth",
        "mushroom acorn pine twig trunk oak pinecone fir birch tree owl squirrel badger deer"
        " woodpecker hedgehog",
    ),
    "sea": _clues(
        "coral seabed",
        "fin tentacle seaweed fish octopus whale dolphin shark squid eel seahorse mermaid"
        " jellyfish",
    ),
    "street": _clues(
        "pavement lamppost kerb sidewalk shopfront postbox",
        "traffic puddle gutter taxi bus umbrella lorry pedestrian",
    ),
    "market": _clues(
        "stall",
        "crate cabbage cheese basket melon onion spice seller trader stallholder fishmonger",
        "haggle",
    ),
    "playground": _clues("seesaw hopscotch", "swing slide skipping-rope recess playtime"),
    "campsite": _clues("campfire", "tent marshmallow sleeping-bag torch rucksack"),
    "desert": _clues("cactus dune oasis", "camel scorpion caravan sand"),
    "swimming pool": _clues("chlorine", "armbands float goggles lane locker swimsuit"),
    "mountain": _clues("summit glacier avalanche", "peak rope cliff boulder ledge"),
    "circus": _clues("trapeze tightrope", "clown acrobat juggler ringmaster"),
}
"""Places under the open sky, and other wide ones, with their clues."""
