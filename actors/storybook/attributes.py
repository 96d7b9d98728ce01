"""The attributes of a picture: all else that is visible is the same in all pictures."""

from dataclasses import dataclass
from enum import StrEnum


class Style(StrEnum):
    """The style of a picture."""

    CARTOON = "cartoon style"
    WATERCOLOR = "watercolor style"
    REALISTIC = "realistic style"
    ANIME = "anime style"
    STORYBOOK = "storybook style"
    RENDER = "3d render"


class Framing(StrEnum):
    """The part of its characters that a picture shows."""

    CLOSE_UP = "portrait"
    HALF_BODY = "half body"
    FULL_BODY = "full body"


class Position(StrEnum):
    """The position of a lone character; two and three stand in fixed slots."""

    CENTRE = "in the middle"
    LEFT = "on the left"
    RIGHT = "on the right"


class Place(StrEnum):
    """The place of the characters; it has one background for each time and weather."""

    PLAIN = "plain background"
    FOREST = "in a forest"
    BEACH = "at the beach"
    CASTLE = "in front of a castle"
    BEDROOM = "in a bedroom"
    CITY = "in a city"
    SNOW = "in the snow"
    SPACE = "in space"
    MEADOW = "in a meadow"

    @property
    def timeless(self) -> bool:
        """Whether the place looks the same at every time of day."""
        return self in {Place.PLAIN, Place.SPACE}

    @property
    def outdoors(self) -> bool:
        """Whether rain can fall there."""
        return self not in {Place.PLAIN, Place.SPACE, Place.BEDROOM, Place.SNOW}


class Time(StrEnum):
    """The time of day."""

    DAY = "during the day"
    SUNSET = "at sunset"
    NIGHT = "at night"


class Weather(StrEnum):
    """The weather; it always snows in the snow."""

    DRY = "dry"
    RAIN = "in the rain"


class Species(StrEnum):
    """The species of a character. Animals walk upright and wear clothes."""

    HUMAN = "human"
    FOX = "fox"
    BEAR = "bear"
    RABBIT = "rabbit"
    CAT = "cat"


class Age(StrEnum):
    """A person's age; animals are all drawn as children."""

    CHILD = "child"
    ADULT = "adult"
    ELDER = "elder"


class Gender(StrEnum):
    """The gender of a character, which shows in lashes and brows."""

    FEMALE = "female"
    MALE = "male"


class Skin(StrEnum):
    """The colour of a person's skin."""

    PALE = "pale"
    LIGHT = "light"
    TAN = "tan"
    BROWN = "brown"
    DARK = "dark"


class Fur(StrEnum):
    """The colour of an animal's coat."""

    ORANGE = "orange"
    BROWN = "brown"
    GREY = "grey"
    WHITE = "white"
    BLACK = "black"
    GOLDEN = "golden"


class Hair(StrEnum):
    """The colour of a person's hair."""

    BLONDE = "blonde"
    BROWN = "brown"
    BLACK = "black"
    RED = "red"
    GREY = "grey"
    WHITE = "white"
    BLUE = "blue"
    PINK = "pink"


class HairStyle(StrEnum):
    """The cut of a person's hair."""

    SHORT = "short"
    LONG = "long"
    CURLY = "curly"
    BRAIDED = "braided"
    BUN = "bun"
    PONYTAIL = "ponytail"
    SPIKY = "spiky"


class Eyes(StrEnum):
    """The colour of the eyes."""

    BLUE = "blue"
    GREEN = "green"
    BROWN = "brown"
    GREY = "grey"


class Garment(StrEnum):
    """A character's garment; trousers and shoes are the same for all."""

    DRESS = "dress"
    SHIRT = "shirt"
    SWEATER = "sweater"
    COAT = "coat"
    OVERALLS = "overalls"
    CLOAK = "cloak"


class Colour(StrEnum):
    """The colour of the garment."""

    RED = "red"
    BLUE = "blue"
    GREEN = "green"
    YELLOW = "yellow"
    PURPLE = "purple"
    ORANGE = "orange"
    WHITE = "white"
    BLACK = "black"
    PINK = "pink"
    BROWN = "brown"


class Hat(StrEnum):
    """A character's hat; each hat has one colour."""

    NONE = "none"
    STRAW_HAT = "straw hat"
    WIZARD_HAT = "wizard hat"
    CROWN = "crown"
    CAP = "cap"


class Expression(StrEnum):
    """The expression of the face."""

    SMILING = "smiling"
    LAUGHING = "laughing"
    SAD = "sad"
    SURPRISED = "surprised"
    ANGRY = "angry"


class View(StrEnum):
    """The side that a character shows. Turned characters face the middle."""

    FRONT = "front view"
    THREE_QUARTER = "three-quarter view"
    SIDE = "side view"
    BACK = "back view"


class Pose(StrEnum):
    """The position of the arms."""

    STANDING = "standing"
    WAVING = "waving"
    CHEERING = "arms up"


@dataclass(frozen=True, slots=True)
class Character:
    """One character as it is drawn.

    People have no fur. Animals are children, and have neither skin, hair, freckles nor a beard;
    those fields then hold their defaults, which change nothing.
    """

    species: Species = Species.HUMAN
    age: Age = Age.CHILD
    gender: Gender = Gender.FEMALE
    skin: Skin = Skin.LIGHT
    hair: Hair = Hair.BROWN
    hair_style: HairStyle = HairStyle.SHORT
    fur: Fur = Fur.ORANGE
    eyes: Eyes = Eyes.BROWN
    garment: Garment = Garment.SHIRT
    colour: Colour = Colour.BLUE
    hat: Hat = Hat.NONE
    glasses: bool = False
    freckles: bool = False
    beard: bool = False
    scarf: bool = False
    expression: Expression = Expression.SMILING
    view: View = View.FRONT
    pose: Pose = Pose.STANDING

    @property
    def is_animal(self) -> bool:
        """Whether the character has fur instead of skin and hair."""
        return self.species is not Species.HUMAN


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture: up to three characters, from left to right, in a place.

    Raises ValueError for a cast, framing and position that do not go together.
    """

    characters: tuple[Character, ...]
    style: Style = Style.CARTOON
    framing: Framing = Framing.CLOSE_UP
    position: Position = Position.CENTRE
    place: Place = Place.PLAIN
    time: Time = Time.DAY
    weather: Weather = Weather.DRY

    def __post_init__(self) -> None:
        if len(self.characters) > 3:
            raise ValueError(f"characters: {len(self.characters)} have no slots; use up to three")
        if len(self.characters) != 1 and self.framing is not Framing.FULL_BODY:
            raise ValueError(f"framing: {self.framing!r} shows one character; use 'full body'")
        alone = len(self.characters) == 1 and self.framing is Framing.FULL_BODY
        if self.position is not Position.CENTRE and not alone:
            raise ValueError(
                f"position: only a lone character in full body stands {self.position!r}; "
                "use 'in the middle'"
            )
