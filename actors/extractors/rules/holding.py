"""What somebody holds: in the hands, the arms, the mouth."""

from collections.abc import Iterator

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.lexicon import nouns, places, verbs
from actors.extractors.rules.lexicon.abstract import is_abstract
from actors.extractors.rules.lexicon.actions import ACTIONS
from actors.extractors.rules.lexicon.hands import GETTING, GIVING, HANDHELD, HANDLED, UNHELD
from actors.extractors.rules.lexicon.structures import FIXED
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.props import compound, is_thing
from actors.extractors.rules.things import Things

_HANDS = frozenset(
    {*("hand", "arm", "paw", "mouth", "beak", "fist", "lap", "claw", "teeth", "tooth", "finger")}
    | {"talon", "snout", "trunk", "hip", "shoulder", "jaw", "wing"}
)
_AT_HAND = frozenset({"in", "under", "between", "on", "over", "round", "around"})
_STRINGS = frozenset({"string", "rope", "lead", "leash", "ribbon", "chain", "reins"})
_STICKS = frozenset(
    {
        *("stick", "cane", "crutch", "staff", "broom", "spade", "walking-stick", "oar", "umbrella"),
        *("rake", "shovel", "pitchfork", "spear", "sword", "crook", "mop", "hoe", "scythe", "axe"),
        *("pole", "parasol", "bat", "rifle", "fork", "golf-club", "club", "ladle"),
    }
)
_VESSELS = frozenset(
    {
        *("cup", "mug", "glass", "bowl", "bottle", "jug", "pot", "teapot", "flask", "beaker"),
        *("thermos", "goblet", "can", "kettle", "teacup", "saucer", "spoon", "ladle", "bag"),
        *("straw", "packet", "shell", "tankard", "watering-can", "bucket", "pitcher", "jar"),
    }
)
_DRINKING = frozenset({"drink", "sip", "slurp", "eat", "gulp", "pour", "swig", "lick", "feed"})
_CARRYING = frozenset({"carry", "cradle"})
_GRASPED = frozenset({"leaf", "feather", "twig", "branch", "cloth", "handkerchief", "rag", "fork"})
_INSTRUMENTS = frozenset(
    {
        *("flute", "fiddle", "violin", "trumpet", "drum", "guitar", "whistle", "recorder", "banjo"),
        *("accordion", "ukulele", "tambourine", "horn", "clarinet", "mandolin", "lute", "pipe"),
    }
)
_STANDING = frozenset(
    {
        *("come", "go", "stand", "sit", "run", "walk", "wait", "hurry", "rush", "march", "arrive"),
        *("return", "follow", "appear", "enter", "creep", "tiptoe", "step", "kneel", "dance"),
        *("skip", "stride", "climb", "chase", "stroll", "wander", "hobble", "limp", "be", ""),
    }
)
_CRADLING = frozenset({"hold", "carry", "cradle", "cup", "cuddle", "clutch", "lift", "pick", "hug"})


