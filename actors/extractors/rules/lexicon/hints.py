"""What gives a place away: the things that stand in one kind of place, and what is done in one."""

from collections.abc import Mapping

_ROOMS: Mapping[str, tuple[str, ...]] = {
    "kitchen": (
        *("fridge", "refrigerator", "freezer", "oven", "cooker", "sink", "worktop"),
        *("countertop", "dishwasher", "breadbin", "bread-bin", "draining-board", "dresser"),
        *("washing-up", "plate-rack", "kitchen-table", "biscuit-tin", "cookie-jar"),
        *("microwave", "toaster", "hob", "spice-rack", "chopping-board", "dish", "dishcloth"),
        *("washing-machine", "rolling-pin", "mixing-bowl", "cake-tin", "saucepan", "frying-pan"),
        *("oven-glove", "tea-towel", "bread-bin", "cutlery-drawer"),
    ),
    "bedroom": (
        *("bed", "bunk", "cot", "crib", "pillow", "duvet", "quilt", "mattress", "eiderdown"),
        *("bedspread", "bedclothes", "headboard", "bedpost", "bedside", "night-light"),
        *("nightlight", "bedcover", "bedcovers", "counterpane", "bolster", "bunk-bed"),
        *("four-poster", "bedding", "sheets", "toy-chest", "toybox", "toy-box", "doll's-house"),
    ),
    "classroom": (
        *("blackboard", "whiteboard", "chalkboard", "school-desk", "coat-peg", "pencil-sharpener"),
        *("story-corner", "flipchart", "nature-table", "teacher"),
    ),
    "bathroom": (
        *("bathtub", "washbasin", "basin", "bathmat", "bath-mat", "soap-dish", "shower-curtain"),
        *("bubble-bath", "plughole", "soapsuds", "toothbrush", "toothpaste", "rubber-duck"),
        *("shampoo", "towel-rail", "toilet-roll", "loo-roll", "bath-toy", "bathwater"),
    ),
    "living room": (
        *("television", "telly", "mantelpiece", "coffee-table", "christmas-tree", "sofa"),
        *("couch", "settee", "armchair", "easy-chair", "hearthrug", "footstool", "fireguard"),
        *("sofa-cushion", "standard-lamp"),
    ),
    "ship": (
        *("hull", "bowsprit", "helm", "porthole", "bulwark", "poop", "quarterdeck", "foredeck"),
        *("bilge", "capstan", "mainmast", "foremast", "mizzenmast", "mainsail", "ship's-wheel"),
        *("prow", "stern", "topsail", "figurehead"),
    ),
    "boat": ("rudder", "tiller", "keel", "gunwale", "rowlock", "outboard"),
    "theatre": (
        *("footlight", "footlights", "orchestra-pit", "spotlight", "backstage", "audience"),
        *("usher", "curtain-call"),
    ),
    "supermarket": ("trolley", "checkout", "shopping-trolley"),
    "shop": ("till", "cash-register", "shop-window", "shopkeeper"),
    "church": ("pew", "altar", "pulpit", "font", "organ-pipe", "hymn-book", "choir-stall"),
    "cinema": ("popcorn", "usherette", "cinema-screen"),
    "car": ("seat-belt", "seatbelt", "windscreen", "dashboard", "steering-wheel", "back-seat"),
    "hall": ("umbrella-stand", "hatstand", "coat-stand", "hall-table", "bannister", "banister"),
    "canteen": ("dinner-lady", "lunch-tray", "dinner-tray"),
    "workshop": ("workbench", "lathe", "sawdust"),
    "forge": ("anvil", "bellows"),
    "office": ("filing-cabinet", "photocopier", "typewriter"),
    "gym": ("climbing-rope", "vaulting-horse", "wall-bars"),
    "swimming pool": (
        *("armbands", "water-wings", "lifeguard", "deep-end", "shallow-end"),
        "lane-rope",
    ),
    "courtroom": ("witness-box", "dock-rail"),
    "castle": ("throne", "portcullis", "arrow-slit", "banquet"),
    "train": ("compartment", "ticket-inspector", "luggage-rack", "carriage-window", "dining-car"),
    "spaceship": ("control-panel", "airlock", "joystick"),
    "library": ("bookshelves", "bookcase", "bookshelf", "librarian"),
    "museum": ("glass-case", "exhibit", "showcase"),
    "restaurant": ("waiter", "waitress"),
    "circus": ("ringmaster", "acrobat", "trapeze", "tightrope"),
    "surgery": ("dentist", "waiting-room"),
    "plane": ("pilot", "stewardess"),
    "hospital": ("stretcher", "sickbed", "x-ray", "nurse", "stethoscope"),
    "tent": ("sleeping-bag", "tent-flap", "groundsheet", "tent-pole"),
    "stable": ("manger", "hayrack", "hay-rack"),
    "farmyard": ("trough", "dunghill", "midden", "dung-heap", "milk-churn", "hen", "cockerel"),
}
_OUTDOORS: Mapping[str, tuple[str, ...]] = {
    "playground": (
        *("swings", "climbing-frame", "monkey-bars", "see-saw", "slide"),
        *("roundabouts", "hopscotch"),
    ),
    "fair": (
        *("helter-skelter", "bumper-car", "dodgem", "dodgems", "ghost-train", "coconut-shy"),
        *("big-wheel", "waltzer", "candyfloss-stall"),
    ),
    "street": (
        *("lamppost", "lamp-post", "letterbox", "letter-box", "pillar-box", "postbox"),
        *("zebra-crossing", "traffic-light", "streetlamp", "street-lamp", "hydrant", "manhole"),
        *("bollard", "parking-meter", "shopfront", "shop-front", "rush-hour", "traffic"),
    ),
    "garden": (
        *("compost-heap", "washing-line", "clothes-line", "sprinkler", "lettuce", "cabbage"),
        *("carrot", "bean-row", "beanpole", "rhubarb", "sunflower", "tulip", "wheelbarrow"),
        *("garden-gate", "bird-table", "birdbath", "marrow", "raspberry-cane", "beanstalk"),
    ),
    "wood": ("toadstool", "bluebell", "bracken", "fern", "pine-needle", "undergrowth"),
    "beach": (
        *("sandcastle", "sand-castle", "rock-pool", "surf", "tideline", "seaweed", "beach-hut"),
        *("deckchair", "deck-chair", "beach-ball", "driftwood", "shingle"),
    ),
    "sea": ("waves", "breakers", "billow", "octopus", "jellyfish", "coral", "seabed", "squid"),
    "ice rink": ("skate", "ice-skate"),
    "field": ("furrow", "stubble", "plough", "haystack", "hay-bale", "scarecrow", "cornstalk"),
    "pond": ("lily-pad", "water-lily", "bulrush", "tadpole", "frogspawn", "duckweed"),
    "harbour": ("lobster-pot", "crab-pot", "fishing-smack"),
    "zoo": ("zookeeper", "zoo-keeper", "enclosure"),
    "football field": ("goalpost", "goal-post", "corner-flag", "referee"),
    "station": ("ticket-machine", "timetable", "railway-line"),
    "market": ("market-stall", "stallholder"),
}
SEATS = frozenset(
    {"sofa", "couch", "settee", "armchair", "easy-chair", "hearthrug", "footstool"}
    | {"fireguard", "sofa-cushion", "standard-lamp"}
)
"""Things of living rooms that stand in any room that is known."""

