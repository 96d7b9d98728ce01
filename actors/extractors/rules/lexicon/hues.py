"""Colours and patterns by their words, and what has none."""

COLOURS = frozenset(
    {
        *("red", "blue", "green", "yellow", "purple", "orange", "white", "black", "pink"),
        *("brown", "grey", "gray", "gold", "golden", "silver", "silvery", "violet"),
        *("lilac", "lavender", "turquoise", "teal", "navy", "scarlet", "crimson", "maroon"),
        *("ruby", "emerald", "olive", "lime", "mint", "amber", "copper", "bronze", "cream"),
        *("ivory", "beige", "tan", "khaki", "coral", "peach", "apricot", "mustard"),
        *("lemon", "indigo", "magenta", "rose-pink", "rosy", "blonde", "blond", "ginger"),
        *("auburn", "chestnut", "russet", "ebony", "raven", "snow-white", "jet-black"),
        *("rust", "rusty", "fawn", "hazel", "mahogany", "plum", "cherry", "charcoal"),
        *("azure", "aquamarine", "salt-and-pepper", "multicoloured", "rainbow-coloured"),
        *("colourful", "striped", "spotted", "checked", "dotted", "tartan", "patterned"),
        *("plaid", "polka-dot", "stripy", "spotty", "speckled", "dappled", "flowery"),
        *("floral", "chequered", "reddish", "bluish", "greenish", "yellowish", "brownish"),
        *("greyish", "whitish", "blackish", "pinkish", "purplish", "two-tone", "zigzag"),
        *("brindled", "mottled", "piebald", "tabby", "sooty", "milky", "pearly", "jade"),
        *("sapphire", "tawny", "sandy", "strawberry-blonde", "vermilion", "ochre", "sepia"),
        *("taupe", "burgundy", "fuchsia", "mauve", "cyan", "black-and-white"),
        *("rainbow-striped", "streaked", "flecked", "dotty", "fair", "cerise", "sienna", "umber"),
        *("puce", "claret", "cobalt", "ultramarine", "periwinkle", "brassy", "gingery"),
        *("carroty", "stripey", "polka-dotted", "gingham", "paisley", "pinstriped", "checkered"),
        *("leopard-print", "tie-dyed", "zebra-striped", "brunette", "skewbald", "greeny"),
        *("yellowy", "bluey", "browny", "purply", "orangey", "pinky-red", "tortoiseshell"),
    }
)
"""Words for colours and patterns."""

PATTERNS = frozenset(
    {
        *("striped", "spotted", "checked", "dotted", "speckled", "patterned", "dappled"),
        *("mottled", "chequered", "stripy", "streaked", "flecked"),
    }
)
"""Patterns, whose colours may follow them: `striped with crimson`."""

LIKENED = frozenset(
    {
        *("coal", "snow", "pitch", "jet", "ash", "blood", "sky", "lemon", "rose", "milk", "ink"),
        *("grass", "leaf", "moss", "bottle", "pea", "brick", "cherry", "ruby", "navy"),
        *("midnight", "ice", "sea", "emerald", "butter", "mustard", "chestnut", "chocolate"),
        *("nut", "raven", "pillar-box", "sulphur", "steel", "slate", "dove", "pearl", "peacock"),
        *("apple", "lime", "soot", "plum", "canary", "buttercup", "primrose", "daffodil"),
        *("honey", "straw", "sand", "ivory", "cream", "chalk", "charcoal", "smoke", "gunmetal"),
        *("mouse", "pewter", "silver", "tomato", "fire", "flame", "rust", "poppy", "salmon"),
        *("coral", "flamingo", "bubblegum", "raspberry", "strawberry", "wine", "beetroot"),
        *("aubergine", "violet", "lavender", "lilac", "heather", "cornflower", "forget-me-not"),
        *("royal", "cobalt", "sapphire", "duck-egg", "baby", "electric", "petrol", "ocean"),
        *("lagoon", "jade", "olive", "avocado", "pistachio", "mint", "sage", "fern", "pine"),
        *("forest", "racing", "coffee", "cocoa", "toffee", "caramel", "cinnamon", "tea", "toast"),
        *("mud", "earth", "copper", "bronze", "gold", "amber", "turquoise", "candy", "sugar"),
        *("powder", "shocking", "hot", "acid", "dawn", "sunset", "storm", "iron", "lead", "tin"),
        *("bone", "clay", "fox", "ginger", "wheat", "corn", "banana", "tangerine", "pumpkin"),
        *("carrot", "brass", "marigold", "lettuce", "spinach", "cabbage", "parrot", "teal"),
        *("ebony", "crow", "liver", "tobacco", "walnut", "oak", "frost", "ghost", "lily"),
        *("paper", "linen"),
    }
)
"""What a colour is likened to: `coal black`."""

