"""Big things: places that are as well things in a picture, and what nobody can hold."""

STRUCTURES = frozenset(
    {
        *(
            "castle",
            "palace",
            "tower",
            "house",
            "cottage",
            "hut",
            "cabin",
            "church",
            "barn",
            "mill",
        ),
        *("mill", "windmill", "lighthouse", "bridge", "pier", "jetty", "well", "tent", "treehouse"),
        *("shed", "path", "drawbridge", "footbridge"),
        *("tree-house", "balcony", "doorstep", "staircase", "roof", "stall", "ruin", "pyramid"),
        *("igloo", "henhouse", "kennel", "greenhouse", "temple", "lake", "river", "stream", "pond"),
        *(
            "brook",
            "waterfall",
            "hill",
            "mountain",
            "cliff",
            "iceberg",
            "dune",
            "haystack",
            "porch",
        ),
        *("step", "stair", "stage", "hedge", "farm-house", "farmhouse", "boathouse", "road"),
    }
)
"""Places that are seen from outside, passed, stood upon."""

FIXED = STRUCTURES | frozenset(
    {
        *("chair", "table", "bed", "door", "fence", "wall", "gate", "cupboard", "window", "tree"),
        *("stove", "sofa", "bench", "shelf", "floor", "ceiling", "fire", "fireplace", "bath"),
        *("car", "bus", "train", "boat", "ship", "cart", "wagon", "carriage", "bicycle", "sledge"),
        *("tub", "wardrobe", "piano", "bush", "rock", "snowman", "sandcastle", "den", "engine"),
        *("tractor", "lorry", "truck", "van", "aeroplane", "plane", "swing", "slide", "hole"),
    }
)
"""Things too big to be held in a hand."""
