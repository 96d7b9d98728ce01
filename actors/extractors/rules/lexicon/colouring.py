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
