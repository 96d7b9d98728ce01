"""The vocabulary: the meaning of free words in the grammar of the storybook checkpoint.

Each table maps a value of an attribute to the words that mean it, including the grammar's own;
nothing else can be drawn.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from actors.storybook import grammar
from actors.storybook.animals import KINDS
from actors.storybook.attributes import (
    Age,
    Colour,
    Expression,
    Eyes,
    Framing,
    Fur,
    Garment,
    Gender,
    Hair,
    HairStyle,
    Hat,
    Place,
    Pose,
    Position,
    Skin,
    Style,
    Time,
    View,
    Weather,
)
from actors.storybook.table import Table, table, union

T = TypeVar("T", bound=StrEnum)


def _words(
    others: Mapping[T, tuple[str, ...]], phrases: Mapping[T, tuple[str, ...]] | None = None
) -> Table:
    known = phrases or {}
    return table({each: (*known.get(each, ()), *words) for each, words in others.items()})


STYLES = _words(
    {
        Style.RENDER: ("3d", "3d rendered", "pixar", "computer generated", "cgi", "clay"),
        Style.ANIME: ("japanese animation",),
        Style.CARTOON: ("comic", "flat", "simple shapes"),
        Style.REALISTIC: ("photo", "lifelike"),
        Style.STORYBOOK: ("storybook", "classic", "vintage", "hand drawn", "nostalgic", "ink"),
        Style.WATERCOLOR: (
            *("watercolor", "watercolour", "soft colors", "pastel"),
            *("painterly", "painting", "oil", "gouache", "brush strokes"),
        ),
    },
    grammar.STYLES,
)
"""The six styles; anything painted becomes a watercolour."""

HAIR_COLOURS = _words(
    {
        Hair.BLONDE: ("blond", "golden", "gold", "fair", "flaxen", "yellow", "sandy", "straw"),
        Hair.BROWN: ("chestnut", "brunette", "hazel", "auburn brown", "mousy", "tan"),
        Hair.BLACK: ("dark", "raven", "ebony", "jet"),
        Hair.RED: (
            *("ginger", "orange", "auburn", "copper", "rust", "russet", "strawberry", "fiery"),
        ),
        Hair.GREY: ("gray", "silver", "silvery", "greying", "graying"),
        Hair.WHITE: ("snowy", "snow white", "cream"),
        Hair.BLUE: ("teal", "turquoise", "green", "aqua"),
        Hair.PINK: ("purple", "violet", "magenta", "lilac", "rose"),
    }
)

HAIR_STYLES = _words(
    {
        HairStyle.SHORT: ("cropped", "bob", "bobbed", "pixie", "crew cut", "buzz cut", "bald"),
        HairStyle.LONG: ("flowing", "waist length", "straight", "loose", "shoulder length"),
        HairStyle.CURLY: ("curl", "wavy", "waves", "frizzy", "afro", "ringlet"),
        HairStyle.BRAIDED: ("braid", "plait", "plaited", "pigtail"),
        HairStyle.BUN: ("chignon", "topknot", "updo", "pinned up"),
        HairStyle.PONYTAIL: ("pony tail", "tied back"),
        HairStyle.SPIKY: ("messy", "tousled", "wild", "unruly", "untidy", "mohawk"),
    }
)

FURS = _words(
    {
        Fur.ORANGE: ("red", "ginger", "russet", "rust", "copper", "auburn", "fiery"),
        Fur.BROWN: ("chestnut", "chocolate", "hazel", "tan", "dark brown"),
        Fur.GREY: ("gray", "silver", "silvery", "blue grey"),
        Fur.WHITE: ("cream", "snowy", "snow white", "ivory", "pale"),
        Fur.BLACK: ("dark", "ebony", "jet"),
        Fur.GOLDEN: ("gold", "yellow", "blonde", "blond", "sandy", "honey", "amber", "straw"),
    }
)

EYES = _words(
    {
        Eyes.BLUE: ("turquoise", "aqua", "sapphire", "violet", "purple"),
        Eyes.GREEN: ("emerald", "jade"),
        Eyes.BROWN: ("hazel", "amber", "dark", "black", "golden", "chestnut", "yellow", "orange"),
        Eyes.GREY: ("gray", "silver"),
    }
)

SKIN = _words(
    {
        Skin.PALE: ("fair", "porcelain", "ivory", "white", "ashen", "freckled"),
        Skin.LIGHT: ("peach", "rosy", "pink", "beige", "cream"),
        Skin.TAN: ("tanned", "olive", "golden", "bronze", "medium", "honey", "sandy", "yellow"),
        Skin.BROWN: ("caramel", "chestnut", "cinnamon", "light brown"),
        Skin.DARK: ("black", "ebony", "deep", "dark brown"),
    }
)

CLOTHES = _words(
    {
        Garment.DRESS: (
            *("gown", "frock", "skirt", "pinafore", "sundress", "nightgown", "kimono", "sari"),
            *("apron", "petticoat", "tutu"),
        ),
        Garment.SHIRT: (
            *("blouse", "t shirt", "tshirt", "tee", "top", "vest", "tunic", "uniform"),
            *("waistcoat", "pyjama", "pajama", "shorts", "trousers", "pants", "jeans", "polo"),
            *("breeches", "smock", "nightshirt"),
        ),
        Garment.SWEATER: ("jumper", "hoodie", "pullover", "cardigan", "sweatshirt", "turtleneck"),
        Garment.COAT: (
            *("jacket", "raincoat", "parka", "blazer", "suit", "overcoat", "anorak", "armor"),
            *("armour", "tailcoat"),
        ),
        Garment.OVERALLS: ("dungarees", "jumpsuit", "spacesuit", "space suit", "onesie"),
        Garment.CLOAK: ("cape", "robe", "poncho", "shawl", "hood", "mantle"),
    }
)

COLOURS = _words(
    {
        Colour.RED: ("crimson", "scarlet", "maroon", "ruby", "burgundy", "cherry"),
        Colour.BLUE: (
            *("navy", "teal", "turquoise", "cyan", "azure", "indigo", "denim", "aqua"),
            *("sky blue", "light blue", "dark blue", "cobalt"),
        ),
        Colour.GREEN: (
            *("emerald", "olive", "lime", "mint", "khaki", "jade", "dark green", "light green"),
        ),
        Colour.YELLOW: ("gold", "golden", "mustard", "lemon", "amber"),
        Colour.PURPLE: ("violet", "lilac", "lavender", "plum", "mauve"),
        Colour.ORANGE: ("rust", "peach", "coral", "copper", "apricot"),
        Colour.WHITE: ("cream", "ivory", "silver", "pearl"),
        Colour.BLACK: ("charcoal", "dark", "grey", "gray"),
        Colour.PINK: ("rose", "fuchsia", "magenta", "salmon"),
        Colour.BROWN: ("tan", "beige", "leather", "chocolate", "chestnut", "fur"),
    }
)

HATS = _words(
    {
        Hat.STRAW_HAT: ("sun hat", "sunhat", "hat", "bonnet", "cowboy hat", "farmer hat"),
        Hat.WIZARD_HAT: ("witch hat", "pointed hat", "pointy hat", "magic hat", "wizard's hat"),
        Hat.CROWN: ("tiara", "circlet", "diadem", "coronet", "headdress", "wreath"),
        Hat.CAP: ("baseball cap", "beret", "beanie", "helmet", "woolly hat", "hood up"),
    }
)

FRECKLES, GLASSES, BEARD, SCARF = "freckles", "glasses", "a beard", "a scarf"
FEATURES = table(
    {
        FRECKLES: ("freckled", "freckle"),
        GLASSES: ("spectacles", "round glasses", "goggles", "eyeglasses", "monocle"),
        BEARD: ("beard", "bearded", "moustache", "mustache", "whiskers", "goatee"),
        SCARF: ("scarf", "scarves", "muffler", "neckerchief", "bandana", "kerchief"),
    }
)

COAT_WORDS = table(
    {
        "fur": (
            "furry",
            "fluffy",
            "tail",
            "ear",
            "paw",
            "forepaw",
            "hind leg",
            "whiskers",
            "snout",
            "muzzle",
            "coat",
        )
    }
)
"""The parts of every animal."""

EXPRESSIONS = _words(
    {
        Expression.SMILING: (
            *("smile", "smiled", "happily", "cheerful", "cheerfully", "content", "friendly"),
            *("gentle", "warm", "merry", "glad", "grin", "grinned", "grinning", "proud", "kind"),
            *("hopeful", "playful", "pleased"),
        ),
        Expression.LAUGHING: (
            *("laugh", "laughed", "laughter", "joy", "giggle", "jolly"),
            *("giggled", "delighted", "giggling", "cheers", "cheered", "overjoyed", "gleeful"),
        ),
        Expression.SAD: (
            *("crying", "cry", "cries", "cried", "weeping", "wept", "weep", "tear", "sobbed"),
            *("lonely", "unhappy", "sorrowful", "sadly", "tired", "afraid", "scared", "shy"),
            *("frightened", "anxious", "sobbing", "miserable", "sorrow"),
        ),
        Expression.SURPRISED: (
            *("astonished", "surprise", "shocked", "startled", "wonder", "wondering"),
            *("astonishment", "gasp", "gasped", "amazement", "bewildered"),
        ),
        Expression.ANGRY: (
            *("frown", "furious", "cross", "grumpy", "angrily", "scowling", "anger"),
            *("fierce", "wicked", "rage", "savage"),
        ),
    },
    grammar.EXPRESSIONS,
)

VIEWS = _words(
    {
        View.FRONT: ("facing us", "facing the reader", "from the front"),
        View.THREE_QUARTER: ("three quarter", "turned aside"),
        View.SIDE: ("profile", "from the side", "sideways"),
        View.BACK: (
            *("from behind", "back turned", "turned away", "back to us", "walks away"),
            *("walking away", "seen from the back"),
        ),
    },
    grammar.VIEWS,
)

WAVES = table({Pose.WAVING: ("wave",)})
"""A word that is a pose after a character (`Mia waves`), and the sea anywhere else."""
POSES = _words(
    {
        Pose.STANDING: ("stands", "stood"),
        Pose.WAVING: (
            *(
                "waved",
                "waves to",
                "waves at",
                "waves hello",
                "waves goodbye",
                "wave to",
                "wave at",
            ),
            *("waves her hand", "waves his hand", "beckons", "beckoned", "waving goodbye"),
        ),
        Pose.CHEERING: (
            *("arms raised", "raises her arms", "raises his arms", "hands up", "cheers"),
            *("cheered", "throws up her arms", "throws up his arms", "arms in the air"),
        ),
    },
    grammar.POSES,
)

POSITIONS = _words(
    {
        Position.CENTRE: ("in the centre", "in the center"),
        Position.LEFT: ("at the left", "to the left"),
        Position.RIGHT: ("at the right", "to the right"),
    },
    grammar.POSITIONS,
)

FRAMINGS = _words(
    {
        Framing.CLOSE_UP: ("close up",),
        Framing.HALF_BODY: ("waist up",),
        Framing.FULL_BODY: ("whole body", "head to toe", "from head to toe", "full length"),
    }
)

PLACES = _words(
    {
        Place.PLAIN: ("white background", "portrait background"),
        Place.FOREST: (
            *("forest", "wood", "woods", "tree", "jungle", "grove", "thicket", "woodland"),
            *("clearing", "pine", "oak", "fir", "branch", "bush", "leaf", "leaves", "root"),
            *("trunk", "mushroom", "moss", "fern", "log", "bramble", "twig"),
        ),
        Place.BEACH: (
            *("beach", "sea", "seaside", "ocean", "shore", "sand", "island", "wave", "harbour"),
            *("harbor", "coast", "river", "lake", "pond", "boat", "ship", "stream", "bank"),
            *(
                "water",
                "sail",
                "mast",
                "deck",
                "shell",
                "brook",
                "reed",
                "canal",
                "riverside",
                "pool",
                "sand bank",
                "shoreline",
            ),
        ),
        Place.CASTLE: (
            *("castle", "palace", "kingdom", "tower", "fortress", "throne", "drawbridge", "hall"),
            *("court", "battlement", "turret", "moat", "gate"),
        ),
        Place.BEDROOM: (
            *("bedroom", "bed", "room", "home", "house", "kitchen", "cottage", "hut", "inside"),
            *("fireplace", "hearth", "fireside", "nursery", "parlour", "chamber", "attic"),
            *("school", "classroom", "library", "window", "table", "door", "chair", "floor"),
            *("wall", "stairs", "staircase", "cupboard", "lamp", "candle", "stove", "pillow"),
            *("blanket", "curtain", "shelf", "clock", "cradle", "carpet", "mirror", "fire"),
            *("burrow", "stool", "bench", "ceiling", "cellar", "armchair", "sofa", "furniture"),
            *("pot", "pan", "saucepan", "kettle", "dish", "plate", "cup", "bowl", "spoon", "jug"),
            *("doorstep", "doorway", "hallway", "cave", "den"),
        ),
        Place.CITY: (
            *("city", "town", "street", "market", "village", "shop", "square", "rooftop"),
            *("marketplace", "bridge", "road", "lane", "roof", "chimney", "church", "houses"),
            *(
                "pavement",
                "lantern",
                "carriage",
                "coach",
                "cart",
                "wagon",
                "workshop",
                "tavern",
                "inn",
            ),
        ),
        Place.SNOW: (
            *("snow", "snowy", "ice", "icy", "winter", "mountain", "frozen", "blizzard"),
            *("snowflake", "flake", "glacier", "frost", "icicle", "snowdrift", "sledge", "sleigh"),
        ),
        Place.SPACE: (*("space", "planet", "rocket", "galaxy", "spaceship", "comet", "astronaut"),),
        Place.MEADOW: (
            *("meadow", "field", "garden", "park", "flower", "hill", "farm", "grass", "lawn"),
            *("orchard", "pasture", "hedge", "playground", "prairie", "hillside", "heath"),
            *(
                "rose",
                "daisy",
                "fence",
                "path",
                "corn",
                "cornfield",
                "corn field",
                "hay",
                "valley",
                "countryside",
                "vine",
            ),
            *("barn", "farmyard", "nest", "vineyard", "country", "haystack", "cornfield"),
            *("hill side", "oat", "wheat", "barley", "wayside", "roadside", "warren", "stable"),
        ),
    },
    grammar.PLACES,
)

HINTS = table(
    {
        "a thing": (
            *("bush", "mushroom", "moss", "fern", "log", "bramble", "twig", "root"),
            *("boat", "ship", "sail", "mast", "deck", "shell", "reed", "bridge"),
            *("throne", "drawbridge", "moat", "gate"),
            *("table", "door", "chair", "stairs", "staircase", "cupboard", "lamp", "candle"),
            *("stove", "curtain", "shelf", "clock", "cradle", "carpet", "mirror", "fire"),
            *("fireplace", "hearth", "fireside", "stool", "bench", "ceiling"),
            *("chimney", "church", "lantern", "carriage", "market", "shop"),
            *("sledge", "sleigh", "icicle", "glacier"),
            *("rocket", "spaceship", "comet", "astronaut"),
            *("fence", "corn", "hay", "barn", "path", "nest", "vine", "vineyard", "farmyard"),
            *("haystack", "cornfield", "oat", "wheat", "barley", "warren", "stable", "wayside"),
            *("roadside", "burrow", "armchair", "sofa", "furniture", "pot", "pan", "saucepan"),
            *("kettle", "dish", "plate", "cup", "bowl", "spoon", "jug", "doorstep", "doorway"),
            *("hallway", "cave", "den", "coach", "cart", "wagon", "lightning", "thunder"),
        )
    }
)
"""Words that imply a place, but are not drawn there."""

TIMES = _words(
    {
        Time.DAY: (
            *("day", "sunny", "sunshine", "sunlight", "morning", "noon", "midday", "afternoon"),
            *("sun", "blue sky"),
        ),
        Time.SUNSET: ("sunset", "dusk", "dawn", "sunrise", "twilight"),
        Time.NIGHT: (
            *("night", "midnight", "moonlight", "moonlit", "moon", "star", "starry"),
            *("bedtime", "tonight", "dark", "darkness"),
        ),
    },
    grammar.TIMES,
)

RAIN = table(
    {
        Weather.RAIN: (
            *grammar.RAIN,
            *("rain", "raining", "rained", "drizzle", "shower", "downpour", "puddle", "storm"),
            *("stormy", "thunder", "lightning", "thunderstorm", "raindrop"),
        )
    }
)


def _subjects(others: Sequence[tuple[Age, Gender, tuple[str, ...]]]) -> Table:
    phrases = {(age, gender): grammar.SUBJECTS[age, gender] for age, gender, _ in others}
    return table(
        {phrases[age, gender][0]: (*phrases[age, gender], *words) for age, gender, words in others}
    )


SUBJECTS = _subjects(
    [
        (
            *(Age.CHILD, Gender.FEMALE),
            ("daughter", "sister", "princess", "granddaughter", "maid", "child", "children"),
        ),
        (
            *(Age.CHILD, Gender.MALE),
            ("son", "brother", "prince", "lad", "grandson", "elf", "elves", "imp", "puppet"),
        ),
        (
            *(Age.ADULT, Gender.FEMALE),
            (
                *("women", "mum", "mom", "lady", "queen", "aunt", "wife", "wives", "fairy"),
                *("young woman", "stepmother", "maiden", "nurse", "mrs", "mermaid", "duchess"),
                *("goddess", "empress", "bride", "godmother"),
            ),
        ),
        (
            *(Age.ADULT, Gender.MALE),
            (
                *("men", "dad", "king", "uncle", "husband", "knight", "pirate", "young man"),
                *("hunter", "woodcutter", "captain", "farmer", "soldier", "mr", "emperor"),
                *("tailor", "miller", "carpenter", "sailor", "giant", "huntsman", "ogre"),
                *("fisherman", "shepherd", "minister", "gardener", "gentleman", "angel"),
                *("robot", "scarecrow", "swindler", "servant", "courtier", "fool"),
                *("shoemaker", "cobbler", "baker", "blacksmith", "butcher", "teacher", "doctor"),
                *("merchant", "hatter", "cook", "peasant", "wood cutter", "beggar", "thief"),
            ),
        ),
        (
            *(Age.ELDER, Gender.FEMALE),
            ("grandma", "granny", "witch", "witches", "nana", "crone", "hag"),
        ),
        (
            *(Age.ELDER, Gender.MALE),
            ("grandpa", "wizard", "grandad", "gnome", "dwarf", "dwarfs", "dwarves", "troll"),
        ),
    ]
)
"""People, and the beings that are drawn as people."""

BODY = table(
    {
        "a body": (
            *("head", "neck", "shoulder", "arm", "elbow", "hand", "finger", "back", "leg", "foot"),
            *("feet", "toe", "nose", "mouth", "lip", "cheek", "chin", "ear", "eyebrow", "throat"),
            *("body", "figure", "face", "eye", "hair", "skin", "heel", "shoe", "clothes"),
            *("clothing", "sky"),
        )
    }
)
"""Parts of every character, and the sky; shoes are the same for all."""

EVERYBODY = union(SUBJECTS, KINDS)
"""The words that may name a character of a scene."""

BEINGS: frozenset[str] = frozenset(
    {
        *("elf", "elves", "imp", "puppet", "fairy", "mermaid", "goddess", "giant", "ogre", "angel"),
        *("robot", "scarecrow", "gnome", "dwarf", "dwarfs", "dwarves", "troll"),
    }
)
"""The beings among those words, which are drawn as people; the job reports them."""

HUMAN = frozenset(
    {"", "human", "person", "people", "child", "kid", "human being", "woman", "man", "girl", "boy"}
)
"""The species that are drawn as people."""
