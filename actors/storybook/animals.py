"""The animals: as which of the four each is drawn, and the colour of its coat."""

from collections.abc import Mapping
from dataclasses import replace

from actors.storybook.attributes import Fur, Species
from actors.storybook.table import Table, table

COATS: Mapping[str, tuple[Species, Fur]] = {
    "fox": (Species.FOX, Fur.ORANGE),
    "bear": (Species.BEAR, Fur.BROWN),
    "rabbit": (Species.RABBIT, Fur.WHITE),
    "cat": (Species.CAT, Fur.GREY),
    # Pointed ears and a long snout.
    "wolf": (Species.FOX, Fur.GREY),
    "dog": (Species.FOX, Fur.BROWN),
    "squirrel": (Species.FOX, Fur.ORANGE),
    "raccoon": (Species.FOX, Fur.GREY),
    "weasel": (Species.FOX, Fur.BROWN),
    "deer": (Species.FOX, Fur.BROWN),
    "horse": (Species.FOX, Fur.BROWN),
    "unicorn": (Species.FOX, Fur.WHITE),
    "goat": (Species.FOX, Fur.WHITE),
    "dragon": (Species.FOX, Fur.GOLDEN),
    # Round ears and a round body.
    "pig": (Species.BEAR, Fur.WHITE),
    "panda": (Species.BEAR, Fur.BLACK),
    "koala": (Species.BEAR, Fur.GREY),
    "badger": (Species.BEAR, Fur.GREY),
    "mole": (Species.BEAR, Fur.BLACK),
    "hedgehog": (Species.BEAR, Fur.BROWN),
    "beaver": (Species.BEAR, Fur.BROWN),
    "otter": (Species.BEAR, Fur.BROWN),
    "hamster": (Species.BEAR, Fur.GOLDEN),
    "monkey": (Species.BEAR, Fur.BROWN),
    "elephant": (Species.BEAR, Fur.GREY),
    "cow": (Species.BEAR, Fur.WHITE),
    "frog": (Species.BEAR, Fur.GOLDEN),
    "toad": (Species.BEAR, Fur.BROWN),
    "tortoise": (Species.BEAR, Fur.BROWN),
    "penguin": (Species.BEAR, Fur.BLACK),
    # Long ears, or a small light body.
    "hare": (Species.RABBIT, Fur.BROWN),
    "mouse": (Species.RABBIT, Fur.GREY),
    "rat": (Species.RABBIT, Fur.BROWN),
    "donkey": (Species.RABBIT, Fur.GREY),
    "kangaroo": (Species.RABBIT, Fur.BROWN),
    "sheep": (Species.RABBIT, Fur.WHITE),
    "duck": (Species.RABBIT, Fur.WHITE),
    "hen": (Species.RABBIT, Fur.BROWN),
    # Whiskers, or a face with large eyes.
    "lion": (Species.CAT, Fur.GOLDEN),
    "tiger": (Species.CAT, Fur.ORANGE),
    "panther": (Species.CAT, Fur.BLACK),
    "leopard": (Species.CAT, Fur.GOLDEN),
    "owl": (Species.CAT, Fur.BROWN),
    "crow": (Species.CAT, Fur.BLACK),
}
"""By kind: the species that is drawn, and the default colour of its coat."""

DRAWN = frozenset({"fox", "bear", "rabbit", "cat"})
"""The kinds that are drawn as themselves."""


def _kinds(others: Mapping[str, tuple[str, ...]], toys: Mapping[str, tuple[str, ...]]) -> Table:
    """Returns a table of the kinds in which all but the ones that are drawn are bent."""
    kinds = table({kind: others.get(kind, ()) for kind in COATS}, toys)
    near = {phrase for phrase, kind in kinds.phrases.items() if kind not in DRAWN}
    return replace(kinds, bent=kinds.bent | near)


KINDS = _kinds(
    {
        "fox": ("foxes", "vixen"),
        "bear": ("cub", "bear cub", "grizzly", "grizzly bear", "brown bear"),
        "rabbit": ("bunny", "bunnies", "cottontail"),
        "cat": ("kitten", "kitty", "puss", "pussy", "pussycat", "tomcat"),
        "wolf": ("wolves", "coyote", "jackal", "werewolf"),
        "dog": ("puppy", "hound", "poodle", "terrier", "mastiff"),
        "squirrel": ("chipmunk",),
        "weasel": ("stoat", "ferret", "marten"),
        "deer": ("fawn", "stag", "doe", "reindeer", "roe", "elk", "moose", "antelope"),
        "horse": ("pony", "foal", "mare", "colt", "steed", "zebra"),
        "goat": ("billy goat", "nanny goat"),
        "pig": ("piglet", "hog", "swine", "sow", "boar"),
        "otter": ("seal", "walrus"),
        "hamster": ("guinea pig", "dormouse", "lemming"),
        "monkey": ("ape", "gorilla", "chimpanzee", "orangutan"),
        "elephant": ("hippo", "hippopotamus", "rhino", "rhinoceros", "mammoth"),
        "cow": ("bull", "calf", "ox", "oxen", "buffalo"),
        "frog": ("lizard", "chameleon", "newt"),
        "tortoise": ("turtle",),
        "mouse": ("mice",),
        "donkey": ("ass", "mule"),
        "sheep": ("lamb", "ram", "ewe"),
        "duck": ("duckling", "goose", "geese", "gosling", "swan", "gull", "stork", "dove"),
        "hen": ("cock", "cockerel", "rooster", "chicken", "chick", "sparrow", "robin", "bird"),
        "lion": ("lioness",),
        "leopard": ("cheetah", "lynx", "jaguar", "giraffe"),
        "owl": ("owlet", "eagle", "hawk", "falcon", "hoopoe"),
        "crow": ("raven", "magpie", "jackdaw", "blackbird", "bat"),
    },
    {"bear": ("teddy bear", "teddy", "polar bear")},
)
"""The kinds, and the words for them and for similar animals."""
