"""Garments beside those that `nouns` names: of all times and countries."""

ATTIRE = frozenset(
    {
        *("jersey", "guernsey", "smock", "pinny", "tabard", "doublet", "jerkin", "gilet"),
        *("bolero", "bodice", "corset", "camisole", "leotard", "bodysuit", "onesie", "romper"),
        *("rompers", "singlet", "undershirt", "sweatshirt", "nightie", "bathrobe", "housecoat"),
        *("negligee", "loincloth", "sarong", "toga", "kilt", "culottes", "leggings", "slacks"),
        *("knickerbockers", "breeches", "jodhpurs", "knickers", "bloomers", "underpants"),
        *("bikini", "wetsuit", "spacesuit", "tracksuit", "catsuit", "jumpsuit", "boilersuit"),
        *("boiler-suit", "playsuit", "swimming-costume", "bathing-costume", "bathing-suit"),
        *("swimming-cap", "bathing-cap", "sunhat", "sun-hat", "top-hat", "bowler", "trilby"),
        *("fedora", "homburg", "stetson", "sombrero", "boater", "mortarboard", "fez"),
        *("tam-o'-shanter", "beanie", "bobble-hat", "woolly-hat", "balaclava", "sou'wester"),
        *("cowl", "coif", "skullcap", "headdress", "headband", "hairband", "hair-slide"),
        *("hairslide", "hairpin", "hairnet", "diadem", "circlet", "coronet", "visor", "earmuffs"),
        *("earmuff", "muffler", "pashmina", "boa", "cravat", "ascot", "necktie", "bowtie"),
        *("brooch", "pendant", "anklet", "bangle", "cufflink", "bib", "gauntlet", "gaiter"),
        *("gaiters", "legwarmer", "stockings", "plimsoll", "galosh", "galoshes", "gumboot"),
        *("clog", "moccasin", "brogue", "loafer", "slingback", "sandshoe", "flip-flop"),
        *("espadrille", "trainers", "snowshoe", "overshoe", "overcoat", "greatcoat"),
        *("trenchcoat", "duffel-coat", "duffle-coat", "peacoat", "pea-jacket", "blazer"),
        *("tuxedo", "tailcoat", "dinner-jacket", "frock-coat", "topcoat", "windcheater"),
        *("cagoule", "waterproofs", "mac", "lifejacket", "life-jacket", "life-vest", "snowsuit"),
        *("ski-suit", "kaftan", "caftan", "djellaba", "burnous", "burka", "hijab", "niqab"),
        *("chador", "salwar", "churidar", "lehenga", "dupatta", "lungi", "dhoti", "sherwani"),
        *("kurta", "cheongsam", "hanbok", "yukata", "obi", "serape", "dirndl", "lederhosen"),
        *("pelisse", "cassock", "surplice", "vestment", "wimple", "chainmail", "breastplate"),
        *("cuirass", "monocle", "pince-nez", "sunglasses", "eyeglasses", "lorgnette"),
        *("epaulette", "sporran", "cummerbund", "suspenders", "livery", "regalia", "finery"),
        *("rags", "outfit", "attire", "garb", "tank-top", "turtleneck", "polo-neck"),
    }
)
"""What is worn."""

ATTIRE_IN_PAIRS = frozenset(
    {
        *("knickerbockers", "breeches", "jodhpurs", "knickers", "bloomers", "underpants"),
        *("leggings", "slacks", "culottes", "rompers", "lederhosen", "sunglasses", "eyeglasses"),
        *("earmuffs", "galoshes", "gaiters", "trainers", "suspenders", "waterproofs", "rags"),
        *("stockings", "pince-nez"),
    }
)
"""Those of them that stay plural."""
