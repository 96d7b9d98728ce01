"""Words for places, times and weather, and the things that their backgrounds show."""

from collections.abc import Mapping
from types import MappingProxyType

from actors.storybook import grammar
from actors.storybook.attributes import Colour, Place, Time, Weather
from actors.storybook.table import Table, table
from server.domain.scenes import DayTime, Season


def _places(same: Mapping[Place, tuple[str, ...]], bent: Mapping[Place, tuple[str, ...]]) -> Table:
    return table(
        {place: (*grammar.PLACES[place], *words) for place, words in same.items()},
        {str(place): words for place, words in bent.items()},
    )


PLACES = _places(
    {
        Place.PLAIN: ("white background", "portrait background"),
        Place.FOREST: ("forest", "wood", "woods", "woodland", "pine forest", "tree", "fir"),
        Place.BEACH: ("beach", "sea", "seaside", "seashore", "ocean", "shore", "coast", "sand"),
        Place.CASTLE: ("castle",),
        Place.BEDROOM: ("bedroom", "bed", "room", "bedchamber", "bedside"),
        Place.CITY: ("city", "town", "street", "city street"),
        Place.SNOW: ("snow", "snowy", "winter landscape", "snowfield"),
        Place.SPACE: ("space", "outer space"),
        Place.MEADOW: ("meadow", "field", "garden", "flower", "grass", "flower garden"),
    },
    {
        Place.FOREST: (
            *("copse", "glade", "glen", "spinney", "rainforest", "treetop", "treehouse"),
            *("undergrowth", "swamp", "dell"),
            *("jungle", "grove", "thicket", "clearing", "pine", "oak", "branch", "bush", "leaf"),
            *("leaves", "root", "trunk", "mushroom", "moss", "fern", "log", "bramble", "twig"),
        ),
        Place.BEACH: (
            *("barge", "boathouse", "boatyard", "cliff", "cove", "creek", "dock", "dune"),
            *("estuary", "ferry", "fjord", "headland", "inlet", "jetty", "lagoon", "lakeside"),
            *("lighthouse", "marina", "pier", "quay", "raft", "reef", "rockpool", "rock pool"),
            *("sandbank", "seabed", "shallows", "shipyard", "swimming pool", "towpath"),
            *("underwater", "waterfall", "waterside", "wharf", "submarine", "oasis", "desert"),
            *("island", "wave", "harbour", "harbor", "river", "lake", "pond", "boat", "ship"),
            *("stream", "bank", "water", "sail", "mast", "deck", "shell", "brook", "reed", "canal"),
            *("riverside", "pool", "sand bank", "shoreline", "riverbank", "river bank", "bay"),
        ),
        Place.CASTLE: (
            *("abbey", "dungeon", "gateway", "mansion", "monastery", "ramparts", "ruin"),
            *("temple", "pagoda", "pyramid"),
            *("palace", "kingdom", "tower", "fortress", "throne", "drawbridge", "hall", "court"),
            *("battlement", "turret", "moat", "gate", "throne room", "ballroom", "courtyard"),
        ),
        Place.BEDROOM: (
            *("basement", "bath", "cabin", "cavern", "corridor", "dormitory", "garret", "grotto"),
            *("hotel", "lair", "larder", "loft", "lobby", "office", "pantry", "playroom"),
            *("schoolhouse", "schoolroom", "scullery", "sitting room", "studio", "study", "tent"),
            *("ward", "hospital", "kindergarten", "laboratory", "museum", "gym", "theatre"),
            *("theater", "bakery", "cafe", "restaurant", "parlor", "caravan"),
            *("home", "house", "kitchen", "cottage", "hut", "inside", "fireplace", "hearth"),
            *("fireside", "nursery", "parlour", "chamber", "attic", "school", "classroom"),
            *("library", "window", "table", "door", "chair", "floor", "wall", "stairs"),
            *("staircase", "cupboard", "lamp", "candle", "stove", "pillow", "blanket", "curtain"),
            *("shelf", "clock", "cradle", "carpet", "mirror", "fire", "burrow", "stool", "bench"),
            *("ceiling", "cellar", "armchair", "sofa", "furniture", "pot", "pan", "saucepan"),
            *("kettle", "dish", "plate", "cup", "bowl", "spoon", "jug", "doorstep", "doorway"),
            *("hallway", "cave", "den", "bathroom", "living room", "dining room"),
        ),
        Place.CITY: (
            *("airport", "alley", "arcade", "bookshop", "bus", "bus stop", "car", "crossroads"),
            *("factory", "fair", "fairground", "circus", "carnival", "garage", "kerb", "mall"),
            *("piazza", "plaza", "platform", "stadium", "stall", "supermarket", "sweetshop"),
            *("toyshop", "taxi", "train", "tram", "truck", "van", "tunnel", "mosque"),
            *("synagogue", "chapel", "shrine", "terrace", "balcony", "porch"),
            *("market", "village", "shop", "square", "rooftop", "marketplace", "bridge", "road"),
            *("lane", "roof", "chimney", "church", "houses", "pavement", "lantern", "carriage"),
            *("coach", "cart", "wagon", "workshop", "tavern", "inn", "market square", "station"),
        ),
        Place.SNOW: (
            *("crag", "iceberg", "igloo", "mountaintop", "rink", "summit", "tundra"),
            *("ice", "icy", "winter", "mountain", "frozen", "blizzard", "snowflake", "flake"),
            *("glacier", "frost", "icicle", "snowdrift", "sledge", "sleigh"),
        ),
        Place.SPACE: (
            *("planet", "moon", "rocket", "galaxy", "spaceship", "comet", "astronaut"),
            "space station",
        ),
        Place.MEADOW: (
            *("allotment", "arbour", "campsite", "camp", "dale", "farmhouse", "gazebo"),
            *("graveyard", "cemetery", "greenhouse", "hillock", "hilltop", "meadowland", "mill"),
            *("moor", "paddock", "pavilion", "sandpit", "savannah", "shed", "trail", "vale"),
            *("vegetable garden", "kitchen garden", "well", "wilderness", "windmill", "zoo"),
            *("maze", "marsh"),
            *("park", "hill", "farm", "lawn", "orchard", "pasture", "hedge", "playground"),
            *("prairie", "hillside", "heath", "rose", "daisy", "fence", "path", "corn"),
            *("cornfield", "corn field", "hay", "valley", "countryside", "vine", "barn"),
            *("farmyard", "nest", "vineyard", "country", "haystack", "hill side", "oat", "wheat"),
            *("barley", "wayside", "roadside", "warren", "stable", "backyard", "yard"),
        ),
    },
)

