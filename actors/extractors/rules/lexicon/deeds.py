"""Nouns that name an action: `gave a wave` is `waved`."""

from collections.abc import Mapping

LIGHT = frozenset({"give", "take", "have", "do", "make", "let", "utter", "perform", "turn"})
"""Verbs that do no more than carry such a noun."""

_SAME = (
    *("wave", "bite", "look", "hug", "kiss", "dance", "jump", "nod", "sigh", "step", "sip", "bow"),
    *("hop", "laugh", "grin", "smile", "shrug", "push", "pull", "kick", "leap", "twirl", "walk"),
    *("swim", "stretch", "ride", "lick", "sniff", "yawn", "whistle", "shout", "cry", "squeeze"),
    *("pat", "sneeze", "cough", "scream", "roar", "run", "climb", "peek", "shake", "spin", "skip"),
    *("curtsy", "dash", "dive", "gasp", "giggle", "chuckle", "sob", "growl", "bark", "squeak"),
    *("tug", "poke", "rub", "scratch", "stroke", "shiver", "wink", "snore", "cuddle", "gulp"),
    *("nibble", "peep", "frown", "groan", "moan", "wiggle", "wriggle", "somersault", "cartwheel"),
    *("blush", "glance", "stroll", "swing", "throw", "bounce", "hiccup", "howl", "snort", "slurp"),
)
DEEDS: Mapping[str, str] = {
    **{one: one for one in _SAME},
    "breath": "breathe",
    "bath": "bathe",
    "nap": "sleep",
    "snooze": "sleep",
    "rest": "rest",
    "handstand": "stand on hands",
    "headstand": "stand on head",
    "embrace": "hug",
    "drink": "drink",
    "swig": "drink",
    "mouthful": "eat",
    "rummage": "rummage",
    "fright": "",
    "speech": "speak",
    "race": "race",
    "fight": "fight",
    "dip": "bathe",
    "peck": "peck",
}
"""The verb of each."""
