"""The fake's plans: listed characters are on their pages, and what these set; nothing is read."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from imggen.rules.states import request_id_reused
from imggen.testing.memory import Memory
from imggen.testing.plans import Plan
from imggen.testing.worker import LANE
from imggen.v1.image_pb2 import IMAGE_TYPE_PORTRAIT
from imggen.v1.routing_pb2 import PlannedPage
from imggen.v1.scene_pb2 import Figure, NotDrawn, Scene, Unsure


def planned_pages(
    memory: Memory,
    plans: Sequence[Plan],
    key: str | None,
    lost: Sequence[NotDrawn],
    unsure: Callable[[bytes], Sequence[Unsure]],
) -> list[PlannedPage]:
    """Returns the cover and the pages of a story; each loses the same, and is unsure of the same.

    `unsure` returns what is unsure of a page by what its author set.

    Raises AlreadyExists where another call had planned other pages under the key.
    """
    pages: dict[int, Plan] = {}
    for plan in plans:
        if plan.image.type != IMAGE_TYPE_PORTRAIT:
            number, _ = memory.page(plan.image.story_id, plan.image.page_id)
            pages.setdefault(number, plan)
    if key is not None:
        _check_same(memory, key, pages)
    found = [
        _page(number, plan, lost, unsure(plan.drawing.fixed))
        for number, plan in sorted(pages.items())
    ]
    if LANE in memory.paused:
        for page in found:
            page.lane_paused = True
            page.ClearField("expected_duration")
    return found


def _check_same(memory: Memory, key: str, pages: dict[int, Plan]) -> None:
    for number, plan in pages.items():
        drawing = replace(plan.drawing, use_references=False)
        content = (plan.image.style, tuple(plan.image.character_ids), drawing)
        if memory.planned.setdefault((key, number), content) != content:
            raise request_id_reused(key)


def _page(
    number: int, plan: Plan, lost: Sequence[NotDrawn], unsure: Sequence[Unsure]
) -> PlannedPage:
    return PlannedPage(
        page_number=number,
        page_id=plan.image.page_id,
        scene=_scene(plan),
        model=plan.image.model,
        provider=plan.image.provider,
        expected_duration=plan.route.offers[0].expected_duration,
        not_drawn=lost,
        unsure=unsure,
    )


def _scene(plan: Plan) -> Scene:
    scene = Scene.FromString(plan.drawing.fixed)
    emptied = "figures" in scene.empty
    scene.ClearField("empty")
    if not scene.figures and not emptied:
        scene.figures.extend(Figure(character_id=one) for one in plan.image.character_ids)
    return scene
