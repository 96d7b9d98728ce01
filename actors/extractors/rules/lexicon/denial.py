"""Words of denial: what can be said not to be there, or not to be done."""

from collections.abc import Mapping

from actors.extractors.rules.lexicon import verbs

EXISTING = frozenset(
    {"be", "sit", "stand", "lie", "live", "come", "wait", "walk", "play", "work", "sleep"}
)
"""Verbs after which nobody is there: `nobody sat on the bench`."""

CARRYING = frozenset(
    {
        *("have", "wear", "hold", "carry", "bring", "find", "own", "get", "buy", "need", "contain"),
        *("put", "pack", "keep", "show", "bear", "hang"),
    }
)
"""Verbs whose object is not there where they are denied: `had not brought his kite`."""

SILENT = verbs.UNSEEN | frozenset(
    {
        *("look", "wait", "give", "come", "mind", "stir", "lead", "leave", "help", "let", "turn"),
        *("call", "take", "bring", "put", "wear", "hold", "carry", "find", "get", "show", "allow"),
        *("realise", "realize", "leave", "matter", "last", "work", "fit", "suit", "belong", "dare"),
        *("wake", "return", "arrive", "reach", "change", "cease", "regard", "hide", "answer"),
        *("listen", "watch", "bother", "can", "will", "do", "might", "harm", "hurt", "blame"),
        *(
            "acquaint",
            "use",
            "spend",
            "waste",
            "end",
            "pass",
            "fail",
            "win",
            "believe",
            "obey",
            "move",
            "receive",
        ),
        *("go", "pretend", "invite", "keep", "stay", "try", "need", "seem", "happen", "follow"),
        *("grow", "meet", "buy", "own", "pay", "sell", "lend", "set", "light", "send", "write"),
    }
)
"""Verbs that a picture would not show, whether they are denied or not."""

INVISIBLE = frozenset(
    {
        *("doubt", "use", "time", "moment", "idea", "word", "sound", "noise", "reason", "way"),
        *("place", "end", "need", "answer", "matter", "thing", "nothing", "other"),
        *("one", "luck", "hurry", "wonder", "sort", "kind", "name", "home", "place"),
        *("mood", "voice", "regard", "attention", "notice", "sense", "track-record", "hope"),
    }
)
"""Nouns that name nothing that could be missing on a picture."""

VISIBLE = frozenset(
    {
        *("moon", "star", "light", "shadow", "smile", "grin", "frown", "cloud", "food", "tea"),
        *("breakfast", "lunch", "dinner", "supper", "sunlight", "moonlight", "sunshine", "tear"),
        *("whistle", "case", "bow", "wave", "music", "meal", "money", "message", "step", "crack"),
        *(
            "present",
            "gift",
            "card",
            "lightning",
            "breeze",
            "drizzle",
            "shower",
            "sky",
            "floor",
            "space",
        ),
    }
)
"""Nouns that a picture shows though they name no thing."""

SCRAPS = frozenset(
    {
        *("breath", "puff", "whiff", "drop", "flake", "wisp", "speck", "scrap", "shred", "glimmer"),
        *("ray", "gleam", "crumb", "grain", "spark", "patch", "blade", "stitch", "bit", "morsel"),
        *("hint", "gust", "sip", "slice", "lump", "pinch", "rag", "stick", "splash", "shadow"),
    }
)
"""The least of something: `not a breath of wind` is no wind."""

UNSAID = frozenset(
    {
        *("far", "sure", "good", "bad", "able", "ready", "easy", "true", "right", "wrong", "late"),
        *("early", "possible", "fair", "enough", "certain", "new", "same", "alone", "simple"),
        *("near", "worth", "likely", "many", "much", "long", "other", "such", "real", "clear"),
        *("important", "difficult", "interested", "used", "allowed", "safe", "wise", "clever"),
        *("only", "whole", "own", "particular", "usual", "longer", "more", "called", "acquainted"),
        "next",
    }
)
"""Adjectives that a picture would not show."""

_WEATHER = frozenset({"rain", "snow", "storm", "wind", "hail", "thunder", "drizzle", "shower"})
_AIR = frozenset({"fog", "mist", "cloud", "smoke", "haze", "darkness", "storm"})
_SKY = frozenset({"sun", "moon", "star"})
_SHOWN = frozenset({"rainbow", "smile", "grin", "snow", "ice", "frost", *_AIR})

CLEARING: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("roll", "drift", "blow", "move", "burn", "float", "sail"), _AIR | _WEATHER),
    **dict.fromkeys(("melt", "creep", "steal", "swirl", "fly", "race", "thunder"), _AIR | _WEATHER),
    **dict.fromkeys(("draw", "break", "pass", "travel", "retreat"), _AIR | _WEATHER),
    **dict.fromkeys(("fade", "wink", "go", "slip"), _AIR | _WEATHER | _SKY),
}
"""Verbs with nouns that are no more once they do so away, off or out: `the fog rolled away`."""

HIDING = frozenset(
    {
        *("slip", "slide", "sink", "dip", "duck", "hide", "go", "dive", "drop", "creep", "roll"),
        *("sail", "set", "disappear", "vanish", "steal", "glide"),
    }
)
"""Verbs with which moon and stars are no more behind something."""

DYING: Mapping[str, frozenset[str]] = {
    "stop": _WEATHER | {"music"},
    "end": _WEATHER,
    "cease": _WEATHER,
    "pass": frozenset({"storm", "rain", "shower", "cloud"}),
    "blow over": frozenset({"storm"}),
    "die": frozenset({"wind", "storm", "fire"}),
    "die down": frozenset({"wind", "storm", "fire", "flame"}),
    "drop": frozenset({"wind"}),
    "go out": frozenset({"fire", "light", "flame", "moon", "star"}),
    "thin": _AIR,
    "thin out": _AIR,
    "disperse": _AIR,
    "dissolve": _AIR,
    "ebb": _AIR,
    "scatter": frozenset({"cloud"}),
    "go in": _SKY,
    "go down": _SKY,
    "set": _SKY,
    "go": frozenset(),
    "lift": _AIR,
    "clear": _AIR,
    "fade": _SHOWN | _SKY,
    "melt": frozenset({"snow", "ice", "frost", "snowman", "icicle"}),
    "melt away": frozenset({"snow", "ice", "frost"}),
    "vanish": frozenset({"*"}),
    "disappear": frozenset({"*"}),
}
"""For each verb the nouns that are no more after it; `*` stands for all."""