def held(clause: Clause, named: Things) -> Iterator[NounPhrase]:
    """Yields what a clause says that its subject holds; `it` is what was named before."""
    if clause.passive:
        return
    pair = (clause.verb, clause.particle)
    holds = clause.verb in verbs.HOLDING | verbs.HANDLING | verbs.EATING or pair in verbs.TAKING_UP
    holds = holds or (clause.verb == "hand" and clause.particle == "out")
    hauls = clause.verb in _HAULING
    got = clause.verb in GETTING and not clause.particle
    hands = any(_is_hand(word, phrase) for word, phrase in clause.places)
    objects = [named.of(_measured(one)) for one in clause.objects]
    for phrase in filter(None, objects):
        played = clause.verb == "play" and phrase.head.lemma in _INSTRUMENTS
        taken = holds or played or (hands and clause.verb in verbs.KEEPING | {"wear", "bear"})
        taken = taken or _is_handled(clause, phrase, got=got)
        taken = taken or (hauls and phrase.head.lemma in _STRINGS)
        if phrase.head.lemma in nouns.GARMENTS and not any(phrase is one for one in clause.objects):
            continue
        if taken and _can_be_held(phrase, clause.verb):
            yield phrase
    for place, (word, placed) in enumerate(clause.places):
        if word == "with" and (used := _used_again(clause, placed, named)):
            yield used
            continue
        phrase = _end_of(placed)
        tool = word == "with" and clause.verb in verbs.TOOLED and phrase.head.lemma not in FIXED
        tool = tool or (word == "with" and _is_tool(clause, phrase))
        worn = phrase.head.lemma in nouns.GARMENTS and not phrase.negated
        at_hand = _is_at_hand(clause, place)
        if (tool and is_thing(phrase)) or (at_hand and (is_thing(phrase) or worn)):
            yield phrase
        if word == "from" and clause.verb in _DRINKING and phrase.head.lemma in _VESSELS:
            yield phrase
        if word == "on" and (_is_led(clause, phrase) or _is_hauled(clause, phrase)):
            yield phrase
        if word == "with" and _is_brought(clause, phrase):
            yield phrase


def _end_of(phrase: NounPhrase) -> NounPhrase:
    """Returns the thing of whose end a phrase tells: `the tip of a knife`."""
    of = phrase.of
    return of if of is not None and phrase.head.lemma in {"end", "tip", "point"} else phrase


def _used_again(clause: Clause, phrase: NounPhrase, named: Things) -> NounPhrase | None:
    """Returns what `it` is that somebody does something with: `fanned herself with it`."""
    thing = named.of(phrase) if phrase.head.lower == "it" and clause.objects else None
    return thing if thing is not None and thing.head.lemma in _USED else None


def _is_hauled(clause: Clause, phrase: NounPhrase) -> bool:
    """Returns whether somebody pulls on a rope or the like."""
    return clause.verb in _HAULING and phrase.head.lemma in _STRINGS


_USED = HANDHELD | _GRASPED | nouns.GARMENTS
_HAULING = frozenset({"pull", "haul", "tug", "heave", "hang", "cling", "yank", "hold"})


def _is_handled(clause: Clause, phrase: NounPhrase, *, got: bool) -> bool:
    """Returns whether what is done to a small thing is done with the hands."""
    noun = phrase.head.lemma
    has = clause.verb == "have" and not clause.helpers
    if has or (clause.verb == "get" and clause.helpers == ("have",)):
        return _is_handheld(phrase) and phrase.determiner not in {"every", "many"}
    if noun in UNHELD or noun in nouns.GARMENTS:
        return False
    return got or (clause.verb in HANDLED and noun not in FIXED)


def _is_tool(clause: Clause, phrase: NounPhrase) -> bool:
    """Returns whether something is done with a thing in the hand: `fanned herself with a leaf`."""
    small = _is_handheld(phrase) or phrase.head.lemma in _GRASPED
    own = phrase.determiner in {"a", "an"} or phrase.owner
    apart = not any(
        one.head.is_noun and one.head.character is None and one.end == phrase.begin - 1
        for one in clause.objects
    )
    return small and bool(own) and apart and clause.verb in ACTIONS and bool(clause.objects)


def _is_brought(clause: Clause, phrase: NounPhrase) -> bool:
    """Returns whether somebody comes or stands with a thing in the hand: `came in with a tray`."""
    named = [*clause.objects, *clause.subject]
    of_another = any(one.end == phrase.begin - 1 for one in named if not one.head.character)
    moves = clause.verb in _STANDING | places.MOVING | places.RESTING
    return _is_handheld(phrase) and not of_another and moves


def _is_handheld(phrase: NounPhrase) -> bool:
    return bool({phrase.head.lemma, compound(phrase)} & HANDHELD)


