"""Words for looks: hair, coats, eyes, skin, clothes and what is worn with them."""

from actors.storybook.attributes import Colour, Eyes, Fur, Garment, Hair, HairStyle, Hat, Skin
from actors.storybook.table import table

HAIR_COLOURS = table(
    {
        Hair.BLONDE: ("blond", "golden", "gold", "fair", "flaxen", "yellow"),
        Hair.BROWN: ("chestnut", "brunette"),
        Hair.BLACK: ("raven", "ebony", "jet black", "raven black", "dark"),
        Hair.RED: ("ginger", "auburn", "copper", "rust", "russet", "fiery", "fiery red"),
        Hair.GREY: ("gray", "silver", "silvery", "greying", "graying", "silver grey"),
        Hair.WHITE: ("snowy", "snow white"),
        Hair.BLUE: (),
        Hair.PINK: (),
    },
    {
        Hair.BLONDE: ("sandy", "straw", "strawberry blonde", "strawberry blond", "platinum"),
        Hair.BROWN: ("hazel", "auburn brown", "mousy", "tan", "mahogany", "bronze"),
        Hair.BLACK: ("charcoal",),
        Hair.RED: ("orange", "strawberry", "maroon", "scarlet", "crimson"),
        Hair.GREY: ("salt and pepper", "ash", "ashen"),
        Hair.WHITE: ("cream",),
        Hair.BLUE: ("teal", "turquoise", "green", "aqua", "navy", "indigo"),
        Hair.PINK: ("purple", "violet", "magenta", "lilac", "rose", "lavender"),
    },
)

HAIR_STYLES = table(
    {
        HairStyle.SHORT: ("cropped", "bob", "bobbed", "pixie", "pixie cut"),
        HairStyle.LONG: ("flowing", "waist length", "straight", "loose", "long straight"),
        HairStyle.CURLY: ("curl", "wavy", "waves", "frizzy", "ringlet"),
        HairStyle.BRAIDED: ("braid", "plait", "plaited", "pigtail"),
        HairStyle.BUN: ("topknot", "pinned up", "chignon"),
        HairStyle.PONYTAIL: ("pony tail", "tied back"),
        HairStyle.SPIKY: ("messy", "tousled", "wild", "unruly", "untidy"),
    },
    {
        HairStyle.SHORT: ("crew cut", "buzz cut", "shaved", "bald", "balding", "hairless"),
        HairStyle.LONG: ("shoulder length",),
        HairStyle.CURLY: ("afro", "dreadlock"),
        HairStyle.BUN: ("updo",),
        HairStyle.SPIKY: ("mohawk",),
    },
)
HAIR_LENGTHS = frozenset({HairStyle.SHORT, HairStyle.LONG})
"""The styles that say only how long hair is; another style beside them counts for more."""
LONG_STYLES = frozenset({HairStyle.LONG, HairStyle.BRAIDED, HairStyle.BUN, HairStyle.PONYTAIL})
"""The styles of long hair; all others are of short hair."""
HAIR_NOUNS = frozenset(
    {
        *("hair", "curl", "curls", "ringlets", "braid", "braids", "plait", "plaits", "bun"),
        *("pigtail", "pigtails", "ponytail", "topknot", "fringe", "bald", "afro", "dreadlocks"),
    }
)
"""The words that a feature has if it is about hair."""

FURS = table(
    {
        Fur.ORANGE: ("red", "ginger", "russet", "rust", "copper", "auburn", "fiery"),
        Fur.BROWN: ("chestnut", "chocolate"),
        Fur.GREY: ("gray", "silver", "silvery"),
        Fur.WHITE: ("snowy", "snow white"),
        Fur.BLACK: ("ebony", "jet black"),
        Fur.GOLDEN: ("gold", "yellow", "blonde", "blond", "honey", "sandy"),
    },
    {
        Fur.BROWN: ("hazel", "tan"),
        Fur.GREY: ("blue grey", "blue"),
        Fur.WHITE: ("cream", "ivory", "pale", "pink"),
        Fur.BLACK: ("dark", "charcoal"),
        Fur.GOLDEN: ("amber", "straw", "green"),
    },
)