SHADES = LIKENED | frozenset(
    {
        *("dark", "light", "pale", "bright", "deep", "soft", "dull", "faded", "dusty"),
        *("slate", "pearl", "moss", "raspberry", "emerald", "ruby", "canary", "lime"),
        *("mint", "dove", "steel", "ice", "chocolate", "silver", "copper", "gold", "brick"),
        *("tomato", "forest", "neon", "pure", "warm", "cool", "vivid", "rich", "sky"),
        *("sea", "grass", "snow", "sunny", "midnight", "blood", "coal", "apple", "bottle"),
        *("navy", "royal", "baby", "lemon", "rose", "cherry", "straw", "honey", "milk"),
        *("jet", "sandy", "ash", "dirty", "icy", "fiery", "buttery", "creamy", "inky"),
        *("mossy", "rusty", "smoky", "pearly", "golden", "silvery"),
    }
)
"""Words that modify the colour after them."""

GROWN = frozenset(
    {
        *("plum", "cherry", "peach", "apricot", "lemon", "lime", "olive", "chestnut"),
        *("orange", "mint", "mustard", "cream", "ginger", "hazel", "rose", "lavender"),
        *("lilac", "violet", "coral", "mahogany", "rust", "copper", "ruby", "emerald"),
        "amber",
    }
)
"""Colours that are also plants, food and the like: a `plum tree` has no colour."""

GROWING = frozenset(
    {
        *("tree", "branch", "twig", "leaf", "bush", "stone", "pip", "orchard", "blossom"),
        *("grove", "flower", "bunch", "bouquet", "field", "garden", "juice", "tart", "pie"),
        *("jam", "cake", "tea", "sauce", "pot", "jar", "biscuit", "bun", "bread"),
        *("ice-cream", "ice", "sorbet", "peel", "skin", "crumble", "cheese", "soup"),
        *("pudding", "reef", "mine", "ring", "necklace", "wood", "oil", "squash", "slice"),
        *("segment", "shell", "nut", "bean", "seed", "sprig", "crop"),
    }
)
"""What grows or is eaten, so that a fruit's name before it is no colour."""

COLOURED_ORANGE = frozenset(
    {
        *("leaf", "flower", "pot", "jar", "skin", "ring", "necklace", "shell", "stone", "wood"),
        *("biscuit", "bun", "ice-cream", "ice", "soup", "cheese", "field", "bush", "branch"),
    }
)
"""What is orange rather than grows or is made of oranges."""

HAIR_ONLY = frozenset(
    {
        *("fair", "raven", "fawn", "hazel", "ginger", "auburn", "chestnut", "sandy"),
    }
)
"""Colours that are said of hair, fur and eyes only."""

HAIRY = frozenset(
    {
        *("whisker", "whiskers", "sideburns"),
        *("hair", "fur", "coat", "curl", "plait", "braid", "pigtail", "ponytail", "mane"),
        *("tail", "beard", "moustache", "eye", "eyebrow", "feather", "head", "bun"),
        *("fringe", "lock", "horse", "pony", "cat", "kitten", "dog", "fox", "hen", "mare"),
        *("foal", "puppy", "cow", "calf", "squirrel", "skin", "paint", "wool"),
    }
)
"""What such a colour is said of."""

MATERIALS = frozenset(
    {
        *("silk", "velvet", "wool", "cotton", "linen", "satin", "felt", "leather", "fur"),
        *("lace", "tweed", "wood", "stone", "brick", "glass", "marble", "paper", "tin"),
        *("gold", "silver", "copper", "bronze", "brass", "ebony", "ivory", "ink", "ribbon"),
        *("cloth", "feather", "straw", "plush", "denim", "corduroy", "gauze", "paint"),
        *("oak", "wax"),
    }
)
"""What things are made of: a `cap of red velvet` is red."""

AMOUNTS = frozenset(
    {
        *("bag", "pot", "piece", "coin", "chest", "sack", "box", "heap", "pile", "bar"),
        *("lump", "thread", "skein", "ball", "roll", "bolt", "drop", "splash", "spot"),
        *("blob", "patch", "cup", "bucket", "tin", "pinch", "scrap", "strip", "streak"),
        *("band", "stripe", "dash", "touch", "shade", "sea", "line", "row", "bunch"),
        *("flock", "pair"),
    }
)
"""Amounts of something, whose colour is that of what they are of."""

UNCOLOURED = frozenset(
    {
        *("spring", "summer", "autumn", "winter", "season"),
        *("time", "day", "week", "month", "year", "mood", "thought", "news", "rule"),
        *("lie", "name", "word", "idea", "age", "while", "way", "chance"),
        *("opportunity", "power", "magic", "hour", "today", "tomorrow", "morning"),
        *("afternoon", "ticket-holder", "tooth-fairy"),
    }
)
"""Nouns that have no colour."""
