"""Clues: things and acts of which one says little about a place, and several together tell it."""

from collections.abc import Mapping

ROOMS: Mapping[str, frozenset[str]] = {
    "bathroom": frozenset(
        {
            *("soap", "sponge", "bubble", "suds", "lather", "towel", "tap", "shampoo", "foam"),
            *("toothbrush", "toothpaste", "flannel", "facecloth", "washcloth", "plug", "bath"),
            *("tub", "bathtub", "plughole", "splosh", "scrub", "rinse", "soak", "bathe"),
            *("comb", "hairbrush", "gargle", "spit", "flush", "rubber-duck", "mirror", "bathe"),
        }
    ),
    "kitchen": frozenset(
        {
            *("flour", "dough", "batter", "yeast", "whisk", "stir", "bake", "knead", "pan", "pot"),
            *("recipe", "oven", "apron", "chop", "peel", "kettle", "boil", "simmer", "sizzle"),
            *(
                "fry",
                "saucepan",
                "ladle",
                "pastry",
                "icing",
                "sieve",
                "grater",
                "colander",
                "roast",
            ),
            *("stove", "jug", "bowl", "spoon", "egg", "butter", "sugar", "cereal", "toast", "milk"),
            *("porridge", "pancake", "plate", "fork", "teapot", "tablecloth", "saucer", "crumb"),
            *("jar", "jam", "cupboard", "counter", "dish", "soup", "sauce", "noodle", "vinegar"),
        }
    ),
    "bakery": frozenset(
        {
            *("loaf", "baker", "bun", "roll", "counter", "flour", "dough", "cinnamon", "tray"),
            *("bread", "oven", "customer", "pastry", "knead", "yeast"),
        }
    ),
    "cave": frozenset({*("bat", "drip", "stalactite", "echo", "torch", "tunnel", "lantern")}),
    "bedroom": frozenset(
        {
            *("pillow", "blanket", "quilt", "duvet", "mattress", "tuck", "bed", "bunk", "sheet"),
            *("bedside", "nightlight", "night-light", "goodnight", "teddy", "snore", "lullaby"),
            *("pyjamas", "pajamas", "nightgown", "nightshirt", "bedclothes", "cot", "wardrobe"),
            *("bedtime", "headboard", "pyjama"),
        }
    ),
    "classroom": frozenset(
        {
            *("teacher", "pupil", "lesson", "chalk", "blackboard", "whiteboard", "register"),
            *(
                "homework",
                "classmate",
                "schoolbag",
                "crayon",
                "ruler",
                "desk",
                "spelling",
                "pencil",
            ),
            *("exercise-book", "backpack", "peg", "maths", "alphabet", "sum", "class", "glue"),
        }
    ),
    "workshop": frozenset(
        {
            *("hammer", "saw", "nail", "drill", "screw", "spanner", "plank", "workbench", "bolt"),
            *("wrench", "screwdriver", "vice", "chisel", "sandpaper", "varnish", "pliers", "cog"),
            *("sawdust", "plane", "goggles", "lathe", "solder", "gear", "blueprint"),
        }
    ),
    "library": frozenset(
        {*("librarian", "shelf", "bookshelf", "borrow", "book", "page", "whisper", "stamp")}
    ),
    "shop": frozenset(
        {
            *("customer", "till", "shelf", "price", "shopkeeper", "counter", "sell", "buy", "pay"),
            *("change", "purse", "basket", "receipt", "coin", "shopper"),
        }
    ),
    "hospital": frozenset(
        {
            *("nurse", "doctor", "bandage", "plaster", "thermometer", "stethoscope", "x-ray"),
            *("crutch", "injection", "patient", "ward", "medicine", "surgeon", "sling"),
        }
    ),
    "theatre": frozenset(
        {
            *("audience", "applause", "curtain", "spotlight", "bow", "actor", "actress", "script"),
            *("rehearsal", "costume", "orchestra", "footlight", "encore", "stage"),
        }
    ),
    "car": frozenset(
        {
            *("seatbelt", "seat-belt", "windscreen", "steering-wheel", "honk", "motorway", "horn"),
            *("backseat", "dashboard", "wiper", "brake", "drive", "traffic", "engine"),
        }
    ),
    "train": frozenset(
        {
            *("conductor", "ticket", "guard", "compartment", "luggage", "seat", "passenger"),
            *("whistle", "rail", "engine", "suitcase", "inspector", "tunnel"),
        }
    ),
    "ship": frozenset(
        {
            *("captain", "crew", "mast", "sail", "anchor", "deck", "sailor", "plank", "cannon"),
            *("rigging", "bosun", "cabin-boy", "spyglass", "helm", "hammock", "hold", "porthole"),
        }
    ),
    "castle": frozenset(
        {
            *("king", "queen", "throne", "courtier", "knight", "crown", "servant", "sceptre"),
            *("footman", "banquet", "minstrel", "jester", "duke", "royal", "herald", "majesty"),
        }
    ),
    "spaceship": frozenset(
        {*("astronaut", "planet", "airlock", "helmet", "meteor", "orbit", "mission", "control")}
    ),
}
"""Rooms and other inner places, with their clues."""

