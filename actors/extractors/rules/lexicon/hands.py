"""What hands do and hold."""

HANDHELD = frozenset(
    {
        *("apple", "axe", "bag", "ball", "balloon", "banjo", "basket", "bat"),
        *("binoculars", "book", "bottle", "bouquet", "bow", "bowl", "box", "briefcase"),
        *("broom", "brush", "bucket", "bun", "bunch", "butterfly-net", "cage", "camera"),
        *("candle", "cane", "coin", "comb", "crayon", "crutch", "cup", "daisy", "doll", "drum"),
        *("duster", "envelope", "fan", "fiddle", "fishing-net", "fishing-rod"),
        *("flag", "flask", "flower", "flute", "frying-pan", "gift", "guitar", "hairbrush"),
        *("hammer", "handbag", "hose", "ice-cream", "jar", "jug", "kettle", "key", "kite"),
        *("knife", "ladle", "lantern", "lasso", "letter", "loaf", "lollipop", "lunchbox"),
        *("magnifying-glass", "map", "megaphone", "microphone", "mirror", "mop", "mug"),
        *("needle", "net", "newspaper", "notebook", "oar", "paddle", "pail", "paintbrush"),
        *("parasol", "parcel", "pen", "pencil", "pitcher", "pitchfork", "plate", "postcard"),
        *("posy", "pot", "present", "purse", "quill", "racket", "rake", "rattle", "rod"),
        *("roll", "rolling-pin", "rope", "rose", "rucksack", "sack", "sandwich", "satchel"),
        *("saucepan", "saw", "scepter", "sceptre", "schoolbag", "scissors", "shears", "shield"),
        *("shovel", "skipping-rope", "spade", "spear", "sponge", "spoon", "staff", "stick"),
        *("suitcase", "sword", "teddy", "telescope", "thermos", "ticket", "tin", "torch"),
        *("towel", "toy", "tray", "trident", "trowel", "trumpet", "umbrella", "violin"),
        *("walking-stick", "wand", "watering-can", "whip", "whistle"),
    }
)
"""Things that are held in a hand: `had a lantern` and `came with a lantern` mean that."""

HANDLED = frozenset(
    {
        *("beat", "bite", "blow", "bounce", "butter", "carve", "count", "crack", "crumble"),
        *("crunch", "dangle", "deal", "devour", "drag", "dribble", "examine", "flick", "gnaw"),
        *("hurl", "inspect", "knead", "knot", "lick", "light", "lob", "nurse", "offer", "open"),
        *("pass", "pat", "peel", "pluck", "pour", "press", "rattle", "ring", "rip", "roll"),
        *("rub", "scatter", "sharpen", "shell", "shine", "shuffle", "shut", "slice", "slurp"),
        *("sort", "spin", "sprinkle", "squeeze", "stack", "stroke", "suck", "tap"),
        *("taste", "tear", "thread", "tie", "trail", "tune", "tweak", "twiddle", "uncork"),
        *("untie", "weave", "whittle", "wield", "wind"),
    }
)
"""Verbs whose object is in the hands if it is small: `counted the pennies`, `blew a whistle`."""

GIVING = frozenset(
    {"give", "hand", "pass", "offer", "lend", "throw", "toss", "feed", "bring", "sell"}
)
"""Verbs after which the other one has it: `gave Mia an apple`."""

GETTING = frozenset({"take", "accept", "receive", "draw", "fetch", "pluck", "collect", "produce"})
"""Verbs with which somebody gets something into the hands: `took a lantern from the hook`."""

UNHELD = frozenset(
    {
        *(
            "picture",
            "photo",
            "photograph",
            "seat",
            "chair",
            "bus",
            "train",
            "tram",
            "medicine",
            "bath",
        ),
        *("path", "road", "lift", "stairs", "pulse", "door", "curtain", "window", "lid", "drawer"),
        *("cupboard", "gate", "eye", "mouth", "oven", "shutter", "blind", "water", "soup", "milk"),
        *("sand", "snow", "bubble", "bell", "doorbell", "star", "sheep", "fence", "wing", "crowd"),
        *("day", "wall", "floor", "ground", "carpet", "belly", "chest", "box", "trunk", "tap"),
        *("bath", "dough", "batter", "pastry", "porridge", "cream", "paint", "mud", "fire"),
    }
)
"""What is in no hand though a hand does something to it: `took the bus`, `opened the door`."""
