"""What an author has set of a page's scene, read from its message."""

from uuid import UUID

from imggen.v1 import scene_pb2
from server.domain.ids import CharacterId
from server.domain.scenes import DayTime, Figure, Mood, Scene, SceneField, Season, Weather


def scene_of(message: scene_pb2.Scene) -> Scene:
    """Returns a scene whose message was checked."""
    return Scene(
        figures=tuple(map(_figure, message.figures)),
        extras=tuple(message.extras),
        place=message.place,
        time=DayTime(message.time) if message.time else None,
        season=Season(message.season) if message.season else None,
        weather=tuple(map(Weather, message.weather)),
        props=tuple(message.props),
        colours=tuple(message.colours),
        absent=tuple(message.absent),
        empty=tuple(map(SceneField, message.empty)),
    )


def _figure(message: scene_pb2.Figure) -> Figure:
    return Figure(
        character=CharacterId(UUID(message.character_id)),
        doing=tuple(message.doing),
        mood=Mood(message.mood) if message.mood else None,
        holding=tuple(message.holding),
        wearing=tuple(message.wearing),
        without=tuple(message.without),
    )
