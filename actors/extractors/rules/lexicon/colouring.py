"""Words around colours: the verbs that give a thing its colour, and the words that lead to one."""

SIMILES = frozenset({"like", "as", "than", "without", "about", "except", "for"})
BEING = frozenset(
    {
        *(
            "be",
            "turn",
            "become",
            "shine",
            "glow",
            "look",
            "seem",
            "lie",
            "flare",
            "go",
            "grow",
            "stay",
        ),
        *("gleam", "flash", "flush", "blush", "glitter", "light", "flicker", "burn", "appear"),
    }
)
DYEING = frozenset({"paint", "dye", "colour", "color"})
BEFORE_COLOURS = frozenset(
    {
        *("a", "the", "all", "half", "as", "so", "very", "quite", "now", "bright", "still", "too"),
        *(
            "one",
            "some",
            "other",
            "others",
            "rather",
            "almost",
            "only",
            "but",
            "partly",
            "and",
            "or",
        ),
    }
)
MAKING = frozenset({"make", "build", "carve", "knit", "sew", "weave", "cut"})
HANGING = frozenset(
    {
        *("hang", "stand", "lie", "float", "bob", "fall", "flutter", "blow", "hover", "drift"),
        *("sit", "swing", "dangle", "glow", "shine", "rise", "grow", "flow", "sail", "fly"),
    }
)
ROWS = frozenset({"row", "line", "circle", "group", "pile", "heap", "bunch", "cluster", "vase"})
SHINING = frozenset({"shine", "glow", "gleam", "turn", "flash", "glitter", "go", "flush", "burn"})
TURNING = frozenset({"turn", "go", "blush", "flush", "grow", "become"})
HAVING = frozenset({"have", "wear", "see", "find", "be", "hold", "carry", "bring", "put"})
SEEN = frozenset(
    {
        *("light", "glow", "gleam", "glimmer", "glint", "flash", "flicker", "sparkle", "shimmer"),
        *("sky", "sun", "cloud", "snow", "dawn", "sunset", "sunrise", "dusk", "fog", "smoke"),
        *("dot", "spot", "speck", "stroke", "line", "thread", "paint", "wool", "silk", "ray"),
        *("ground", "earth", "floor", "top", "tip", "edge", "rim", "bottom", "back", "front"),
        *("side", "bit", "piece", "scrap", "slice", "pile", "heap", "stack", "circle", "curve"),
        *("velvet", "satin", "cotton", "denim", "copper", "bronze", "gold", "silver", "slate"),
        *("steel", "number", "word", "writing", "heart", "building", "room", "yard", "heaven"),
        *("east", "west", "north", "south", "space", "distance", "bark", "half", "art", "food"),
        *("row", "part", "stuff", "drip", "country"),
        *("splash", "shade", "surface", "leaf", "shape", "pattern", "chunk", "flake", "bruise"),
    }
)
"""Nouns that are no things, and have colours that can be seen."""
PARTLY = frozenset({"about", "around", "round", "to", "in", "on", "at"})
"""Words between a colour and the part of a body that has it: `white to the elbows`."""