OUTSIDE: Mapping[str, frozenset[str]] = {
    "beach": frozenset(
        {
            *("sand", "shell", "seagull", "gull", "bucket", "tide", "starfish", "sandcastle"),
            *("pebble", "wave", "crab", "seaweed", "paddle", "deckchair", "surf", "driftwood"),
            *("flipper", "sunscreen", "lifeguard", "jellyfish", "spade"),
        }
    ),
    "garden": frozenset(
        {
            *("weed", "soil", "seed", "seedling", "flowerbed", "watering-can", "worm", "spade"),
            *("rake", "compost", "lettuce", "trowel", "hose", "bean", "tomato", "petal", "snail"),
            *("lawn", "dig", "plant", "rose", "wheelbarrow", "beetle", "sunflower", "mow"),
        }
    ),
    "farm": frozenset(
        {
            *("cow", "hen", "tractor", "goat", "pig", "hay", "farmer", "straw", "rooster", "goose"),
            *(
                "sheep",
                "barn",
                "trough",
                "calf",
                "lamb",
                "piglet",
                "haystack",
                "cockerel",
                "plough",
            ),
        }
    ),
    "wood": frozenset(
        {
            *("moss", "mushroom", "owl", "acorn", "squirrel", "fern", "pine", "twig", "toadstool"),
            *("badger", "deer", "woodpecker", "bramble", "bracken", "trunk", "oak", "pinecone"),
            *("fir", "birch", "hedgehog", "tree"),
        }
    ),
    "sea": frozenset(
        {
            *("fish", "coral", "octopus", "whale", "dolphin", "shark", "fin", "squid", "eel"),
            *("seahorse", "mermaid", "seabed", "seaweed", "swim", "jellyfish", "tentacle"),
        }
    ),
    "street": frozenset(
        {
            *("pavement", "lamppost", "traffic", "puddle", "kerb", "taxi", "bus", "pedestrian"),
            *("umbrella", "gutter", "sidewalk", "corner", "lorry", "shopfront", "postbox"),
        }
    ),
    "market": frozenset(
        {
            *("stall", "crate", "seller", "haggle", "bargain", "trader", "cabbage", "cheese"),
            *("basket", "stallholder", "fishmonger", "melon", "onion", "spice"),
        }
    ),
    "playground": frozenset(
        {*("swing", "slide", "seesaw", "hopscotch", "skipping-rope", "recess", "playtime", "tag")}
    ),
    "campsite": frozenset(
        {*("tent", "campfire", "marshmallow", "sleeping-bag", "torch", "rucksack", "counselor")}
    ),
    "desert": frozenset({*("camel", "cactus", "dune", "scorpion", "caravan", "sand", "oasis")}),
    "swimming pool": frozenset(
        {
            *(
                "armbands",
                "float",
                "dive",
                "chlorine",
                "swim",
                "lane",
                "goggles",
                "locker",
                "swimsuit",
            )
        }
    ),
    "mountain": frozenset(
        {*("summit", "peak", "rope", "cliff", "boulder", "climb", "ledge", "glacier", "avalanche")}
    ),
    "circus": frozenset(
        {*("clown", "acrobat", "trapeze", "juggler", "ringmaster", "tightrope", "juggle")}
    ),
}
"""Places under the open sky, and other wide ones, with their clues."""
