"""Verbs in their base form, by what they mean to a picture."""

SAYING = frozenset(
    [
        "say",
        "cry",
        "ask",
        "reply",
        "answer",
        "call",
        "shout",
        "whisper",
        "exclaim",
        "scream",
        "roar",
        "sigh",
        "beg",
        "mutter",
        "mumble",
        "yell",
        "laugh",
        "giggle",
        "sing",
        "croak",
        "growl",
        "bark",
        "squeak",
        "chirp",
        "explain",
        "add",
        "gasp",
        "murmur",
        "announce",
        "declare",
        "grumble",
        "bellow",
        "hiss",
        "purr",
        "hoot",
        "chuckle",
        "sob",
        "cheer",
        "snap",
        "tease",
        "wail",
        "agree",
        "promise",
        "continue",
        "tell",
    ]
)
"""Verbs whose subject speaks, and so is there."""

UNSEEN = frozenset(
    [
        "be",
        "have",
        "do",
        "say",
        "think",
        "know",
        "want",
        "wish",
        "hope",
        "believe",
        "wonder",
        "remember",
        "forget",
        "seem",
        "feel",
        "mean",
        "need",
        "love",
        "like",
        "dislike",
        "hate",
        "decide",
        "plan",
        "imagine",
        "dream",
        "understand",
        "learn",
        "guess",
        "expect",
        "own",
        "belong",
        "become",
        "stay",
        "keep",
        "let",
        "make",
        "get",
        "cost",
        "happen",
        "matter",
        "prefer",
        "trust",
        "doubt",
        "suppose",
        "try",
        "begin",
        "start",
        "stop",
        "go_on",
        "finish",
        "continue",
        "use",
        "can",
        "may",
        "must",
        "will",
        "shall",
        "would",
        "could",
        "should",
        "might",
        "ask",
        "tell",
        "reply",
        "answer",
        "add",
        "explain",
        "agree",
        "promise",
        "live",
        "exist",
        "seem",
        "appear",
        "sound",
        "smell",
        "taste",
        "hear",
        "notice",
        "see",
        "spot",
        "find",
        "lose",
        "miss",
        "care",
        "worry",
        "mind",
        "turn_into",
        "grow_up",
        "call",
        "name",
        "remain",
        "last",
        "end",
        "come_true",
        "recall",
        "realize",
        "realise",
        "intend",
        "deserve",
        "manage",
        "fail",
        "dare",
        "used_to",
        "used",
        "belong_to",
        "contain",
        "include",
        "cover",
        "surround",
        "fill",
        "lead",
        "stretch",
        "reach",
        "matter",
    ]
)
"""Verbs that name nothing that can be seen in somebody's pose."""

IRREALIS = frozenset(
    [
        "want",
        "wish",
        "hope",
        "dream",
        "imagine",
        "think",
        "remember",
        "recall",
        "believe",
        "wonder",
        "plan",
        "decide",
        "promise",
        "forget",
        "need",
        "like",
        "love",
        "hate",
        "ask",
        "tell",
        "say",
        "expect",
        "pretend",
        "know",
        "fear",
        "refuse",
        "dare",
        "fail",
        "miss",
        "guess",
        "suppose",
        "warn",
        "allow",
        "forbid",
        "mean",
        "intend",
        "agree",
        "offer",
        "threaten",
        "long",
        "ought",
        "have",
        "worry",
        "learn",
    ]
)
"""Verbs whose completed action does not happen before the reader's eyes."""

DENYING = frozenset(
    ["stop", "refuse", "fail", "forget", "cease", "forbid", "avoid", "miss", "quit", "finish"]
)
"""Verbs that deny what they govern: `stopped running`."""

UNREAL_OBJECTS = frozenset(
    [
        "want",
        "wish",
        "dream",
        "think",
        "remember",
        "recall",
        "imagine",
        "miss",
        "hear",
        "need",
        "love",
        "like",
        "hate",
        "tell",
        "write",
        "wonder",
        "know",
        "say",
        "ask",
        "expect",
        "forget",
        "believe",
        "fear",
        "paint",
        "draw",
        "describe",
        "promise",
        "mention",
        "mean",
        "seek",
        "search",
        "call",
        "phone",
        "hope",
        "worry",
        "talk",
        "speak",
        "read",
        "sing",
        "long",
        "await",
        "visit",
        "sound",
        "cost",
        "smell",
        "plan",
        "invite",
        "thank",
        "resemble",
        "prefer",
        "deserve",
    ]
)
"""Verbs whose objects are not there: `missed her grandmother`, `dreamt of a ship`."""

