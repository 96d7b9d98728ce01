"""Gestures: what bodies do that shows how somebody feels."""

from collections.abc import Mapping

from server.domain.scenes import Mood

_ITSELF: Mapping[Mood, tuple[tuple[str, str], ...]] = {
    Mood.SAD: (
        *(("lip", "tremble"), ("lip", "quiver"), ("lip", "wobble"), ("lip", "shake")),
        *(("chin", "wobble"), ("chin", "tremble"), ("chin", "quiver"), ("mouth", "quiver")),
        *(("face", "fall"), ("shoulder", "droop"), ("shoulder", "sag"), ("shoulder", "slump")),
        *(("heart", "sink"), ("heart", "ache"), ("heart", "break"), ("ear", "droop")),
        *(("eye", "fill"), ("eye", "brim"), ("eye", "water"), ("whisker", "droop")),
        *(("tail", "droop"), ("voice", "break"), ("head", "droop"), ("smile", "fade")),
    ),
    Mood.AFRAID: (
        *(("knee", "shake"), ("knee", "knock"), ("knee", "tremble"), ("knee", "wobble")),
        *(("leg", "shake"), ("leg", "tremble"), ("leg", "wobble"), ("hand", "shake")),
        *(("hand", "tremble"), ("heart", "pound"), ("heart", "thump"), ("heart", "hammer")),
        *(("heart", "race"), ("voice", "tremble"), ("voice", "shake"), ("fur", "bristle")),
        *(("heart", "stop"), ("paw", "tremble"), ("paw", "shake"), ("whisker", "tremble")),
    ),
    Mood.SURPRISED: (
        *(("jaw", "drop"), ("mouth", "drop"), ("mouth", "fall"), ("jaw", "fall")),
        *(("eye", "widen"), ("eye", "pop"), ("eyebrow", "rise"), ("eyebrow", "shoot")),
        *(("mouth", "gape"), ("eyebrow", "go"), ("eye", "grow")),
    ),
    Mood.HAPPY: (
        *(("eye", "shine"), ("eye", "sparkle"), ("eye", "twinkle"), ("eye", "dance")),
        *(("face", "glow"), ("face", "beam"), ("face", "brighten"), ("face", "shine")),
        *(("heart", "leap"), ("heart", "sing"), ("heart", "jump"), ("heart", "swell")),
        *(("tail", "wag"), ("tail", "thump"), ("mouth", "smile")),
    ),
    Mood.ANGRY: (
        *(("eye", "flash"), ("eye", "blaze"), ("eye", "glitter"), ("nostril", "flare")),
        *(("fur", "rise"), ("tail", "lash"), ("brow", "darken"), ("face", "darken")),
    ),
    Mood.TIRED: (("eyelid", "droop"), ("eye", "close"), ("head", "nod"), ("eyelid", "fall")),
    Mood.SHY: (("cheek", "burn"), ("cheek", "flush"), ("ear", "burn"), ("face", "burn")),
}
_DONE: Mapping[Mood, tuple[tuple[str, str], ...]] = {
    Mood.SAD: (
        *(("hang", "head"), ("bow", "head"), ("wipe", "eye"), ("dab", "eye"), ("wipe", "tear")),
        *(("droop", "head"), ("lower", "head"), ("wipe", "nose"), ("swallow", "tear")),
        *(("bury", "face"), ("shed", "tear"), ("blink", "tear")),
    ),
    Mood.AFRAID: (
        *(("bite", "lip"), ("wring", "hand"), ("hide", "face"), ("cover", "eye"), ("bite", "nail")),
        *(("hide", "eye"), ("chew", "lip"), ("clutch", "heart")),
    ),
    Mood.ANGRY: (
        *(("stamp", "foot"), ("shake", "fist"), ("clench", "fist"), ("cross", "arm")),
        *(("grit", "tooth"), ("gnash", "tooth"), ("bare", "tooth"), ("narrow", "eye")),
        *(("fold", "arm"), ("wag", "finger"), ("clench", "tooth"), ("arch", "back")),
        *(("bristle", "fur"), ("stomp", "foot"), ("knit", "brow")),
    ),
    Mood.HAPPY: (
        *(("clap", "hand"), ("wag", "tail"), ("clap", "paw"), ("kick", "heel"), ("rub", "hand")),
        *(("throw", "cap"), ("click", "heel"), ("clap", "flipper")),
    ),
    Mood.LAUGHING: (("hold", "side"), ("hold", "belly"), ("hold", "tummy"), ("slap", "knee")),
    Mood.TIRED: (("rub", "eye"), ("stretch", "arm")),
    Mood.CURIOUS: (("scratch", "head"), ("crane", "neck"), ("prick", "ear"), ("tilt", "head")),
    Mood.SURPRISED: (("raise", "eyebrow"), ("rub", "chin")),
    Mood.PROUD: (("puff", "chest"), ("swell", "chest"), ("stick", "chest")),
}
BY_THEMSELVES: Mapping[tuple[str, str], Mood] = {
    pair: mood for mood, pairs in _ITSELF.items() for pair in pairs
}
"""Parts of bodies with what they do: `her lip trembled`."""
DONE: Mapping[tuple[str, str], Mood] = {
    pair: mood for mood, pairs in _DONE.items() for pair in pairs
}
"""Verbs with the part of the body to which somebody does them: `stamped his foot`."""
OPENED: Mapping[tuple[str, str], Mood] = {
    ("mouth", "open"): Mood.SURPRISED,
    ("eye", "wide"): Mood.SURPRISED,
    ("eye", "round"): Mood.SURPRISED,
    ("eye", "shining"): Mood.HAPPY,
    ("eye", "sparkling"): Mood.HAPPY,
    ("eye", "twinkling"): Mood.HAPPY,
    ("eye", "bright"): Mood.HAPPY,
    ("face", "shining"): Mood.HAPPY,
    ("face", "beaming"): Mood.HAPPY,
    ("cheek", "burning"): Mood.SHY,
    ("heart", "heavy"): Mood.SAD,
    ("heart", "light"): Mood.HAPPY,
    ("heart", "pounding"): Mood.AFRAID,
    ("heart", "thumping"): Mood.AFRAID,
    ("knee", "trembling"): Mood.AFRAID,
    ("hand", "trembling"): Mood.AFRAID,
    ("hand", "shaking"): Mood.AFRAID,
    ("lip", "trembling"): Mood.SAD,
}
"""Parts of bodies as they are: `with her mouth open`, `with shining eyes`."""
