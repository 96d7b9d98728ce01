"""Words around places: their parts, what stands for one, and what only speaks of one."""

PARTS = frozenset(
    {
        *("counter", "till", "gates", "railing", "railings", "steps", "entrance", "porch"),
        *("front", "middle", "midst", "edge", "foot", "top", "side", "back", "corner", "end"),
        *("bottom", "heart", "centre", "center", "outskirts", "bank", "shore", "steps", "step"),
        *("gate", "wall", "roof", "door", "window", "floor", "entrance", "mouth", "depths"),
        *("ground", "threshold", "doorway", "rooftop", "stairs", "yard", "far", "border"),
        *("dust", "shade", "shadow", "gloom", "dark", "quiet", "warmth", "bustle", "hush", "rim"),
        *(
            "lane",
            "alley",
            "street",
            "path",
            "room",
            "corridor",
            "hall",
            "passage",
            "sand",
            "depth",
        ),
        *("cobble", "crest", "brow", "brink", "verge", "margin", "fringe", "outside", "inside"),
        *("interior", "stillness", "silence", "darkness", "coolness", "crowd", "maze", "tangle"),
    }
)
"""Parts of places: `at the edge of the wood` is in the wood."""

FITTINGS = frozenset(
    {
        *("curtain", "curtains", "clock", "bell", "lamp", "light", "counter", "cupboard", "shelf"),
        *("chair", "carpet", "rug", "mat", "lock", "keyhole", "handle", "tap", "drain", "bin"),
        *("dresser", "stool", "sofa", "armchair", "desk", "flagstone", "tile", "board", "rafter"),
        *("beam", "pillar", "column", "balustrade", "banister", "rail", "ladder", "pump", "lawn"),
        *("hedge", "shutter", "blind", "drawer", "pane", "lintel", "porch", "steeple", "spire"),
        *("window-sill", "floorboard", "battlement", "turret", "tap", "fountain", "slide", "swing"),
        *("window", "door", "gate", "wall", "floor", "roof", "table", "stairs", "step", "steps"),
        *("bench", "path", "fence", "ceiling", "chimney", "doorway", "threshold", "sink"),
        *("stove", "fire", "hearth", "stair", "windowsill", "sill", "railing", "entrance"),
    }
)
"""What a place is fitted with: at the `kitchen window` one is in the kitchen."""

STANDS = frozenset(
    {
        *("roof", "rooftop", "deck", "balcony", "doorstep", "porch", "terrace", "threshold"),
        *("ramparts", "battlements", "stage", "platform", "doorway", "steps", "staircase"),
    }
)
"""Parts of places that are places of their own to stand on: the `roof of the school`."""

LANDMARKS = frozenset(
    {
        *("stair", "stairs", "stairway", "puddle"),
        *("tree", "oak", "window", "gate", "fire", "stove", "hearth", "fireplace", "bed", "bench"),
        *("table", "fence", "wall", "rock", "stone", "door", "fountain", "log", "bush", "counter"),
        *("willow", "birch", "pine", "fir", "apple-tree", "lime-tree", "branch", "swing", "desk"),
        *("bunk", "cot", "hammock", "cradle", "mattress", "crib", "couch", "settee", "rug", "mat"),
        *("carpet", "blanket", "cushion", "throne", "ladder", "cupboard", "wardrobe", "pillow"),
        *(
            "grass",
            "sand",
            "mud",
            "shingle",
            "pebble",
            "cobble",
            "fern",
            "heather",
            "clover",
            "reed",
        ),
        *("moss", "snow", "leaf", "straw", "hay", "boulder", "stump", "root", "trunk", "nettle"),
        *("barrel", "crate", "manger", "trough", "pump", "railing", "kennel", "beam", "pole"),
        *("signpost", "statue", "haystack", "lamppost", "sofa", "armchair", "campfire", "stop"),
        *("snowdrift", "drift", "bonfire", "bale", "lamp-post", "trapdoor", "shelf", "sill"),
        *("windowsill", "hearthrug", "bathmat", "doormat", "lily-pad", "nest", "wire", "crate"),
    }
)
"""Things that stand for a place where nothing better is said."""

AIRY = frozenset({"sky", "moon", "cloud", "world", "water", "planet", "ice", "space", "galaxy"})
"""Places where somebody is only in or on them: `the moon shone` is nowhere."""

MEDIA = frozenset(
    {
        *("picture", "photo", "photograph", "painting", "drawing", "book", "story", "tale"),
        *("song", "letter", "postcard", "map", "dream", "poem", "memory", "film", "news"),
        *("message", "portrait", "poster", "thought", "idea", "model", "invitation"),
    }
)
"""What a place is only shown or told in."""

ROADS = frozenset(
    {
        *("road", "path", "way", "track", "lane", "street", "trail", "bridge", "tunnel", "train"),
        *("bus", "journey", "trip", "canal", "ferry", "door", "key", "map", "stairs", "ticket"),
    }
)
"""What leads from a place to another, and is in neither."""

VEHICLES = frozenset(
    {
        *("bus", "train", "boat", "ship", "car", "tram", "coach", "carriage", "cart", "taxi"),
        *("sledge", "sled", "toboggan", "wagon", "caravan", "truck", "barge", "balloon", "rocket"),
        *("lorry", "van", "sleigh", "raft", "canoe", "ferry", "bicycle", "plane", "tractor"),
    }
)
"""What carries people along: where it goes, they are."""

