"""Nouns in their base form, by what they mean to a picture."""

from actors.extractors.rules.lexicon.attire import ATTIRE, ATTIRE_IN_PAIRS
from actors.extractors.rules.lexicon.beings import MORE_ANIMALS, MORE_PEOPLE
from actors.extractors.rules.lexicon.sites import FLUID_SITES, SITES

PLACES = SITES | frozenset(
    {
        *("tram", "taxi", "aeroplane", "plane", "airplane", "helicopter", "tractor", "lorry"),
        *("truck", "van", "sleigh", "sledge", "cart", "hot-air balloon", "submarine"),
        *("forest", "wood", "woods", "jungle", "grove", "thicket", "woodland", "clearing"),
        *("beach", "sea", "seaside", "ocean", "shore", "coast", "harbour", "harbor"),
        *("island", "river", "riverbank", "lake", "pond", "stream", "brook", "canal"),
        *("waterfall", "bay", "lagoon", "reef", "castle", "palace", "tower", "fortress"),
        *("dungeon", "courtyard", "kingdom", "hall", "ballroom", "throne-room", "bedroom"),
        *("room", "kitchen", "cottage", "house", "home", "hut", "cabin", "nursery"),
        *("parlour", "attic", "cellar", "basement", "school", "classroom", "library", "city"),
        *("town", "street", "market", "marketplace", "village", "shop", "square", "bridge"),
        *("road", "lane", "church", "pavement", "workshop", "tavern", "inn", "bakery"),
        *("barn", "stable", "farm", "farmyard", "field", "meadow", "garden", "park", "hill"),
        *("hillside", "mountain", "valley", "orchard", "pasture", "playground", "prairie"),
        *("heath", "lawn", "desert", "cave", "den", "burrow", "nest", "space", "planet"),
        *("moon", "galaxy", "rocket", "spaceship", "station", "train", "bus", "car", "boat"),
        *("ship", "raft", "deck", "museum", "zoo", "circus", "theatre", "stage", "hospital"),
        *("office", "greenhouse", "conservatory", "treehouse", "tent", "camp", "rooftop"),
        *("roof", "balcony", "terrace", "yard", "backyard", "porch", "doorstep", "hallway"),
        *("corridor", "staircase", "bathroom", "pool", "swimming-pool", "bath", "tub"),
        *("swamp", "marsh", "bog", "moor", "cliff", "glacier", "iceberg"),
        *("snowfield", "ice", "rink", "well", "mill", "windmill", "lighthouse", "pier"),
        *("jetty", "dock", "quay", "bank", "riverside", "lakeside", "path", "track", "trail"),
        *("crossroads", "alley", "tunnel", "mine", "quarry", "dune", "sandpit", "fair"),
        *("fairground", "carnival", "stall", "cafe", "restaurant", "hotel", "shed", "garage"),
        *("loft", "igloo", "pyramid", "temple", "ruin", "graveyard", "cemetery"),
        *("wilderness", "countryside", "bakehouse", "boathouse", "schoolyard", "schoolroom"),
        *("cloakroom", "world", "sky", "cloud", "airport", "platform", "carriage"),
        *("sitting-room", "living-room", "dining-room", "henhouse", "pigsty", "kennel"),
        *("vineyard", "cornfield", "hedge", "underground", "underwater", "aquarium"),
        *("observatory", "laboratory", "study", "lair", "mansion", "hayloft", "towpath"),
        *("tidepool", "shallows", "water", "seabed", "meadowland", "parlor", "theater"),
        *("kitchen-garden", "reeds", "gym", "hollow", "sandbank", "sand-bank"),
        *("vegetable-garden", "woodshed", "wood-shed", "shipyard", "allotment", "chapel"),
        *("tree-house", "drawbridge", "gateway", "wayside", "course", "racecourse", "warren"),
        *("bus stop", "bus-stop", "lido", "moat", "ward", "ferry", "barge", "wagon"),
        *("caravan", "beehive", "hive", "hillock", "waterside", "seashore", "ballpark"),
        *("kerb", "country", "farm-house", "farmhouse", "hill-side", "hilltop"),
        *("mountaintop", "summit", "treetop", "belfry", "crypt", "pantry", "larder"),
        *("scullery", "landing", "foyer", "lobby", "garret", "turret", "battlements"),
        *("ramparts", "stadium", "ford", "gorge", "canyon", "volcano", "crater", "oasis"),
        *("savannah", "tundra", "rainforest", "paddock", "sty", "coop", "dairy", "brewery"),
        *("smithy", "forge", "foundry", "factory", "studio", "monastery", "abbey"),
        *("cathedral", "mosque", "synagogue", "shrine", "pagoda", "marina", "boatyard"),
        *("wharf", "estuary", "delta", "fjord", "inlet", "cove", "rockpool", "rock-pool"),
        *("creek", "burn", "geyser", "grotto", "cavern", "catacomb", "maze", "labyrinth"),
        *("plaza", "piazza", "arcade", "mall", "supermarket", "bookshop", "toyshop"),
        *("sweetshop", "post-office", "bus-station", "launderette", "pharmacy", "surgery"),
        *("kindergarten", "preschool", "dormitory", "canteen", "cafeteria", "gymnasium"),
        *("campsite", "headland", "peninsula", "crag", "ledge", "slope", "dell", "glen"),
        *("dale", "vale", "copse", "spinney", "glade", "undergrowth", "bower", "arbour"),
        *("gazebo", "pavilion", "bandstand", "summerhouse", "playroom", "schoolhouse"),
        *("court", "throne room", "living room", "dining room", "swimming pool"),
    }
)
"""Where a page can happen."""

