"""Pieces and marks of things, which are no things of their own, and garments off the body."""

PIECES = frozenset(
    {
        *("handle", "lid", "strap", "string", "brim", "rim", "edge", "pocket", "collar", "sleeve"),
        *("cuff", "hem", "lining", "seam", "buckle", "button", "tassel", "fringe", "spout", "stem"),
        *("wheel", "leg", "arm", "back", "seat", "top", "bottom", "side", "corner", "roof"),
        *("chimney", "window", "door", "shutter", "step", "wall", "gate", "mast", "sail", "hull"),
        *("prow", "bow", "stern", "engine", "wing", "nose", "blade", "hilt", "point", "tip"),
        *("label", "cover", "page", "lock", "hinge", "keyhole", "knob", "lace", "sole", "heel"),
        *(
            "toe",
            "hole",
            "stopper",
            "cork",
            "petal",
            "stalk",
            "core",
            "pip",
            "stone",
            "crust",
            "peel",
        ),
    }
)
"""What a thing is made up of, and is seen with it: `a bat with a red handle`."""

BITS = frozenset(
    {
        *("bar", "rung", "plank", "slat", "edge", "rim", "brim", "handle", "lid", "leg", "end"),
        *("point", "tip", "corner", "side", "back", "hem", "sleeve", "strap", "spout", "stem"),
        *("string", "page", "crust", "peel", "core", "surface", "foot", "head", "neck", "mouth"),
        *(
            "arm",
            "blade",
            "hilt",
            "sole",
            "toe",
            "heel",
            "stump",
            "remains",
            "shape",
            "outline",
            "stub",
        ),
    }
)
"""Pieces that are told of for the whole: `the top bar of the gate` is the gate."""

MARKS = frozenset(
    {
        *(
            "stripe",
            "smudge",
            "stain",
            "spot",
            "dot",
            "streak",
            "speck",
            "speckle",
            "crack",
            "dent",
        ),
        *("scratch", "wrinkle", "crease", "blot", "smear", "fleck", "freckle", "patch", "blotch"),
        *("scar", "bruise", "graze", "footprint-mark", "gleam", "glint", "reflection", "bulge"),
        *("outline", "silhouette", "groove", "ridge", "stitching", "zigzag", "check", "whiff"),
        *("scent", "odour", "aroma", "puff-sound", "thwack", "whack", "clang", "clank", "bong"),
        *("ding", "dong", "ping", "crackle", "fizz", "hiss", "gurgle", "glug", "slurp", "plod"),
        *("jingle", "jangle", "clink", "clunk", "clop", "patter", "pitter-patter", "whizz", "zoom"),
    }
)
"""Marks on things, and sounds."""

APART = frozenset(
    {
        *("see", "find", "spot", "pick", "lift", "carry", "hold", "bring", "fetch", "buy", "sell"),
        *("sew", "knit", "mend", "hang", "fold", "wash", "iron", "throw", "drop", "give", "hand"),
        *(
            "hide",
            "pack",
            "wave",
            "snatch",
            "catch",
            "fish",
            "unpack",
            "unwrap",
            "choose",
            "polish",
        ),
        *("toss", "fling", "clutch", "grab", "seize", "steal", "borrow", "lend", "offer", "sniff"),
        *(
            "shake",
            "tie",
            "count",
            "sort",
            "stuff",
            "balance",
            "juggle",
            "dry",
            "brush",
            "notice",
            "wrap",
            "make",
            "stitch",
            "drag",
            "fill",
            "rescue",
            "reel",
            "haul",
        ),
    }
)
"""Verbs whose object, if it is worn at times, is on nobody: `found the hat`."""

LEFT = frozenset(
    {"lie", "hang", "float", "drift", "blow", "dry", "stand", "dangle", "land", "fly"}
    | {"roll", "sail", "bounce", "tumble", "bob", "whirl", "spin"}
)
"""Verbs that a garment does by itself: `the boots stood by the door`."""
