"""The words of the caption grammar that the storybook checkpoint was trained on.

Each table maps a word of the grammar to the free words that mean it. The grammar's own words
come from the captions of the training pictures; nothing else can be drawn.
"""

from actors.storybook.table import table

STYLES = table(
    {
        "3d render": ("3d", "3d rendered", "pixar", "computer generated", "cgi", "clay"),
        "anime style": ("anime", "manga", "japanese animation"),
        "cartoon style": ("cartoon", "comic", "flat", "simple shapes"),
        "realistic style": ("realistic", "photo", "photorealistic", "lifelike"),
        "storybook style": ("storybook", "classic", "vintage", "hand drawn", "nostalgic", "ink"),
        "watercolor style": (
            *("watercolor", "watercolour", "soft colors", "pastel"),
            *("painterly", "painting", "oil", "gouache", "brush strokes"),
        ),
    }
)
"""The six styles it knows; whatever is painted becomes a watercolour."""

HAIR_COLOURS = table(
    {
        "blonde": ("blond", "golden", "fair", "flaxen", "yellow", "sandy", "straw"),
        "brown": ("chestnut", "brunette", "hazel", "auburn brown", "mousy", "tan"),
        "black": ("dark", "raven", "ebony", "jet"),
        "red": ("ginger", "orange", "auburn", "copper", "rust", "russet", "strawberry", "fiery"),
        "grey": ("gray", "silver", "silvery", "greying", "graying"),
        "white": ("snowy", "snow white", "cream"),
        "blue": ("teal", "turquoise", "green", "aqua"),
        "pink": ("purple", "violet", "magenta", "lilac", "rose"),
    }
)

HAIR_STYLES = table(
    {
        "short": ("cropped", "bob", "bobbed", "pixie", "crew cut", "buzz cut", "chin length"),
        "long": ("flowing", "waist length", "straight", "loose", "shoulder length"),
        "curly": ("curls", "wavy", "waves", "frizzy", "afro", "ringlets"),
        "braided": ("braid", "braids", "plait", "plaits", "plaited", "pigtails", "pigtail"),
        "bun": ("chignon", "topknot", "updo", "pinned up"),
        "ponytail": ("pony tail", "tied back"),
        "spiky": ("messy", "tousled", "wild", "unruly", "untidy", "mohawk"),
    }
)

EYES = table(
    {
        "blue": ("turquoise", "aqua", "sapphire", "violet", "purple"),
        "green": ("emerald", "jade"),
        "brown": ("hazel", "amber", "dark", "black", "golden", "chestnut", "yellow", "orange"),
        "grey": ("gray", "silver"),
    }
)

SKIN = table(
    {
        "pale": ("fair", "porcelain", "ivory", "white", "ashen", "freckled"),
        "light": ("peach", "rosy", "pink", "beige", "cream"),
        "tan": ("tanned", "olive", "golden", "bronze", "medium", "honey", "sandy", "yellow"),
        "brown": ("caramel", "chestnut", "cinnamon", "light brown"),
        "dark": ("black", "ebony", "deep", "dark brown"),
    }
)

CLOTHES = table(
    {
        "dress": (
            *("gown", "frock", "skirt", "pinafore", "sundress", "nightgown", "kimono", "sari"),
            *("apron", "petticoat", "tutu"),
        ),
        "shirt": (
            *("blouse", "t shirt", "tshirt", "tee", "top", "vest", "tunic", "uniform", "waistcoat"),
            *("pyjamas", "pajamas", "shorts", "trousers", "pants", "jeans", "polo"),
        ),
        "sweater": ("jumper", "hoodie", "pullover", "cardigan", "sweatshirt", "turtleneck"),
        "coat": (
            *("jacket", "raincoat", "parka", "blazer", "suit", "overcoat", "anorak", "armor"),
            *("armour", "tailcoat"),
        ),
        "overalls": ("dungarees", "jumpsuit", "spacesuit", "space suit", "onesie"),
        "cloak": ("cape", "robe", "robes", "poncho", "shawl", "hood", "mantle"),
    }
)