FLUID_PLACES = FLUID_SITES | frozenset(
    {
        *("tram", "taxi", "aeroplane", "plane", "airplane", "helicopter", "tractor", "lorry"),
        *("truck", "van", "sleigh", "sledge", "cart", "hot-air balloon", "submarine", "bank"),
        *("water", "sky", "cloud", "world", "boat", "ship", "train", "bus", "car"),
        *("carriage", "raft", "bath", "tub", "well", "nest", "path", "track"),
        *("road", "roof", "hedge", "ice", "moon", "planet", "rocket", "landing", "court"),
        *("course", "country", "wagon", "kerb", "ferry", "space", "hollow", "spring", "burn"),
        *("slope", "ledge", "bush", "reed", "stile"),
    }
)
"""Places that are as often things in another place."""

BODY = frozenset(
    {
        *("arm", "hand", "finger", "thumb", "leg", "knee", "foot", "toe", "head", "face"),
        *("eye", "ear", "nose", "mouth", "lip", "cheek", "chin", "tongue", "tooth", "neck"),
        *("shoulder", "back", "chest", "tummy", "belly", "stomach", "heart", "hair", "paw"),
        *("tail", "wing", "claw", "beak", "snout", "whisker", "hoof", "fur", "mane", "horn"),
        *("skin", "elbow", "wrist", "ankle", "heel", "hip", "lap", "forehead", "brow"),
        *("eyebrow", "eyelash", "eyelid", "voice", "breath", "tear", "fist", "palm", "body"),
        *("side", "bottom", "throat", "feather", "muzzle", "trunk", "tusk", "bone", "curl"),
        *("plait", "braid", "pigtail", "fringe", "beard", "moustache", "freckle", "dimple"),
        *("mind", "soul"),
        *(
            "forepaw",
            "hindpaw",
            "foreleg",
            "hindleg",
            "fingertip",
            "fingernail",
            "toenail",
            "nostril",
        ),
        *("jaw", "waist", "thigh", "shin", "knuckle", "spine", "rib", "fin", "flipper", "antenna"),
        *("antler", "pincer", "tentacle", "crest", "fang", "udder", "hump", "haunch", "flank"),
        *(
            "eyelids",
            "nape",
            "temple-bone",
            "armpit",
            "wingtip",
            "tailfeather",
            "tiptoe",
            "toe-tip",
        ),
        *("tongue-tip", "shoulder-blade", "kneecap", "pinky", "forefinger", "earlobe", "ear-tip"),
    }
)
"""Parts of bodies."""

