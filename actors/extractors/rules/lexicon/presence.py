"""Words that tell whether somebody is there: of seeking, of memory, of coming and going."""

AWAY = frozenset({"away", "gone", "missing", "absent", "nowhere", "dead", "abroad", "elsewhere"})
"""What is said of somebody who is not there."""
ARRIVING = frozenset({"come", "arrive", "return", "appear", "show", "answer", "reply", "turn"})
"""Verbs that leave their subject elsewhere where they are denied: `Tom did not come`."""
LEAVING = frozenset({"leave", "disappear", "vanish", "die", "depart", "escape"})
"""Verbs after which their subject is elsewhere: `had left`."""
MOVING = frozenset({"go", "run", "move", "fly", "sail", "ride", "drive", "travel", "walk", "set"})
"""Verbs after which their subject is elsewhere if they lead away: `had gone to town`."""
LIVING = frozenset({"live", "dwell", "reside"})
"""Verbs that tell where somebody is at home, rather than what happens."""
MINDING = frozenset(
    {
        *("think", "dream", "remember", "recall", "imagine", "miss", "forget", "mention", "expect"),
        *("describe", "long", "hear", "write", "paint", "draw", "wish", "hope", "wonder", "read"),
        *("learn", "belong", "resemble", "picture", "mourn", "worry", "name", "await", "dread"),
    }
)
"""Verbs whose objects are thought of, drawn or written about, not there."""
PAINTING = frozenset(
    {"paint", "draw", "sketch", "doodle", "chalk", "carve", "scribble", "embroider"}
)
"""Verbs whose objects are only pictures."""
SEEKING = frozenset(
    {
        *("wait", "look", "search", "seek", "hunt", "call", "shout", "ask", "listen", "send"),
        *("want", "need", "love", "like", "hate", "know", "prefer", "fear", "trust", "phone"),
        *("invite", "telephone", "ring", "lose", "believe", "understand", "doubt", "yell"),
    }
)
"""Verbs whose objects may be there or not: looked for, called or loved."""
TELLING = frozenset({"tell", "ask", "thank", "show", "teach", "remind", "warn", "answer", "beg"})
"""Verbs whose objects are spoken to, and so are there."""
SENDING = frozenset({"write", "send", "belong", "post", "mail", "happen", "mean", "matter", "owe"})
"""Verbs after which those to whom are elsewhere: `wrote to Tom`."""
TAKING = frozenset(
    {
        *("buy", "take", "snatch", "grab", "hide", "run", "escape", "borrow", "steal", "flee"),
        *("get", "accept", "jump", "fetch", "shrink", "back", "leap", "turn"),
    }
)
"""Verbs after which those from whom are there: `bought an apple from a farmer`."""
UNSEEN_BY = frozenset({"about", "of", "for", "like", "as", "than", "except", "without", "until"})
"""Prepositions after which those who are named need not be there."""
NEAR = frozenset(
    {
        *("front", "side", "middle", "midst", "arm", "lap", "company", "shoulder", "hand", "back"),
        *("feet", "foot", "head", "top", "sight", "presence", "rest", "eye", "knee", "face"),
    }
)
"""Nouns `of` whom somebody is there: `in front of Tom`."""
BODILY = frozenset(
    {
        *(
            "smile",
            "tear",
            "grin",
            "breath",
            "frown",
            "gaze",
            "look",
            "fur",
            "tail",
            "wing",
            "mane",
        ),
        *("beard", "whisker", "paw", "beak", "feather", "heart", "snout", "horn", "hoof"),
        *("scale", "plait", "curl", "freckle", "moustache", "eyebrow", "shadow", "stomach"),
    }
)
"""What is on or of a body, so that its owner is there."""
LAID = frozenset({"lie", "hang", "stand", "sit", "float", "belong", "be", "drift", "find"})
"""Verbs with which a garment need not be on its owner: `Tom's cap lay on the step`."""
BEASTLY = frozenset(
    {
        *(
            "bark",
            "growl",
            "purr",
            "meow",
            "sniff",
            "wag",
            "howl",
            "whimper",
            "yelp",
            "chirp",
            "bleat",
        ),
        *("neigh", "snort", "squeak", "quack", "hoot", "trot", "gallop", "pounce", "yap", "whine"),
    }
)
"""Verbs of animals, with which `it` is one."""
STAYING = frozenset({"be", "sit", "stand", "lie", "wait", "live", "stay", "play", ""})
"""Verbs that tell who is there: `nobody sat there`."""
RESULTS = frozenset(
    {
        *("gather", "come", "arrive", "assemble", "sit", "stop", "climb", "fall", "land", "settle"),
        *("join", "crowd", "appear", "curl", "perch"),
    }
)
"""Verbs after which their subject is there: `had gathered`."""
PICTURED = frozenset({"flag", "sign", "plate", "cup", "mug", "stamp", "coin", "poster", "cover"})
"""Things with pictures on them."""
MUTTERING = frozenset(
    {"hiss", "whisper", "murmur", "mutter", "gasp", "breathe", "sigh", "say", "growl", "think"}
)
"""Verbs of saying what only those near can hear."""
FIGURES = frozenset(
    {"man", "woman", "figure", "stranger", "boy", "girl", "somebody", "person", "lady", "fellow"}
)
"""Nouns for those of whom it is not known yet who they are."""
THINGLY = frozenset(
    {
        *("fall", "come", "go", "roll", "lie", "stand", "hang", "fly", "shine", "float", "spin"),
        *("drift", "drop", "open", "close", "shut", "turn", "swing", "rattle", "rise", "sink"),
        *("bounce", "tumble", "slide", "slip", "blow", "flutter", "burn", "break", "crack", "grow"),
        *("shake", "tremble", "sway", "rock", "bend", "ring", "bang", "sail", "glow", "lean", "be"),
        *("twinkle", "flash", "drip", "splash", "land", "stop", "start", "stick", "pop", "burst"),
        *("lead", "point", "run", "wind", "show", "reach", "stretch", "cross", "climb", "twist"),
        *("creak", "whistle", "snap", "rustle", "dance", "melt", "freeze", "fill", "cover", "hold"),
    }
)
"""Verbs of what things do as well."""
PICTURES = frozenset(
    {
        *("picture", "photograph", "photo", "painting", "portrait", "drawing", "film", "poster"),
    }
)
"""Things that show people who are elsewhere."""
CLINGING = frozenset(
    {
        *("hide", "cling", "tug", "pull", "peep", "clutch", "hold", "grab", "peer", "sit", "perch"),
        *("land", "crawl"),
    }
)
"""Verbs with which a garment is on its owner: `hid behind his mother's skirt`."""
FETCHING = frozenset({"fetch", "find", "rescue", "save", "free", "collect", "search"})
"""Verbs whose objects are elsewhere when somebody goes to do them: `went to fetch Tom`."""
LETTERS = frozenset(
    {
        *("letter", "card", "present", "postcard", "message", "note", "parcel", "gift", "call"),
        *("book", "picture", "news", "word", "telegram", "story", "song"),
    }
)
"""Things that come from somebody who is elsewhere."""
QUANTITIES = frozenset(
    {
        *("group", "crowd", "herd", "flock", "pair", "family", "swarm", "band", "team", "class"),
        *("queue", "line", "row", "dozen", "pack", "troop", "couple", "number", "bunch", "pride"),
        *("host", "party", "gang", "hundred", "lot", "plenty", "rest", "ring", "circle", "horde"),
    }
)
"""Nouns `of` many who are there: `a herd of cows`."""
CROWDS = frozenset({"crowd", "family", "team", "class", "band", "gang", "audience"})
"""Quantities that are people themselves."""
DISHES = frozenset(
    {
        *("plate", "bowl", "dish", "tin", "slice", "piece", "smell", "leg", "bit", "taste", "pot"),
        *("stew", "soup", "pie", "meal", "tail"),
    }
)
COOKING = frozenset({"eat", "cook", "fry", "roast", "bake", "taste", "gobble", "munch", "nibble"})
"""Verbs whose object is food."""
UNREAL_LOOKS = frozenset(
    {
        *("toy", "wooden", "paper", "tin", "clockwork", "rubber", "plush", "knitted", "stuffed"),
        *("painted", "carved", "stone", "marble", "bronze", "chocolate", "sugar", "gingerbread"),
        *("china", "glass", "porcelain", "golden", "roast", "roasted", "fried", "grilled", "teddy"),
        *("baked", "embroidered", "cardboard", "snow", "marzipan", "plastic", "woollen", "smoked"),
        *("imaginary", "invisible", "pretend", "printed", "constellation"),
    }
)
"""Words before a person or animal that make it a thing or food."""
MALE = frozenset(
    {
        *(
            "man",
            "boy",
            "king",
            "prince",
            "father",
            "brother",
            "uncle",
            "grandfather",
            "son",
            "lad",
        ),
        *("fisherman", "postman", "policeman", "fireman", "gentleman", "husband", "grandpa", "dad"),
        *(
            "huntsman",
            "footman",
            "coachman",
            "watchman",
            "ferryman",
            "wizard",
            "emperor",
            "grandad",
        ),
        *("grandson", "nephew", "knight", "groom", "bull", "stag", "rooster", "cock", "fellow"),
    }
)
FEMALE = frozenset(
    {
        *("woman", "girl", "queen", "princess", "mother", "sister", "aunt", "grandmother", "maid"),
        *("daughter", "lady", "wife", "granddaughter", "niece", "witch", "fairy", "mermaid", "mum"),
        *("bride", "postwoman", "policewoman", "stepmother", "stepsister", "godmother", "grandma"),
        *("maiden", "fishwife", "hen", "cow", "mare", "nurse", "lass"),
    }
)
