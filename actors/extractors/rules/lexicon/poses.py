"""Verbs in their base form that are as often nouns, or rare, and that a picture can show.

The mends of tags do not go by them.
"""

POSES = frozenset(
    {
        *("abseil", "anoint", "arch", "argue", "ascend", "attack", "backpack", "bandage"),
        *("barge", "baste", "bat", "batter", "bicker", "bind", "blindfold", "blubber", "bob"),
        *("bowl", "brace", "bundle", "burp", "bustle", "cackle", "capture", "caress", "cast"),
        *("catapult", "cavort", "chalk", "chant", "chat", "chip", "chisel", "chuck", "churn"),
        *("clack", "clank", "clatter", "clench", "clip", "clomp", "coil", "crackle", "crash"),
        *("creak", "crown", "crumple", "crush", "cup", "daub", "deal", "deliver", "descend"),
        *("dismount", "douse", "drench", "drown", "dye", "elbow", "exchange", "fan", "finger"),
        *("flail", "flinch", "flounce", "flounder", "fondle", "frost", "fumble", "gambol"),
        *("garnish", "gesticulate", "gesture", "glaze", "gossip", "grease", "grope", "grumble"),
        *("guffaw", "hack", "halloo", "handstand", "harness", "herd", "hiccough", "hiccup"),
        *("high-five", "hitchhike", "hoop", "huff", "hunch", "hurtle", "hush", "husk"),
        *("hustle", "inch", "iron", "jab", "jam", "jerk", "jingle", "jive", "jolt", "kayak"),
        *("kindle", "lash", "leapfrog", "lever", "lob", "lumber", "manoeuvre", "massage"),
        *("meander", "meditate", "meet", "mew", "murmur", "neigh", "nip", "nurse", "offer"),
        *("overtake", "parade", "park", "pelt", "pencil", "piggyback", "pillow-fight", "pin"),
        *("pinch", "pirouette", "pocket", "pore", "pound", "pucker", "punt", "purse", "pursue"),
        *("putter", "quack", "quarrel", "quilt", "quiver", "ransack", "recite", "recoil"),
        *("reel", "repair", "rescue", "retreat", "rev", "roller-skate", "rollerskate"),
        *("rollick", "ruffle", "saddle", "scavenge", "scoff", "scout", "scrunch", "scull"),
        *("sharpen", "shade", "shear", "shell", "shimmy", "shriek", "shuck", "sidestep", "sign"),
        *("singe", "skateboard", "smack", "smash", "smear", "smirk", "sneer", "snicker"),
        *("snigger", "snip", "snooze", "snort", "snowball", "snowboard", "sock", "sort"),
        *("spar", "speak", "spill", "splice", "splutter", "spoon", "spoon-feed", "spur"),
        *("squabble", "squawk", "squeak", "squeal", "squelch", "stab", "stoke", "strew"),
        *("strike", "struggle", "study", "stuff", "stutter", "suck", "surface", "swaddle"),
        *("swat", "swathe", "swerve", "swill", "swish", "swivel", "swoon", "tackle", "talk"),
        *("tap-dance", "tape", "thrash", "thread", "thresh", "thrust", "thud", "thump"),
        *("tightrope", "tinker", "titter", "toboggan", "toil", "toot", "tousle", "trample"),
        *("trampoline", "trap", "trek", "trim", "trip", "troop", "trumpet", "tussle", "tweak"),
        *("twiddle", "twine", "twitch", "unbolt", "unbuckle", "uncork", "uncurl", "unfasten"),
        *("unfurl", "unlace", "unlatch", "unpin", "unravel", "unseal", "unstrap", "untuck"),
        *("unveil", "unzip", "upend", "vacuum", "veer", "wheel", "wheeze", "whine", "whinny"),
        *("whirr", "whiz", "whizz", "whoop", "wield", "wince", "winch", "wind", "windsurf"),
        *("winnow", "wrench", "wring", "yank", "yap", "yelp", "yodel", "zigzag"),
    }
)