GARMENTS = ATTIRE | frozenset(
    {
        *("hat", "cap", "bonnet", "hood", "helmet", "crown", "tiara", "scarf", "shawl"),
        *("coat", "jacket", "raincoat", "cloak", "cape", "robe", "dress", "gown", "frock"),
        *("skirt", "apron", "pinafore", "shirt", "blouse", "t-shirt", "tee", "vest", "tunic"),
        *("jumper", "sweater", "cardigan", "hoodie", "pullover", "trousers", "trouser"),
        *("pants", "jeans", "shorts", "dungarees", "overalls", "pyjamas", "pajamas"),
        *("pyjama", "nightgown", "nightshirt", "nightdress", "nightcap", "swimsuit"),
        *("swimming-trunks", "socks", "sock", "stocking", "tights", "shoe", "boot"),
        *("wellington", "welly", "wellingtons", "slipper", "sandal", "trainer", "sneaker"),
        *("glove", "mitten", "mitts", "belt", "buckle", "button", "tie", "bow-tie", "ribbon"),
        *("bow", "bracelet", "necklace", "ring", "earring", "glasses", "spectacles"),
        *("goggles", "mask", "patch", "eyepatch", "uniform", "costume", "suit", "waistcoat"),
        *("armour", "armor", "wreath", "veil", "sash", "kimono", "sari", "poncho", "anorak"),
        *("parka", "mackintosh", "oilskin", "oilskins", "bandana", "neckerchief", "kerchief"),
        *("braces", "armband", "petticoat", "tutu", "clogs", "beret", "headscarf", "turban"),
        *("wings-costume", "dressing-gown"),
    }
)
"""What is worn."""

PAIRS = ATTIRE_IN_PAIRS | frozenset(
    {
        *("glasses", "spectacles", "goggles", "trousers", "pyjamas", "pajamas", "jeans"),
        *("shorts", "tights", "dungarees", "overalls", "braces", "oilskins", "wellingtons"),
        *("clothes", "pants", "swimming-trunks", "woods", "stairs"),
    }
)
"""Nouns that stay plural."""

