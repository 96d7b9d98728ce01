"""Nouns with more than one meaning, and what words around them tell which one is meant."""

from dataclasses import dataclass
from enum import StrEnum


class Sense(StrEnum):
    """What a noun means to a picture."""

    THING = "thing"
    BEING = "being"
    USUAL = "usual"  # what the other lists say of it
    NOTHING = "nothing"  # an event, a shape, a sound, or daylight


@dataclass(frozen=True, slots=True)
class Cue:
    """What tells a sense: all that it names must be there; an empty set asks for nothing.

    `before` are words, or tags of articles and owners, within the phrase before the noun; `led` is
    the word before the phrase; `after` the word after it; `near` lemmas of its sentence, or two
    that follow each other; `but` what rules it out. `bare` is for a noun with nothing before it.
    """

    sense: Sense
    before: frozenset[str] = frozenset()
    led: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    near: frozenset[str] = frozenset()
    but: frozenset[str] = frozenset()
    bare: bool = False
    plural: bool | None = None


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_OWNED = frozenset({"PRP$", "POS"})
_LAMPS = _set(
    "night street traffic electric ceiling porch fairy bedside kitchen hall landing bathroom"
    " christmas head brake warning signal stage reading flashing blinking bicycle bike garden"
)
_SWITCHED = frozenset(
    {
        *("switch on", "switch off", "turn on", "turn off", "put on", "put off", "flick on"),
        *("go on", "come on", "click on", "flick off", "turn out", "put out", "light switch"),
    }
)
_MUSIC = _set(
    "sing song flute piano tune play violin trumpet hum melody music fade whistle voice fiddle"
    " horn choir blow trill tenor cello bell"
)
_GAMES = _set(
    "win lose football team season goal play player score chess tennis referee pitch cricket"
    " kick final rugby hockey half-time wrestling boxing opponent"
)
_FLAMES = _set("strike light candle box burn flame fire lamp stove wick")
_HORNED = _set(
    "unicorn goat bull cow ram deer stag rhino rhinoceros ox sheep antelope dragon snail reindeer"
    " buffalo devil yak bison dinosaur"
)