COLOURS = table(
    {
        "red": ("crimson", "scarlet", "maroon", "ruby", "burgundy", "cherry"),
        "blue": (
            *("navy", "teal", "turquoise", "cyan", "azure", "indigo", "denim", "aqua"),
            *("sky blue", "light blue", "dark blue", "cobalt"),
        ),
        "green": ("emerald", "olive", "lime", "mint", "khaki", "jade", "dark green", "light green"),
        "yellow": ("gold", "golden", "mustard", "lemon", "amber"),
        "purple": ("violet", "lilac", "lavender", "plum", "mauve"),
        "orange": ("rust", "peach", "coral", "copper", "apricot"),
        "white": ("cream", "ivory", "silver", "pearl"),
        "black": ("charcoal", "dark", "grey", "gray"),
        "pink": ("rose", "fuchsia", "magenta", "salmon"),
        "brown": ("tan", "beige", "leather", "chocolate", "chestnut", "fur"),
    }
)

HATS = table(
    {
        "straw hat": ("sun hat", "sunhat", "hat", "bonnet", "cowboy hat", "farmer hat"),
        "wizard hat": ("witch hat", "pointed hat", "pointy hat", "magic hat", "wizard's hat"),
        "crown": ("tiara", "circlet", "diadem", "coronet"),
        "cap": ("baseball cap", "beret", "beanie", "helmet", "woolly hat", "hood up"),
    }
)

FEATURES = table(
    {
        "freckles": ("freckled", "freckle"),
        "glasses": ("spectacles", "round glasses", "goggles", "eyeglasses", "monocle"),
        "a beard": ("beard", "bearded", "moustache", "mustache", "whiskers", "goatee"),
    }
)

EXPRESSIONS = table(
    {
        "smiling": (
            *("smile", "smiles", "smiled", "happy", "happily", "cheerful", "cheerfully", "content"),
            *("gentle", "warm", "merry", "glad", "grin", "grins", "grinned", "grinning", "proud"),
            *("hopeful", "playful"),
        ),
        "laughing": (
            *("laugh", "laughs", "laughed", "laughter", "joyful", "joy", "excited", "giggles"),
            *("giggled", "delighted", "giggling", "cheers", "cheered"),
        ),
        "sad": (
            *("worried", "crying", "cry", "cries", "cried", "weeping", "wept", "weeps", "tears"),
            *("lonely", "unhappy", "sorrowful", "sadly", "tired", "afraid", "scared"),
            *("frightened", "anxious"),
        ),
        "surprised": (
            *("amazed", "astonished", "surprise", "shocked", "startled", "wonder", "wondering"),
            *("astonishment", "gasps", "gasped"),
        ),
        "angry": (
            *("frowning", "frown", "furious", "cross", "grumpy", "angrily", "scowling", "anger"),
            *("fierce", "wicked"),
        ),
    }
)

PLACES = table(
    {
        "plain background": ("simple background", "white background", "portrait background"),
        "in a forest": (
            *("forest", "forests", "wood", "woods", "trees", "tree", "jungle", "grove", "thicket"),
            *("woodland", "clearing", "pines", "oak"),
        ),
        "at the beach": (
            *("beach", "sea", "seaside", "ocean", "shore", "sand", "island", "waves", "harbour"),
            *("harbor", "coast", "river", "lake", "pond", "boat", "ship"),
        ),
        "in front of a castle": (
            *("castle", "palace", "kingdom", "tower", "fortress", "throne", "drawbridge", "hall"),
        ),
        "in a bedroom": (
            *("bedroom", "bed", "room", "home", "house", "indoors", "kitchen", "cottage", "hut"),
            *("fireplace", "hearth", "fireside", "nursery", "parlour", "chamber", "attic"),
            *("school", "classroom", "library", "window", "table"),
        ),
        "in a city": (
            *("city", "town", "street", "streets", "market", "village", "shop", "square"),
            *("rooftops", "marketplace", "bridge"),
        ),
        "in the snow": (
            *("snow", "snowy", "ice", "icy", "winter", "mountain", "mountains", "frozen"),
            *("blizzard", "snowflakes", "glacier", "frost"),
        ),
        "in space": (
            *("space", "outer space", "on the moon", "planet", "rocket", "galaxy", "spaceship"),
        ),
        "in a meadow": (
            *("meadow", "meadows", "field", "fields", "garden", "park", "flowers", "hill"),
            *("hills", "farm", "grass", "lawn", "orchard", "pasture", "hedge", "playground"),
        ),
    }
)