def given(clause: Clause, named: Things) -> Iterator[tuple[NounPhrase, NounPhrase]]:
    """Yields what a clause says that another one gets, each with whom gets it: `gave him a bun`."""
    if clause.verb not in GIVING or clause.passive:
        return
    to = [one for word, one in clause.places if word == "to"]
    receivers = clause.objects[:1] if len(clause.objects) > 1 else to
    things = clause.objects[1:] if len(clause.objects) > 1 else clause.objects
    for phrase in filter(None, (named.of(_measured(one)) for one in things)):
        if _can_be_held(phrase, clause.verb):
            yield from ((phrase, receiver) for receiver in receivers)


def _measured(phrase: NounPhrase) -> NounPhrase:
    """Returns what a measure is of: the matches of `a number of matches`."""
    measure = phrase.of is not None and is_abstract(phrase.head.lemma)
    return phrase.of if measure and phrase.of is not None else phrase


def _is_hand(word: str, phrase: NounPhrase) -> bool:
    return word in _AT_HAND and phrase.head.lemma in _HANDS


def _is_at_hand(clause: Clause, place: int) -> bool:
    """Returns whether a hand follows a thing: `with a spoon in one hand, a bowl in the other`."""
    if place + 1 >= len(clause.places) or clause.places[place][1].head.lemma in _HANDS:
        return False
    led = any(word == "with" for word, _ in clause.places[: place + 1])
    word, following = clause.places[place + 1]
    other = following.head.lemma == "other" and place > 0
    return led and (_is_hand(word, following) or other)


def _can_be_held(phrase: NounPhrase, verb: str) -> bool:
    if is_thing(phrase):
        return verb in verbs.LIFTING or phrase.head.lemma not in FIXED
    if phrase.head.character is not None:
        return verb in _CARRYING
    if verb in {"mend", "knit", "sew", "fold", "iron", "wring", "darn", "wash", "polish"}:
        return phrase.head.lemma in nouns.GARMENTS and not phrase.negated
    small = phrase.head.is_noun and phrase.head.lemma in nouns.ANIMALS and not phrase.negated
    own = verb != "hug" or bool(phrase.owner)
    return small and verb in _CRADLING and own


def _is_led(clause: Clause, phrase: NounPhrase) -> bool:
    """Returns whether a hand holds what a clause's place names: `led a goat on a string`."""
    if clause.verb in {"lead", "pull", "walk", "drag", "hold", "fly", "have"} and clause.objects:
        return phrase.head.lemma in _STRINGS
    return clause.verb in {"lean", "support", "hobble", "limp"} and phrase.head.lemma in _STICKS


def held_by_another(clause: Clause) -> Iterator[tuple[NounPhrase, NounPhrase]]:
    """Yields things that are in a hand that another clause's subject has, each with the hand.

    `In her hand was a letter`, `a fish in its mouth`, `her arms full of flowers`.
    """
    if clause.verb not in {"", "be", "hang", "lie", "dangle", "swing", "clutch", "dance", "bob"}:
        return
    for word, phrase in clause.places:
        if word in _AT_HAND | {"from"} and phrase.head.lemma in _HANDS:
            verb = "carry" if word == "in" else "hold"
            yield from ((one, phrase) for one in clause.subject if _can_be_held(one, verb))
    for word, phrase in clause.places:
        # `One arm round his bear`.
        hugs = not clause.verb and word in {"round", "around", "about"}
        arms = [one for one in clause.subject if one.head.lemma in {"arm", "paw", "hand", "wing"}]
        if hugs and arms and is_thing(phrase):
            yield phrase, arms[0]
    full = any(one.token.lower in {"full", "laden"} for one in clause.complements)
    hands = [one for one in clause.subject if one.head.lemma in _HANDS]
    if full and hands:
        for word, phrase in clause.places:
            if word in {"of", "with"} and is_thing(phrase):
                yield phrase, hands[0]


def let_go(clause: Clause) -> Iterator[NounPhrase]:
    """Yields what a clause says that its subject holds no more."""
    if (clause.verb, clause.particle) in verbs.PUTTING_DOWN or clause.verb in {"drop", "lose"}:
        yield from clause.objects
