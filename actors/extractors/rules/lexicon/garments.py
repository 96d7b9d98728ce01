"""Words of dressing: how garments are put on, worn, shown and taken off."""

WEARING = frozenset({"wear", "don", "sport"})
"""Verbs whose object is worn."""

PUTTING_ON = frozenset(
    {
        *(
            ("have", "on"),
            ("get", "on"),
            ("do", "on"),
            ("draw", "on"),
            ("pop", "on"),
            ("struggle", "into"),
        ),
        *(("put", "on"), ("pull", "on"), ("slip", "on"), ("tie", "on"), ("button", "up")),
        *(("throw", "on"), ("try", "on"), ("buckle", "on"), ("strap", "on"), ("tug", "on")),
        *(("roll", "up"), ("do", "up"), ("zip", "up"), ("lace", "up"), ("pull", "up")),
        *(("push", "up"), ("zip", ""), ("lace", "")),
        *(("button", ""), ("fasten", ""), ("fling", "on"), ("wrap", "on"), ("hitch", "up")),
    }
)
"""Verbs with their particles, whose object is worn then."""

REMOVING = frozenset(
    {
        *(("take", "off"), ("pull", "off"), ("slip", "off"), ("kick", "off"), ("shake", "off")),
        *(("throw", "off"), ("peel", "off"), ("tear", "off"), ("fling", "off"), ("tug", "off")),
        *(("take", "away"), ("clear", "away"), ("wash", "away"), ("wipe", "away")),
        *(("toss", "off"), ("give", "away"), ("throw", "away"), ("put", "away"), ("pack", "away")),
        *(("throw", "out"), ("lay", "aside"), ("put", "aside")),
    }
)
"""Verbs with their particles, whose object is not there any more."""

TAKING_OFF = REMOVING | {("hang", "up")}
"""Verbs with their particles, whose object is not worn any more."""

UNDOING = frozenset({"unwind", "untie", "unlace", "unbuckle", "remove", "shed", "hang", "lend"})
"""Verbs whose object is not worn any more."""

GIVING = frozenset({"give", "hand", "lend", "offer", "throw", "drop"})
"""Verbs whose object, a garment of the subject, is somebody else's then."""

CHANGING = frozenset(
    {
        *("change", "slip", "climb", "step", "get", "wriggle", "help", "squeeze", "jump"),
        *("struggle", "crawl", "scramble", "hop", "button", "dive"),
    }
)
"""Verbs of getting into or out of a garment."""

WRAPPING = frozenset({"wrap", "dress", "clothe", "bundle", "swathe", "muffle", "swaddle"})
"""Verbs of being in clothes."""

SEARCHING = frozenset(
    {
        *("look", "find", "rummage", "search", "hide", "put", "pack", "dig", "keep", "catch"),
        *("play", "fill", "store", "lose", "collect", "carry", "gather", "stuff"),
    }
)
"""Verbs after which `in a hat` says where something is."""

PLACING = frozenset(
    {
        *("put", "pull", "tie", "wrap", "wind", "sling", "hang", "place", "set", "throw"),
        *("drape", "pin", "stick", "fasten", "knot", "loop", "slip", "tuck", "lay", "fix"),
    }
)
"""Verbs that put something on a body."""

SITTING = frozenset({"sit", "perch", "gleam", "hang", "shine", "lie", "rest", "be", "sparkle"})
"""Verbs of what is on a body."""

SOUNDING = frozenset(
    {
        *("squeak", "slap", "clatter", "clack", "thump", "tap", "click", "jingle", "creak"),
        *("flop", "clump", "tickle", "itch", "pinch", "scratch", "turn", "shimmer", "glisten"),
    }
)
"""Verbs of garments that are heard, felt or seen as somebody moves."""

SHOWING = SOUNDING | frozenset(
    {
        *("be", "look", "shine", "flap", "flutter", "gleam", "drip", "match", "fit", "trail"),
        *(
            "have",
            "billow",
            "reach",
            "sparkle",
            "glitter",
            "swing",
            "rustle",
            "blow",
            "squelch",
            "slip",
            *("ripple", "swirl", "sag", "bulge", "gape", "twinkle", "slide", "stick", "shrink"),
        ),
    }
)
"""Verbs of garments that somebody wears."""

ADORNMENTS = frozenset(
    {
        *("bandage", "plaster", "ribbon", "bell", "collar", "badge", "medal", "garland", "chain"),
        *("flower", "feather", "daisy", "patch", "watch", "locket", "rope", "blanket", "towel"),
    }
)
"""What is worn though it is no garment."""

FASTENERS = frozenset({"ring", "bow", "button", "buckle", "patch", "belt", "tie", "pocket", "mask"})
"""What nobody is in."""

HAIRDOS = frozenset({"plait", "braid", "pigtail", "ponytail", "curl", "bun", "beard", "moustache"})
"""What hair is done in."""

HAIRY = HAIRDOS | {"hair", "fringe", "mane", "whisker", "eyebrow"}
"""Hair and what is like it."""

WEARABLE_ON = HAIRY | {
    *(
        "head",
        "neck",
        "ear",
        "shoulder",
        "foot",
        "waist",
        "middle",
        "eye",
        "nose",
        "finger",
        "wrist",
    ),
    *(
        "leg",
        "chest",
        "face",
        "ankle",
        "forehead",
        "chin",
        "toe",
        "body",
        "button",
        "buttonhole",
        "tail",
        "lapel",
    ),
}
"""Parts of a body on which something is worn."""

PARTS = frozenset(
    {
        *("sleeve", "collar", "hem", "pocket", "cuff", "hood", "brim", "button", "lace", "lapel"),
        *("skirt", "strap", "buckle", "peak", "fold", "lining", "front", "string", "toe", "heel"),
    }
)
"""Parts of garments."""

LIGHTS = frozenset(
    {
        *("lamp", "light", "sun", "moon", "torch", "lantern", "candle", "moonlight", "sunlight"),
        *("sunshine", "star", "streetlamp", "ray", "sunbeam", "moonbeam", "firelight", "lamplight"),
    }
)
"""What shines on somebody and is not worn."""

SEEPING = frozenset(
    {
        *("run", "creep", "crawl", "get", "seep", "trickle", "pour", "blow", "fill", "leak"),
        *("slide", "drip", "slip", "soak", "come", "spill", "fall"),
    }
)
"""Verbs of what gets into somebody's clothes."""

FLAWS = frozenset({"hole", "pebble", "stone", "tear", "sand", "water", "mud", "snow", "toe"})
"""What is in clothes that are worn."""

SMALL = frozenset(
    {
        *("hat", "cap", "bonnet", "helmet", "boot", "shoe", "slipper", "glove", "mitten", "sock"),
        *("stocking", "crown", "hood", "clog", "wellington"),
    }
)
"""Garments in which something small may lie."""

NESTING = frozenset({"lie", "sleep", "nest", "hide", "live", "curl", "snuggle", "sit", "land"})
"""Verbs of being in something as in a nest."""

BEASTLY = frozenset({"mane", "hoof", "muzzle", "tail", "paw", "whisker", "fur", "udder", "snout"})
"""Parts of beasts, beside which a coat is their fur."""