NAMES: Mapping[Place, str] = MappingProxyType(
    {
        Place.PLAIN: "plain background",
        Place.FOREST: "forest",
        Place.BEACH: "beach",
        Place.CASTLE: "castle",
        Place.BEDROOM: "bedroom",
        Place.CITY: "city",
        Place.SNOW: "snow",
        Place.SPACE: "space",
        Place.MEADOW: "meadow",
    }
)
"""The places as a report names them."""

TIMES: Mapping[DayTime, tuple[Time, bool]] = MappingProxyType(
    {
        DayTime.DAWN: (Time.SUNSET, True),
        DayTime.MORNING: (Time.DAY, False),
        DayTime.DAY: (Time.DAY, False),
        DayTime.EVENING: (Time.SUNSET, False),
        DayTime.NIGHT: (Time.NIGHT, False),
    }
)
"""Each part of the day as it is drawn, and whether that only stands for it."""

SEASONS: Mapping[Season, frozenset[Place]] = MappingProxyType(
    {
        Season.SPRING: frozenset({Place.MEADOW}),
        Season.SUMMER: frozenset({Place.MEADOW, Place.FOREST, Place.BEACH}),
        Season.AUTUMN: frozenset(),
        Season.WINTER: frozenset({Place.SNOW}),
    }
)
"""The places that look like each season."""

Thing = tuple[frozenset[str], frozenset[str]]
_GREEN = frozenset({Colour.GREEN.value})
_WHITE = frozenset({Colour.WHITE.value})
_BLUE = frozenset({Colour.BLUE.value})
_YELLOW = frozenset({Colour.YELLOW.value})
_ANY = frozenset({"red", "yellow", "white", "purple"})
_NONE: frozenset[str] = frozenset()

_THINGS: Mapping[Place, tuple[Thing, ...]] = {
    Place.PLAIN: (),
    Place.FOREST: (
        (frozenset({"tree", "fir", "fir tree"}), _GREEN),
        (frozenset({"grass", "hill"}), _GREEN),
    ),
    Place.BEACH: (
        (frozenset({"sea", "water", "wave", "ocean"}), _BLUE),
        (frozenset({"sand", "beach"}), _YELLOW),
        (frozenset({"palm", "palm tree"}), _GREEN),
    ),
    Place.CASTLE: (
        (frozenset({"castle", "tower", "battlement"}), frozenset({"grey"})),
        (frozenset({"roof"}), frozenset({"red"})),
        (frozenset({"grass", "hill"}), _GREEN),
    ),
    Place.BEDROOM: (
        (frozenset({"bed"}), frozenset({"brown"})),
        (frozenset({"pillow"}), _WHITE),
        (frozenset({"blanket"}), _BLUE),
        (frozenset({"window"}), _WHITE),
        (frozenset({"floor"}), frozenset({"brown"})),
        (frozenset({"wall"}), _NONE),
    ),
    Place.CITY: (
        (frozenset({"house", "building", "window"}), _NONE),
        (frozenset({"street", "road", "pavement"}), frozenset({"grey"})),
    ),
    Place.SNOW: (
        (frozenset({"snow", "snowflake"}), _WHITE),
        (frozenset({"mountain"}), _BLUE),
        (frozenset({"tree", "fir", "fir tree"}), _GREEN),
    ),
    Place.SPACE: ((frozenset({"star", "planet", "crater"}), _NONE),),
    Place.MEADOW: (
        (frozenset({"flower"}), _ANY),
        (frozenset({"grass", "meadow", "hill"}), _GREEN),
    ),
}
_HEAVENS: Mapping[Time, tuple[Thing, ...]] = {
    Time.DAY: ((frozenset({"sun"}), _YELLOW), (frozenset({"cloud"}), _WHITE)),
    Time.SUNSET: ((frozenset({"sun"}), _YELLOW),),
    Time.NIGHT: ((frozenset({"moon", "star"}), _YELLOW),),
}
_SKY = {Time.DAY: "blue", Time.SUNSET: "orange", Time.NIGHT: "dark"}


def things_in(place: Place, time: Time, weather: Weather) -> Mapping[str, frozenset[str]]:
    """Returns the things that a background shows, and the colours that each has."""
    shown = list(_THINGS[place])
    if place not in {Place.PLAIN, Place.BEDROOM, Place.SPACE}:
        if weather is Weather.RAIN:
            shown += [(frozenset({"cloud", "rain", "raindrop"}), frozenset({"grey"}))]
        else:
            shown += _HEAVENS[time]
            shown.append((frozenset({"sky"}), frozenset({_SKY[time]})))
    return {noun: colours for nouns, colours in shown for noun in nouns}