EYES = table(
    {
        Eyes.BLUE: ("sapphire",),
        Eyes.GREEN: ("emerald", "jade"),
        Eyes.BROWN: ("dark", "chestnut"),
        Eyes.GREY: ("gray",),
    },
    {
        Eyes.BLUE: ("turquoise", "aqua", "violet", "purple"),
        Eyes.BROWN: ("hazel", "amber", "black", "golden", "yellow", "orange", "red"),
        Eyes.GREY: ("silver",),
    },
)

SKIN = table(
    {
        Skin.PALE: ("fair", "porcelain", "ivory", "white"),
        Skin.LIGHT: ("peach", "rosy"),
        Skin.TAN: ("tanned", "olive", "bronze", "medium"),
        Skin.BROWN: ("chestnut", "cinnamon", "medium brown"),
        Skin.DARK: ("black", "ebony", "deep", "dark brown", "deep brown"),
    },
    {
        Skin.PALE: ("ashen", "grey", "blue", "green"),
        Skin.LIGHT: ("pink", "beige", "cream"),
        Skin.TAN: ("golden", "honey", "sandy", "yellow"),
        Skin.BROWN: ("caramel", "light brown", "red"),
    },
)

CLOTHES = table(
    {
        Garment.DRESS: ("gown", "frock", "sundress"),
        Garment.SHIRT: ("blouse",),
        Garment.SWEATER: ("jumper", "pullover"),
        Garment.COAT: ("jacket", "overcoat"),
        Garment.OVERALLS: ("dungarees",),
        Garment.CLOAK: ("cape", "mantle"),
    },
    {
        Garment.DRESS: (
            *("skirt", "pinafore", "nightgown", "kimono", "sari", "apron", "petticoat", "tutu"),
            *("nightdress", "ball gown", "ballgown", "wedding dress"),
        ),
        Garment.SHIRT: (
            *("t shirt", "tshirt", "tee", "top", "vest", "tunic", "uniform", "nightshirt"),
            *("waistcoat", "pyjama", "pajama", "polo", "smock", "swimsuit", "nightclothes"),
        ),
        Garment.SWEATER: ("hoodie", "cardigan", "sweatshirt", "turtleneck"),
        Garment.COAT: (
            *("raincoat", "parka", "blazer", "suit", "anorak", "armor", "armour", "tailcoat"),
            *("dressing gown", "bathrobe"),
        ),
        Garment.OVERALLS: ("jumpsuit", "spacesuit", "space suit", "onesie"),
        Garment.CLOAK: ("robe", "poncho", "shawl", "hood"),
    },
)

LOWER = frozenset({"skirt", "petticoat", "apron", "tutu", "vest", "petticoats", "skirts"})
"""The garments that are drawn only where nothing else is worn."""

SHOES, SOCKS, TROUSERS = "shoes", "socks", "trousers"
UNDERNEATH = table({SHOES: ("shoe",), SOCKS: ("sock",), TROUSERS: ("trouser", "pants", "jeans")})
"""What everybody has on, in one colour: trousers, and under a dress socks instead."""

COLOURS = table(
    {
        Colour.RED: ("scarlet", "bright red"),
        Colour.BLUE: ("bright blue",),
        Colour.GREEN: ("bright green",),
        Colour.YELLOW: ("bright yellow",),
        Colour.PURPLE: ("violet",),
        Colour.ORANGE: ("bright orange",),
        Colour.WHITE: ("snow white",),
        Colour.BLACK: ("jet black",),
        Colour.PINK: ("bright pink",),
        Colour.BROWN: (),
    },
    {
        Colour.RED: ("crimson", "maroon", "ruby", "burgundy", "cherry"),
        Colour.BLUE: (
            *("navy", "teal", "turquoise", "cyan", "azure", "indigo", "denim", "aqua", "cobalt"),
            *("sky blue", "navy blue", "aquamarine"),
        ),
        Colour.GREEN: ("emerald", "olive", "lime", "mint", "khaki", "jade"),
        Colour.YELLOW: ("gold", "golden", "mustard", "lemon", "amber"),
        Colour.PURPLE: ("lilac", "lavender", "plum", "mauve"),
        Colour.ORANGE: ("rust", "peach", "coral", "copper", "apricot"),
        Colour.WHITE: ("cream", "ivory", "silver", "pearl"),
        Colour.BLACK: ("charcoal", "dark", "grey", "gray"),
        Colour.PINK: ("rose", "fuchsia", "magenta", "salmon"),
        Colour.BROWN: ("tan", "beige", "leather", "chocolate", "chestnut", "fur"),
    },
)

