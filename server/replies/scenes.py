"""Scenes as messages."""

from imggen.v1 import scene_pb2
from server.domain.scenes import Figure, Scene


def scene_message(scene: Scene) -> scene_pb2.Scene:
    """Returns a scene as its message."""
    return scene_pb2.Scene(
        figures=map(_figure, scene.figures),
        extras=scene.extras,
        place=scene.place,
        time=scene.time or "",
        season=scene.season or "",
        weather=scene.weather,
        props=scene.props,
        colours=scene.colours,
        absent=scene.absent,
        empty=scene.empty,
    )


def _figure(figure: Figure) -> scene_pb2.Figure:
    return scene_pb2.Figure(
        character_id=str(figure.character),
        doing=figure.doing,
        mood=figure.mood or "",
        holding=figure.holding,
        wearing=figure.wearing,
        without=figure.without,
    )