TIMES = table(
    {
        "during the day": (
            *("day", "daytime", "sunny", "sunny day", "sunshine", "sunlight", "morning", "noon"),
            *("midday", "afternoon", "sun"),
        ),
        "at sunset": (
            *("sunset", "dusk", "dawn", "sunrise", "evening", "twilight", "golden hour"),
        ),
        "at night": (
            *("night", "nighttime", "midnight", "moonlight", "moonlit", "moon", "stars", "starry"),
            *("under the stars", "bedtime", "tonight", "dark"),
        ),
    }
)

TRAITS = table(
    {
        "brave": ("bold", "courageous", "daring", "fearless", "heroic", "adventurous"),
        "kind": ("gentle", "caring", "generous", "loving", "warm"),
        "curious": ("inquisitive", "nosy", "thoughtful"),
        "cute": ("sweet", "little", "adorable", "tiny", "small"),
        "friendly": ("cheerful", "playful", "happy", "merry", "jolly"),
        "clever": ("smart", "wise", "cunning", "bright", "witty"),
    }
)
"""The adjectives that stood before a person in the captions; none of them changes a drawing."""

GIRL = "young girl"
BOY = "young boy"

SUBJECTS = table(
    {
        GIRL: ("girl", "little girl", "daughter", "sister", "princess", "granddaughter"),
        BOY: ("boy", "little boy", "son", "brother", "prince", "lad", "grandson"),
        "teenage girl": ("teen girl",),
        "teenage boy": ("teen boy",),
        "woman": (
            *("mother", "mum", "mom", "lady", "queen", "aunt", "wife", "fairy", "young woman"),
            *("stepmother", "maiden"),
        ),
        "man": (
            *("father", "dad", "king", "uncle", "husband", "knight", "pirate", "young man"),
            *("hunter", "woodcutter", "captain", "farmer", "soldier"),
        ),
        "old woman": ("elderly woman", "grandmother", "grandma", "granny", "witch", "nana"),
        "old man": ("elderly man", "grandfather", "grandpa", "wizard", "grandad", "gnome"),
    }
)

FUR = table(
    {
        "red": ("fox", "squirrel", "orangutan", "tiger"),
        "brown": (
            *("bear", "dog", "puppy", "hedgehog", "deer", "horse", "owl", "mouse", "monkey"),
            *("lion", "beaver", "otter", "donkey", "hare"),
        ),
        "white": ("rabbit", "bunny", "sheep", "lamb", "goose", "duck", "swan", "unicorn"),
        "grey": ("cat", "kitten", "wolf", "elephant", "rat", "badger", "koala"),
        "black": ("crow", "raven", "penguin", "panda", "bat"),
        "pink": ("pig", "piglet"),
        "blonde": ("chick", "hamster", "giraffe"),
        "blue": ("dragon", "robot", "alien", "frog", "fish"),
    }
)
"""The colour of hair that stands for an animal's coat: the checkpoint draws people only."""

HUMAN = frozenset(
    {"", "human", "person", "people", "child", "kid", "human being", "woman", "man", "girl", "boy"}
)
"""The species that are drawn as what they are."""