HOMONYMS: dict[str, tuple[Cue, ...]] = {
    "light": (
        Cue(Sense.NOTHING, before=_set("northern southern")),
        Cue(Sense.THING, plural=True, but=_set("eye")),
        Cue(Sense.NOTHING, after=_set("of")),
        Cue(Sense.THING, before=_LAMPS),
        Cue(Sense.THING, after=_set("above over beside off")),
        Cue(Sense.THING, after=_set("on"), near=frozenset({"on .", "on ,", "on ?", "on and"})),
        Cue(Sense.THING, near=_SWITCHED),
        Cue(Sense.THING, near=_set("blink dangle buzz swing"), but=_set("eye sun moon")),
        Cue(
            Sense.THING,
            before=_set("small little tiny single"),
            but=_set("fill flood spread pour fall eye sky moon"),
        ),
        Cue(
            Sense.THING, before=_set("a one two"), near=_set("there"), after=_set("on in at under")
        ),
    ),
    "bat": (
        Cue(Sense.THING, before=_set("cricket baseball rounders softball wooden table-tennis")),
        Cue(
            Sense.THING,
            near=_set(
                "ball cricket baseball swing hit wicket pick lean grip drop lift wield hold carry"
                " raise batsman"
            ),
            but=_set("wing fly cave flap squeak flutter upside insect moth roof rafter belfry"),
            plural=False,
        ),
        Cue(Sense.THING, before=_OWNED, but=_set("wing ear fly cave squeak")),
    ),
    "ring": (
        Cue(Sense.NOTHING, after=_set("of"), but=_set("gold silver brass key diamond")),
        Cue(Sense.NOTHING, led=_set("in"), before=_set("a"), but=_set("diamond gold finger")),
        Cue(Sense.NOTHING, before=_set("a"), near=_set("bell doorbell phone telephone")),
        Cue(Sense.THING, before=_set("rubber curtain key teething swimming napkin")),
        Cue(Sense.THING, near=_set("box drawer purse"), but=_set("finger wear")),
    ),
    "palm": (
        Cue(Sense.USUAL, before=_OWNED),
        Cue(Sense.USUAL, near=_set("hand finger wrist press hold")),
        Cue(Sense.USUAL, before=_set("open upturned flat outstretched sweaty")),
        Cue(Sense.THING, before=_set("a an tall coconut potted date")),
        Cue(Sense.THING, near=_set("coconut beach climb island desert sway oasis lagoon frond")),
        Cue(Sense.THING, led=_set("under up beneath between")),
    ),
    "watch": (
        Cue(Sense.NOTHING, bare=True, plural=False),
        Cue(Sense.NOTHING, near=_set("keep stand"), but=_set("pocket drawer wrist")),
        Cue(Sense.NOTHING, before=_set("night first dog morning close last whole ship's")),
        Cue(Sense.NOTHING, led=_set("on"), before=_set("the"), near=_set("sailor guard")),
        Cue(Sense.THING),
    ),
    "trunk": (
        Cue(Sense.USUAL, before=_set("its swimming bathing")),
        Cue(Sense.USUAL, near=_set("elephant mammoth tusk spray trumpet squirt curl raise tapir")),
        Cue(Sense.THING, near=_set("pack unpack attic lid lock unlock bark"), but=_set("its")),
        Cue(Sense.USUAL, before=_OWNED),
        Cue(Sense.THING),
    ),
    "note": (
        Cue(Sense.NOTHING, bare=True, plural=False),
        Cue(Sense.THING, near=_set("write read pin leave paper fold envelope stick scribble")),
        Cue(Sense.NOTHING, near=_MUSIC),
        Cue(Sense.NOTHING, before=_set("high low long wrong sweet top deep musical last single")),
        Cue(Sense.THING),
    ),
    "bow": (
        Cue(
            Sense.THING,
            near=_set(
                "arrow quiver archer shoot string fiddle violin cello viola bowstring target"
            ),
            but=_set("hair ribbon"),
        ),
        Cue(
            Sense.NOTHING,
            before=_set("a deep low polite"),
            near=_set("make give take"),
            but=_set("ribbon hair tie parcel red blue"),
        ),
        Cue(
            Sense.NOTHING,
            led=_set("with"),
            before=_set("a"),
            but=_set("hair ribbon red blue pink box"),
        ),
        Cue(Sense.NOTHING, led=_set("at")),
        Cue(Sense.NOTHING, led=_set("in"), plural=True, but=_set("hair ribbon plait")),
        Cue(Sense.NOTHING, near=_set("stern boat ship deck wave")),
    ),
    "chest": (
        Cue(Sense.THING, after=_set("of"), near=_set("drawer drawers")),
        Cue(Sense.THING, before=_set("treasure tea toy tool ice medicine oak sea pirate")),
        Cue(Sense.USUAL, before=_OWNED),
        Cue(
            Sense.THING,
            near=_set(
                "lid open lock unlock key gold treasure pirate bury dig jewel coin full drawer"
                " attic wooden sit stand"
            ),
            but=_set("arm hair heart"),
        ),
    ),
    "crane": (
        Cue(Sense.THING, before=_set("paper origami steel")),
        Cue(
            Sense.BEING,
            near=_set(
                "wing fly reed nest feather beak leg egg flap marsh peck fish lake heron flock"
                " frog pond"
            ),
            but=_set("hook cab load builder lorry ship dock"),
        ),
    ),
    "seal": (
        Cue(
            Sense.THING,
            before=_set("wax royal"),
        ),
        Cue(
            Sense.THING,
            near=_set("letter envelope wax scroll parchment document"),
            but=_set("flipper swim sea beach ice fish"),
        ),
    ),
    "band": (
        Cue(Sense.THING, before=_set("rubber elastic")),
        Cue(
            Sense.NOTHING,
            after=_set("of"),
            near=_set("light gold silver colour red blue cloud sunlight mist leather moonlight"),
        ),
    ),
    "match": (
        Cue(Sense.NOTHING, near=_GAMES, but=_FLAMES),
        Cue(Sense.NOTHING, led=_set("after before during at"), but=_FLAMES),
    ),
    "horn": (
        Cue(Sense.NOTHING, near=_HORNED, but=_set("hang blow")),
        Cue(
            Sense.THING,
            near=_set(
                "blow toot honk hunter driver car bus orchestra herald trumpet drinking bicycle"
            ),
        ),
    ),
}
"""The cues of each homonym, in its base form; the first that fits decides."""