SHADES = frozenset(
    {
        *("dark", "light", "pale", "bright", "deep", "soft", "dull", "faded", "dusty", "warm"),
        *("cool", "vivid", "rich", "sky", "sea", "midnight", "blood", "coal", "bottle", "royal"),
        *("baby", "navy", "honey", "ash", "dirty", "icy", "sandy", "golden", "silvery", "rosy"),
        *("reddish", "bluish", "greenish", "yellowish", "brownish", "greyish", "pinkish"),
        *("strawberry", "platinum", "mousy", "smoky", "fiery", "apple", "mint", "olive", "lemon"),
    }
)
"""Words that change the colour after them: the grammar has the colour alone."""

VIVID = frozenset({"bright", "vivid"})
"""The ones that leave the colour as it is drawn."""

PATTERNS = frozenset(
    {
        *("striped", "stripy", "stripe", "stripes", "spotted", "spotty", "spots", "dotted"),
        *("checked", "chequered", "tartan", "plaid", "patterned", "flowery", "floral", "dots"),
        *("flowered", "colourful", "colorful", "multicoloured", "multicolored", "rainbow"),
        *("polka", "dot", "patchwork", "speckled"),
    }
)
"""Patterns, which cannot be drawn."""

HATS = table(
    {
        Hat.STRAW_HAT: (),
        Hat.WIZARD_HAT: (),
        Hat.CROWN: (),
        Hat.CAP: ("baseball cap",),
    },
    {
        Hat.STRAW_HAT: (
            *("sun hat", "sunhat", "hat", "bonnet", "cowboy hat", "farmer hat", "top hat"),
            *("headscarf", "turban"),
        ),
        Hat.WIZARD_HAT: ("witch hat", "pointed hat", "pointy hat", "magic hat"),
        Hat.CROWN: ("tiara", "circlet", "diadem", "coronet", "headdress", "wreath"),
        Hat.CAP: ("beret", "beanie", "helmet", "woolly hat", "hood up", "nightcap"),
    },
)
HAT_COLOURS = {
    Hat.STRAW_HAT: frozenset({Colour.YELLOW}),
    Hat.WIZARD_HAT: frozenset({Colour.PURPLE, Colour.BLUE}),
    Hat.CROWN: frozenset({Colour.YELLOW}),
    Hat.CAP: frozenset({Colour.GREEN, Colour.BLUE}),
}
"""The colours by which the only colour of a hat may be called."""

UNDERNEATH_COLOURS = {
    SHOES: frozenset({Colour.BROWN}),
    SOCKS: frozenset({Colour.WHITE}),
    TROUSERS: frozenset({Colour.BLUE}),
}
SCARF_COLOURS = frozenset({Colour.RED, Colour.WHITE})

FRECKLES, GLASSES, BEARD, SCARF = "freckles", "glasses", "a beard", "a scarf"
FEATURES = table(
    {
        FRECKLES: ("freckled", "freckle"),
        GLASSES: ("spectacles", "round glasses", "round spectacles", "eyeglasses"),
        BEARD: ("beard", "bearded", "long beard"),
        SCARF: ("scarf", "scarves"),
    },
    {
        GLASSES: ("goggles", "monocle", "sunglasses"),
        BEARD: ("moustache", "mustache", "whiskers", "goatee"),
        SCARF: ("muffler", "neckerchief", "bandana", "kerchief"),
    },
)

COAT_WORDS = table(
    {
        "fur": (
            *("furry", "fluffy", "tail", "bushy tail", "ear", "paw", "forepaw", "hind leg"),
            *("whiskers", "snout", "muzzle", "coat"),
        )
    }
)
"""The parts of every animal."""

VAGUE = frozenset(
    {
        *("big", "small", "little", "great", "large", "old", "new", "favourite", "favorite"),
        *("pretty", "beautiful", "lovely", "nice", "good", "fine", "simple", "plain", "warm"),
        *("cozy", "cosy", "own", "whole", "deep", "wide", "quiet", "nearby", "far", "best", "dear"),
        *("bright", "clean", "soft", "kind", "everyday", "usual", "same", "shiny", "neat"),
    }
)
"""Words before a noun that change nothing a picture of this kind could show."""