HOLDING = frozenset(
    [
        "bear",
        "bore",
        "clasp",
        "wield",
        "brandish",
        "clench",
        "hold",
        "carry",
        "clutch",
        "grip",
        "grasp",
        "hug",
        "cradle",
        "swing",
        "bring",
        "lift",
        "balance",
        "cuddle",
        "squeeze",
        "wave",
        "raise",
        "grab",
        "pick",
        "catch",
        "lug",
        "haul",
        "juggle",
        "brandish",
        "shake",
        "hoist",
        "clasp",
        "cup",
    ]
)
"""Verbs whose object is in somebody's hands, mouth or arms."""

WEARING = frozenset(["wear", "don", "dress"])
"""Verbs whose object is worn."""

SEEING = frozenset(
    ["see", "find", "meet", "notice", "spot", "watch", "have", "wear", "hold", "carry", "bring"]
)
"""Verbs whose object is not there when they are denied: `did not see the wolf`."""

EATING = frozenset(["eat", "nibble", "munch", "chew", "drink", "sip", "gobble"])
"""Verbs whose object is in the hands or at the mouth."""

COMMON = frozenset(
    {
        *("be", "have", "do", "go", "get", "make", "see", "hear", "feel", "find", "know", "think"),
        *("say", "ask", "tell", "want", "need", "try", "keep", "let", "stay", "live", "love"),
        *("like", "hope", "wish", "use", "start", "begin", "meet", "win", "lose", "save", "take"),
        *("talk", "speak", "answer", "dream", "remember", "forget", "change", "show", "grow"),
        *("smell", "spend", "miss", "trust", "thank", "care", "matter", "move", "name", "order"),
        *("bathe", "believe", "become", "belong", "invite", "explain", "promise", "teach", "learn"),
        *("sleep", "come", "run", "look", "eat", "share", "finish", "stop", "leave", "bring"),
    }
)
"""Frequent verbs beside those that a picture can show, for telling verbs from nouns."""

HANDLING = frozenset(
    {
        *("read", "mend", "knit", "fold", "unfold", "strike", "peel", "sew", "snatch", "seize"),
        *("fly", "polish", "embroider", "unwrap", "wrap", "toss", "throw", "fling", "hurl"),
        *("strum", "twirl", "crumple", "unroll", "wring"),
    }
)
"""Verbs whose object is handled, and so held, while they are done."""

TAKING_UP = frozenset(
    {
        *(("pick", "up"), ("hold", "up"), ("hold", "out"), ("lift", "up"), ("pull", "out")),
        *(("take", "out"), ("snatch", "up"), ("scoop", "up"), ("gather", "up"), ("take", "up")),
    }
)
PUTTING_DOWN = frozenset(
    {
        *(("put", "down"), ("set", "down"), ("lay", "down"), ("put", "away"), ("throw", "away")),
        *(("hang", "up"), ("hand", "over"), ("give", "away"), ("give", "back")),
    }
)
"""Verbs with their particles, whose object is in the hands from then on, or no more."""

TOOLED = frozenset(
    {
        *("sweep", "dig", "paint", "draw", "write", "cut", "poke", "hit", "stir", "scrub", "mop"),
        *("water", "brush", "hammer", "chop", "wipe", "measure", "prick", "rake", "shovel", "sew"),
        *("beat", "scratch", "catch", "fish", "eat", "comb", "polish", "dust", "carve", "sketch"),
        *("point", "knock", "scoop", "stab", "fight", "play", "light", "drum", "wave", "saw"),
    }
)
"""Verbs that are done with a tool in the hand: `swept the floor with a broom`."""

KEEPING = frozenset(
    {"have", "take", "bring", "tuck", "put", "keep", "catch", "gather", "hold", "carry", "get"}
)
"""Verbs whose object is held where a hand is named: `had a book under his arm`."""

LIFTING = frozenset({"hold", "carry", "lug", "haul", "lift", "hoist", "bring", "balance"})
"""Verbs whose object may be big: `carried a chair`."""