HINTS: Mapping[str, str] = {
    thing: place
    for kinds in (_ROOMS, _OUTDOORS)
    for place, things in kinds.items()
    for thing in things
}
"""Things in their base form, each with the place that it gives away."""

TREES = frozenset(
    {
        *("tree", "pine", "fir", "birch", "beech", "oak", "spruce", "trunk", "tree-trunk"),
        *("treetrunk", "elm", "larch", "alder", "fir-tree", "pine-tree", "oak-tree", "sapling"),
    }
)
"""Among, between and through several of these is a wood."""

FRUIT = frozenset({"apple", "pear", "plum", "cherry", "lemon", "orange", "olive", "peach"})
"""Trees whose rows are an orchard."""

PLANTED = frozenset(
    {
        *("bean", "pea", "onion", "radish", "potato", "tomato", "strawberry", "pumpkin", "leek"),
        *("turnip", "cabbage", "lettuce", "carrot", "marrow", "cucumber", "beetroot", "rose"),
        *("tulip", "sunflower", "dahlia", "hollyhock", "raspberry", "gooseberry", "currant"),
        *("lavender", "marigold", "foxglove", "peony", "daffodil", "vegetable", "flower"),
    }
)
"""What grows in gardens: among these is a garden."""

AFLOAT = frozenset({"row", "paddle", "sail"})
"""What is done in a boat."""

SLEEPING_PLACES = frozenset(
    {
        *("hospital", "ward", "tent", "cabin", "caravan", "dormitory", "attic", "room", "bedroom"),
        *("nursery", "cave", "den", "burrow", "ship", "boat", "train", "hut", "hotel", "igloo"),
        *("loft", "garret", "nest", "house", "cottage", "treehouse", "barn", "stable", "camp"),
        *("sickroom", "wagon", "houseboat", "submarine", "spaceship", "rocket", "lair", "sett"),
    }
)
"""Places in which a bed can stand: there a bed gives no other place away."""

INDOORS = frozenset(
    {
        *("kitchen", "bedroom", "room", "bathroom", "classroom", "attic", "cellar", "nursery"),
        *("hall", "hallway", "parlour", "living room", "sitting-room", "dining-room", "study"),
        *("larder", "pantry", "library", "shop", "bakery", "museum", "theatre", "hospital"),
        *("office", "workshop", "school", "basement", "landing", "corridor", "lift", "bed"),
        *("waiting room", "lounge", "bunk", "scullery", "loft", "garret", "dormitory", "cloakroom"),
    }
)
"""Rooms: grass and trees are outside of them."""

OPEN_AIR = frozenset(
    {
        *("grass", "sand", "mud", "shingle", "heather", "clover", "reed", "fern", "moss", "snow"),
        *(
            "gate",
            "hedge",
            "kerb",
            "boulder",
            "haystack",
            "signpost",
            "lamppost",
            "campfire",
            "fountain",
            "log",
            "willow",
        ),
        *("tree", "oak", "birch", "pine", "fir", "apple-tree", "branch", "bush", "nettle"),
        *("stump", "rock", "hay", "bonfire"),
    }
)
"""Landmarks that are outdoors."""

ROAMING = frozenset(
    {"beach", "garden", "wood", "field", "street", "sea", "pond", "farmyard", "harbour"}
)
"""Places whose things stand elsewhere outdoors too: a deckchair in the garden."""

OUTDOORS = frozenset(
    {
        *("garden", "park", "beach", "meadow", "field", "wood", "forest", "street", "yard", "lawn"),
        *("orchard", "playground", "farm", "farmyard", "shore", "seashore", "lane", "road", "hill"),
        *("courtyard", "terrace", "balcony", "island", "allotment", "market", "square", "village"),
        *("town", "harbour", "river", "lake", "pond", "path", "moor", "mountain", "jungle"),
        *("back-garden", "front-garden", "backyard", "riverbank", "campsite", "zoo", "pool"),
    }
)
"""Places under the open sky."""