MOVING = frozenset(
    {
        *("go", "come", "run", "walk", "ride", "drive", "sail", "row", "swim", "fly", "hurry"),
        *("rush", "march", "climb", "crawl", "creep", "tiptoe", "sneak", "wander", "stroll"),
        *("skip", "hop", "jump", "dash", "race", "gallop", "trot", "return", "travel", "move"),
        *("get", "head", "set", "step", "slip", "tumble", "fall", "bring", "carry", "lead"),
        *("take", "pull", "follow", "cycle", "roll", "float", "skate", "ski", "slide", "dive"),
        *("paddle", "wade", "trudge", "stumble", "limp", "scamper", "scurry", "stamp", "shuffle"),
        *("trundle", "plod", "hobble", "stagger", "totter", "scuttle", "patter", "scramble"),
        *(
            "clamber",
            "lurch",
            "glide",
            "soar",
            "swoop",
            "bound",
            "leap",
            "lope",
            "prance",
            "canter",
        ),
        *("sprint", "pelt", "charge", "zoom", "hike", "tramp", "tread", "pace", "roam", "prowl"),
        *("stalk", "slither", "wriggle", "edge", "weave", "splash", "squelch", "pad", "steal"),
        *("flee", "escape", "hasten", "bolt", "dart", "flit", "drift", "steer", "pedal", "wheel"),
        *("haul", "lug", "chase", "herd", "usher", "plunge", "toddle", "saunter", "amble", "jog"),
        *(
            "swing",
            "sweep",
            "burst",
            "storm",
            "flock",
            "gather",
            "crowd",
            "troop",
            "file",
            "parade",
        ),
        *("make", "drag", "push", "send", "land", "dance", "bounce", "flutter", "waddle"),
    }
)
"""Verbs after which somebody is where they lead."""

PASSING = frozenset({"rattle", "pass", "rush", "roll", "rumble", "speed", "fly", "whizz", "roar"})
"""Verbs of going by."""

SHAPING = frozenset({"turn", "change", "transform", "make", "fold", "cut", "shape", "knock"})
"""Verbs whose object becomes what it is made into: `turned the sofa into a ship`."""

HEAPS = frozenset(
    {
        *("pyramid", "hill", "mountain", "sea", "ocean", "river", "forest", "island", "tower"),
        *("lake", "jungle", "wall", "stream", "world", "desert", "cloud", "maze", "castle"),
    }
)
"""Places that much of something is likened to: a mountain of washing."""

SCENIC = frozenset(
    {
        *("snow", "ice", "sand", "grass", "tree", "rock", "stone", "water", "pine", "fir", "lava"),
        *("palm", "bamboo", "oak", "birch", "beech", "grit", "earth", "cloud", "fog", "mist"),
        *("dune", "gravel", "pebble", "reed", "flower", "crystal", "glass", "fire", "chalk"),
        *("sugar", "chocolate", "gold", "marble", "bone", "straw", "brick", "mud", "ash"),
    }
)
"""What such places can be made of indeed: a hill of snow."""

ARRIVING = frozenset(
    {"reach", "enter", "cross", "explore", "climb", "roam", "search", "wander", "haunt", "sweep"}
    | {"clean", "tidy", "scrub", "weed", "mow", "water", "circle", "share", "decorate"}
)
"""Verbs whose object is where somebody is."""

KEEPING = frozenset({"keep", "own", "run", "rent"})
"""Verbs whose object is where somebody works or lives: `kept a shop`."""

LOOKING = frozenset(
    {
        *("see", "look", "watch", "hear", "notice", "spot", "stare", "gaze", "glance", "peer"),
        *("point", "wave", "smell", "glimpse", "observe", "peep", "listen"),
    }
)
"""Verbs whose places are where that is which is seen or heard."""

LIVING = frozenset({"live", "dwell", "reside", "stay", "settle", "lodge", "camp", "nest"})
"""Verbs after which whatever somebody is in is a place: `lived in a pumpkin`."""

RESTING = frozenset(
    {
        *(
            "sit",
            "stand",
            "lie",
            "sleep",
            "play",
            "hide",
            "wait",
            "crouch",
            "kneel",
            "rest",
            "squat",
        ),
        *("perch", "huddle", "lean", "doze", "snore", "work", "hang", "swing", "snuggle", "curl"),
    }
)
"""Verbs of staying where one is."""

MATTER = frozenset({"wood", "stone", "grass", "sand", "snow", "mud", "ice", "straw", "hay"})
"""Places of whose stuff things are made too: only where somebody is in or on them."""

QUANTITIES = frozenset({"whole", "entire", "other", "same", "next", "very", "own", "nearest"})
"""Words before a place that do not tell what it is like."""

STROLLING = frozenset(
    {
        *("walk", "stroll", "wander", "march", "trudge", "ride", "trot", "drive", "row", "sail"),
        *("cycle", "plod", "hike", "tramp", "amble", "ramble", "jog", "trek", "canter", "travel"),
        *("trundle", "saunter", "roam", "pedal", "paddle"),
    }
)
"""Verbs of being on the way: `walked down the hill to the fair` happens on the hill."""

ENDINGS = (
    *("house", "room", "yard", "field", "wood", "garden", "market", "hall", "station", "land"),
    *("park", "street", "road", "pond", "hill", "castle", "palace", "school", "church", "barn"),
    *("shed", "meadow", "forest", "beach", "town", "burrow", "factory", "cellar", "cottage"),
    *("farm", "shop", "store", "tower", "cave", "lake", "island", "stable", "kitchen", "theatre"),
    *("camp", "harbour", "cathedral", "library", "chapel", "village", "orchard", "bridge"),
)
"""What the name of a place may end with: `schoolroom`, `boat-shed`."""

NO_SITES = frozenset(
    {
        *("mushroom", "groom", "bridegroom", "headroom", "legroom", "background", "garland"),
        *("driftwood", "firewood", "plywood", "wormwood", "dollhouse", "doll-house", "bishop"),
        *("marshall", "abroad", "dolls-house", "sandcastle", "sand-castle"),
    }
)
"""Words that end like a place and are none."""