PEOPLE = MORE_PEOPLE | frozenset(
    {
        *("leader", "bookkeeper", "winner", "loser", "champion", "navigator", "hero", "heroine"),
        *("person", "people", "man", "woman", "boy", "girl", "child", "kid", "baby"),
        *("toddler", "crowd", "villager", "fisherman", "farmer", "baker", "teacher", "pupil"),
        *("sailor", "pirate", "captain", "knight", "king", "queen", "prince", "princess"),
        *("soldier", "guard", "servant", "cook", "chef", "shopkeeper", "postman"),
        *("policeman", "fireman", "firefighter", "doctor", "nurse", "driver", "pilot"),
        *("musician", "band", "dancer", "singer", "clown", "magician", "wizard", "witch"),
        *("fairy", "elf", "gnome", "dwarf", "giant", "ogre", "troll", "goblin", "mermaid"),
        *("ghost", "robot", "mother", "father", "mum", "mom", "mummy", "dad", "daddy"),
        *("mama", "papa", "parent", "brother", "sister", "twin", "cousin", "uncle", "aunt"),
        *("auntie", "grandmother", "grandfather", "grandma", "grandpa", "granny", "grandad"),
        *("nana", "grandparent", "friend", "neighbour", "neighbor", "stranger", "visitor"),
        *("guest", "customer", "passenger", "lady", "gentleman", "shepherd", "hunter"),
        *("woodcutter", "miller", "blacksmith", "carpenter", "gardener", "painter", "artist"),
        *("juggler", "acrobat", "audience", "family", "children", "folk", "mourner"),
        *("swimmer", "skater", "conductor", "orchestra", "minister", "emperor", "merchant"),
        *("beggar", "thief", "tailor", "shoemaker", "weaver", "son", "daughter", "wife"),
        *("husband", "stepmother", "stepsister", "rider", "footman", "coachman", "maid"),
        *("maiden", "explorer", "astronaut", "keeper", "watchman", "ferryman"),
        *("lighthouse-keeper", "postwoman", "policewoman", "drummer", "trumpeter", "team"),
        *("class", "bride", "groom", "youth", "traveller", "traveler", "spectator", "player"),
        *("ladies", "huntsman", "peasant", "apprentice", "granddaughter", "grandson"),
        *("godmother", "fellow", "lad", "fishwife", "seller", "stepdaughter", "courtier"),
        *("chimney-sweep", "sweep", "angel", "imp", "photographer", "lamplighter", "waiter"),
        *("waitress", "dentist", "barber", "hairdresser", "farmhand", "goatherd"),
        *("goose-girl", "miner", "builder", "plumber", "mechanic", "librarian", "caretaker"),
        *("janitor", "cleaner", "milkman", "fishmonger", "greengrocer", "grocer", "butcher"),
        *("cobbler", "jeweller", "clockmaker", "watchmaker", "toymaker", "potter"),
        *("sculptor", "writer", "poet", "actor", "actress", "ballerina", "piper", "fiddler"),
        *("violinist", "pianist", "guitarist", "choir", "busker", "puppeteer", "ringmaster"),
        *("trainer", "zookeeper", "ranger", "scientist", "inventor", "professor"),
        *("headmaster", "headmistress", "classmate", "schoolchild", "playmate", "nephew"),
        *("niece", "grandchild", "stepfather", "stepbrother", "orphan", "newborn"),
        *("teenager", "grown-up", "adult", "shopper", "cyclist", "runner", "jogger", "skier"),
        *("surfer", "diver", "lifeguard", "boatman", "rower", "skipper", "mate", "cabin-boy"),
        *("stowaway", "buccaneer", "viking", "cowboy", "cowgirl", "sheriff", "robber"),
        *("burglar", "bandit", "highwayman", "spy", "detective", "hermit", "monk", "nun"),
        *("priest", "vicar", "bishop", "duke", "duchess", "earl", "count", "countess"),
        *("lord", "baron", "sultan", "caliph", "tsar", "empress", "squire", "page-boy"),
        *("jester", "herald", "messenger", "archer", "warrior", "vampire", "werewolf"),
        *("zombie", "skeleton", "alien", "snowman", "scarecrow", "pixie", "sprite", "genie"),
        *("yeti", "sorcerer", "sorceress", "enchantress", "nymph", "pedlar", "peddler"),
        *("trader", "vendor", "hawker", "porter", "ticket-seller", "usher", "guide"),
        *("tourist", "pilgrim", "wanderer", "camper", "dog-walker", "bystander", "onlooker"),
        *("passer-by", "seamstress", "milkmaid", "washerwoman", "nanny", "babysitter"),
        *("governess", "butler", "chauffeur", "groundsman", "goalkeeper", "referee"),
        *("opponent", "winner", "beekeeper"),
    }
)
"""People, and beings like people."""

