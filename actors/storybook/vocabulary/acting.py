"""Words for style, framing, expressions, views, poses, positions, and the actions they show."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from actors.storybook import grammar
from actors.storybook.attributes import Expression, Framing, Pose, Position, Style, View
from actors.storybook.table import Table, table
from server.domain.scenes import Mood

T = TypeVar("T", bound=StrEnum)


def _words(
    phrases: Mapping[T, tuple[str, ...]],
    same: Mapping[T, tuple[str, ...]],
    bent: Mapping[T, tuple[str, ...]] | None = None,
) -> Table:
    return table(
        {each: (*phrases[each], *same.get(each, ())) for each in phrases},
        dict[str, tuple[str, ...]]((bent or {}).items()),
    )


STYLES = _words(
    grammar.STYLES,
    {
        Style.RENDER: ("3d", "3d rendered", "computer generated", "cgi"),
        Style.ANIME: ("japanese animation", "manga"),
        Style.CARTOON: ("comic", "flat"),
        Style.REALISTIC: ("photo", "lifelike"),
        Style.STORYBOOK: ("storybook", "classic", "vintage"),
        Style.WATERCOLOR: ("watercolor", "watercolour"),
    },
    {
        Style.RENDER: ("pixar", "clay"),
        Style.CARTOON: ("simple shapes",),
        Style.STORYBOOK: ("hand drawn", "nostalgic", "ink"),
        Style.WATERCOLOR: (
            *("soft colors", "pastel", "painterly", "painting", "oil", "gouache"),
            "brush strokes",
        ),
    },
)
"""The six styles; anything painted becomes a watercolour."""

MOODS: Mapping[Mood, tuple[Expression, bool]] = MappingProxyType(
    {
        Mood.HAPPY: (Expression.SMILING, False),
        Mood.LAUGHING: (Expression.LAUGHING, False),
        Mood.SAD: (Expression.SAD, False),
        Mood.AFRAID: (Expression.SAD, True),
        Mood.ANGRY: (Expression.ANGRY, False),
        Mood.SURPRISED: (Expression.SURPRISED, False),
        Mood.TIRED: (Expression.SAD, True),
        Mood.SHY: (Expression.SMILING, True),
        Mood.PROUD: (Expression.SMILING, True),
        Mood.CALM: (Expression.SMILING, True),
        Mood.CURIOUS: (Expression.SURPRISED, True),
    }
)
"""Each mood's expression, and whether it only stands for the mood."""

EXPRESSIONS = _words(
    grammar.EXPRESSIONS,
    {
        Expression.SMILING: (
            *("smile", "happily", "cheerful", "cheerfully", "content", "friendly", "merry"),
            *("glad", "grin", "grinning", "pleased", "beam", "cheery"),
        ),
        Expression.LAUGHING: ("laugh", "laughter", "giggle", "giggling", "chuckle", "jolly"),
        Expression.SAD: ("unhappy", "sorrowful", "sadly", "miserable", "sorrow", "mournful"),
        Expression.SURPRISED: ("astonished", "surprise", "shocked", "startled", "astonishment"),
        Expression.ANGRY: (
            *("frown", "furious", "cross", "grumpy", "angrily", "scowl", "scowling", "anger"),
            "glare",
        ),
    },
    {
        Expression.SMILING: ("gentle", "warm", "proud", "kind", "hopeful", "playful"),
        Expression.LAUGHING: ("joy", "delighted", "overjoyed", "gleeful"),
        Expression.SAD: (
            *("crying", "cry", "weeping", "weep", "tear", "sob", "sobbing", "lonely", "tired"),
            *("afraid", "scared", "shy", "frightened", "anxious", "gloomy"),
        ),
        Expression.SURPRISED: (
            *("wonder", "wondering", "gasp", "amazement", "bewildered", "curious"),
        ),
        Expression.ANGRY: ("fierce", "wicked", "rage", "savage"),
    },
)
"""The expressions of faces, by moods, traits and actions."""

VIEWS = _words(
    grammar.VIEWS,
    {
        View.FRONT: ("facing us", "facing the reader", "from the front"),
        View.THREE_QUARTER: ("three quarter", "turned aside"),
        View.SIDE: ("profile", "from the side", "sideways"),
        View.BACK: (
            *("from behind", "back turned", "turned away", "back to us", "seen from the back"),
        ),
    },
)
TURNS = table(
    {View.BACK: ("turn away", "turn back to us", "turn back", "look away")},
    {View.BACK: ("walk away", "go away")},
)
"""The actions that show in a figure's view."""

POSES = _words(
    grammar.POSES,
    {
        Pose.STANDING: (),
        Pose.WAVING: ("waving goodbye",),
        Pose.CHEERING: (
            *("arms raised", "hands up", "arms in the air", "hands in the air", "raised arms"),
        ),
    },
)
ARMS = table(
    {
        Pose.STANDING: ("stand", "stand still", "stand there"),
        Pose.WAVING: ("wave",),
        Pose.CHEERING: (
            *("cheer", "raise arms", "raise hands", "lift arms", "throw up arms", "throw arms up"),
            *("put hands up", "put up hands", "hold up arms", "hold arms up", "raise up arms"),
        ),
    },
    {
        Pose.STANDING: ("wait", "stay", "stop", "pause"),
        Pose.WAVING: ("beckon", "greet"),
        Pose.CHEERING: ("celebrate", "rejoice", "applaud"),
    },
)
"""The actions that show in a figure's pose, without the words `her` and `the`."""
HOLDING = table({"hold": ("carry", "clutch", "grip", "grasp", "hold up", "hold on")})
DRESSING = table({"put on": ("pull on", "slip on", "wear", "take off", "pull off")})
"""The actions that show in what somebody has in the hand, and in what somebody wears."""
HANDS = frozenset({"hand", "hands", "arm", "arms", "paw", "paws"})
GREETINGS = frozenset(
    {"goodbye", "hello", "farewell", "bye", "good", "hand", "hands", "back", "to", "at"}
)
"""The words after such an action that add nothing to see."""

POSITIONS = _words(
    grammar.POSITIONS,
    {
        Position.CENTRE: ("in the centre", "in the center"),
        Position.LEFT: ("at the left", "to the left"),
        Position.RIGHT: ("at the right", "to the right"),
    },
)

FRAMINGS = table(
    {
        Framing.CLOSE_UP: ("close up",),
        Framing.HALF_BODY: ("waist up",),
        Framing.FULL_BODY: ("whole body", "head to toe", "from head to toe", "full length"),
    }
)