ANIMALS = MORE_ANIMALS | frozenset(
    {
        *("animal", "bird", "fox", "wolf", "bear", "rabbit", "cat", "kitten", "dog", "puppy"),
        *("hound", "squirrel", "raccoon", "weasel", "deer", "fawn", "stag", "horse", "pony"),
        *("foal", "unicorn", "goat", "kid", "dragon", "pig", "piglet", "panda", "koala"),
        *("badger", "mole", "hedgehog", "beaver", "otter", "hamster", "monkey", "ape"),
        *("elephant", "cow", "calf", "bull", "frog", "toad", "tortoise", "turtle", "penguin"),
        *("hare", "mouse", "rat", "donkey", "kangaroo", "sheep", "lamb", "duck", "duckling"),
        *("hen", "chick", "chicken", "rooster", "cock", "goose", "gosling", "swan", "lion"),
        *("tiger", "panther", "leopard", "owl", "crow", "raven", "magpie", "robin"),
        *("sparrow", "swallow", "gull", "seagull", "pigeon", "dove", "eagle", "hawk"),
        *("parrot", "peacock", "heron", "stork", "flamingo", "bat", "butterfly", "moth"),
        *("bee", "wasp", "bumblebee", "ladybird", "beetle", "ant", "spider", "snail", "worm"),
        *("caterpillar", "grasshopper", "cricket", "dragonfly", "firefly", "fish", "trout"),
        *("salmon", "goldfish", "shark", "whale", "dolphin", "seal", "walrus", "crab"),
        *("lobster", "octopus", "starfish", "jellyfish", "snake", "lizard", "crocodile"),
        *("giraffe", "zebra", "camel", "hippo", "hippopotamus", "rhino", "rhinoceros"),
        *("gorilla", "sloth", "bison", "reindeer", "moose", "elk", "fly", "mosquito", "newt"),
        *("vole", "shrew", "stoat", "ferret", "lynx", "minnow", "tadpole", "wren"),
        *("blackbird", "thrush", "cuckoo", "woodpecker", "kingfisher", "puffin", "pelican"),
        *("ox", "oxen", "mare", "goldfinch", "mackerel", "herring", "monster", "creature"),
        *("pet", "flock", "herd", "swarm", "pup", "cub", "bunny", "poodle", "terrier"),
        *("spaniel", "sheepdog", "dachshund", "beagle", "collie", "mongrel", "tomcat"),
        *("tabby", "ewe", "ram", "sow", "boar", "gander", "drake", "cockerel", "turkey"),
        *("guinea-pig", "gerbil", "chipmunk", "porcupine", "skunk", "armadillo", "anteater"),
        *("aardvark", "meerkat", "mongoose", "hyena", "jackal", "coyote", "cheetah"),
        *("jaguar", "puma", "antelope", "gazelle", "buffalo", "wildebeest", "warthog"),
        *("llama", "alpaca", "yak", "wombat", "platypus", "chimpanzee", "orangutan"),
        *("baboon", "lemur", "ostrich", "emu", "toucan", "macaw", "canary", "budgie"),
        *("cockatoo", "hummingbird", "nightingale", "lark", "skylark", "finch", "bullfinch"),
        *("starling", "jackdaw", "rook", "jay", "cormorant", "albatross", "falcon"),
        *("vulture", "buzzard", "kite-bird", "pheasant", "partridge", "quail", "tit"),
        *("chameleon", "gecko", "iguana", "alligator", "python", "cobra", "viper", "adder"),
        *("salamander", "scorpion", "centipede", "millipede", "slug", "earthworm", "locust"),
        *("cicada", "glow-worm", "gnat", "midge", "termite", "squid", "eel", "cod", "carp"),
        *("pike", "sardine", "seahorse", "stingray", "manatee", "narwhal", "orca"),
        *("porpoise", "shrimp", "prawn", "dinosaur", "mammoth", "phoenix", "griffin"),
        *("centaur", "pegasus", "kraken", "beast"),
    }
)
"""Animals."""

BEINGS = PEOPLE | ANIMALS
"""People and animals."""

TOYS = frozenset(
    {
        *("teddy", "toy", "stuffed", "wooden", "paper", "tin", "clockwork", "rubber"),
        *("plush", "knitted", "snow", "gingerbread", "rocking", "cuddly"),
    }
)
"""Words before an animal or a person that make it a thing: `teddy bear`."""

GROUPS = frozenset(
    {
        *("friend", "pair", "two", "three", "four", "family", "sibling", "team", "companion"),
        *("others", "children", "everyone", "everybody", "all", "both", "twin", "sister"),
        *("brother", "band", "crew", "gang", "party", "lot", "couple", "trio", "cousin"),
        "animal",
    }
)
"""Plural words that may mean the whole cast."""
