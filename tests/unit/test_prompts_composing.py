"""Composition: what the content leaves open, other seeds show otherwise."""

from dataclasses import replace

from actors.extractors.pages import arranged
from actors.prompts.composing import composed, is_mirrored, mirrored
from actors.prompts.storybook import StorybookDialect
from actors.storybook.attributes import Character, Framing, Pose, Position, Scene, View
from server.domain.characters import Gender
from server.domain.ids import CharacterId
from server.domain.scenes import Figure, Side
from server.domain.scenes import Scene as Told
from server.domain.spec import RenderSpec
from server.domain.states import ImageType
from tests.unit.content import character, render_spec

ALONE = Scene((Character(),), framing=Framing.HALF_BODY)
PAIR = Scene((Character(), Character()), framing=Framing.FULL_BODY)
MIA = character("Mia", age=7, gender=Gender.FEMALE)
LEO = character("Leo", age=7, gender=Gender.MALE)
WHO = CharacterId(MIA.id)


def spec_of(seed: int, **changes: object) -> RenderSpec:
    return replace(render_spec([MIA], seed=seed), page_text="Mia sings.", **changes)  # type: ignore[arg-type]


def prompts(seeds: int = 40, told: Told | None = None, **changes: object) -> set[str]:
    scene = told or Told(figures=(Figure(WHO),), told="Mia sings.")
    return {
        StorybookDialect().compile(spec_of(seed, **changes), scene).prompt for seed in range(seeds)
    }


def test_a_seed_always_gives_the_same_composition() -> None:
    assert all(composed(ALONE, seed) == composed(ALONE, seed) for seed in range(20))


def test_other_seeds_give_other_crops_and_places() -> None:
    shown = [composed(ALONE, seed) for seed in range(100)]
    assert {one.framing for one in shown} == set(Framing)
    assert {one.position for one in shown} == set(Position)


def test_faces_are_mostly_large_and_never_turned() -> None:
    shown = [composed(ALONE, seed) for seed in range(100)]
    assert {one.characters[0].view for one in shown} == {View.FRONT}
    assert sum(one.framing is not Framing.FULL_BODY for one in shown) > 60


def test_what_is_told_of_a_figure_stays() -> None:
    waving = replace(ALONE, characters=(Character(pose=Pose.WAVING),), framing=Framing.FULL_BODY)
    averted = replace(ALONE, characters=(Character(view=View.BACK),), framing=Framing.FULL_BODY)
    for seed in range(40):
        assert composed(waving, seed).framing is Framing.FULL_BODY
        assert composed(averted, seed).characters[0].view is View.BACK


def test_two_and_three_figures_stand_as_they_are() -> None:
    three = Scene((Character(),) * 3, framing=Framing.FULL_BODY)
    assert all(composed(one, seed) == one for one in (PAIR, three) for seed in range(20))


def paired(seed: int, *, told: str = "Mia sings. Leo hums.", **changes: object) -> RenderSpec:
    return replace(
        render_spec([MIA, LEO], seed=seed),
        page_text=told,
        **changes,  # type: ignore[arg-type]
    )


def told_pair(*figures: Figure) -> Told:
    return Told(figures=figures or (Figure(WHO), Figure(CharacterId(LEO.id))))


def seeds_of(*, flipped: bool) -> list[int]:
    return [seed for seed in range(40) if is_mirrored(seed) is flipped]


def test_some_seeds_draw_a_picture_as_a_mirror_shows_it() -> None:
    plain, other = seeds_of(flipped=False)[0], seeds_of(flipped=True)[0]
    compiled = {
        seed: StorybookDialect().compile(paired(seed), told_pair()) for seed in (plain, other)
    }
    assert (compiled[plain].mirrored, compiled[other].mirrored) == (False, True)
    first, second = compiled[plain].prompt, compiled[other].prompt
    # The model draws them the other way round, so that the mirror shows them in their order.
    assert first.index("girl") < first.index("boy")
    assert second.index("boy") < second.index("girl")


def test_a_mirror_keeps_the_side_of_a_figure() -> None:
    left = Scene((Character(),), framing=Framing.FULL_BODY, position=Position.LEFT)
    assert mirrored(left).position is Position.RIGHT
    assert mirrored(mirrored(left)) == left


def test_portraits_and_told_sides_are_not_mirrored() -> None:
    side = Told(figures=(Figure(WHO, side=Side.LEFT),))
    for seed in seeds_of(flipped=True)[:5]:
        assert not StorybookDialect().compile(spec_of(seed), side).mirrored
        portrait = spec_of(seed, image_type=ImageType.PORTRAIT)
        assert not StorybookDialect().compile(portrait, Told(figures=(Figure(WHO),))).mirrored


def order(scene: Told) -> list[CharacterId]:
    return [one.character for one in scene.figures]


def test_two_change_places_where_nothing_says_who_is_where() -> None:
    orders = {tuple(order(arranged(told_pair(), paired(seed)))) for seed in range(40)}
    assert len(orders) == 2


def test_two_stay_where_they_are_told_to_be() -> None:
    mine = order(told_pair())
    for seed in range(40):
        for told in ("Leo is to the right of Mia.", "On the left, Mia sings. Leo hums."):
            assert order(arranged(told_pair(), paired(seed, told=told))) == mine
        by_author = paired(seed, fixed=told_pair())
        assert order(arranged(told_pair(), by_author)) == mine
        described = paired(seed, told="", scene="Mia and Leo sing.")
        assert order(arranged(told_pair(), described)) == mine


def drawn(spec: RenderSpec, scene: Told) -> tuple[str, bool]:
    """Returns what decides how a picture is composed."""
    compiled = StorybookDialect().compile(spec, scene)
    return compiled.prompt, compiled.mirrored


def test_pages_are_composed_by_their_seed() -> None:
    scene = Told(figures=(Figure(WHO),), told="Mia sings.")
    assert len({drawn(spec_of(seed), scene) for seed in range(40)}) > 5


def test_a_cover_that_is_described_is_composed_by_its_seed() -> None:
    cover = {"image_type": ImageType.COVER, "scene": "Mia sings.", "page_text": ""}
    scene = Told(figures=(Figure(WHO),), told="Mia sings.")
    shown = {drawn(replace(spec_of(seed), **cover), scene) for seed in range(40)}  # type: ignore[arg-type]
    assert len(shown) > 5


def test_a_told_side_or_crop_is_drawn_with_every_seed() -> None:
    left = Told(figures=(Figure(WHO, side=Side.LEFT),), told="Mia sings.")
    assert len(prompts(told=left)) == 1
    assert len(prompts(scene="A full body picture of Mia.")) == 1


def test_portraits_and_descriptions_alone_are_the_same_with_every_seed() -> None:
    assert len(prompts(image_type=ImageType.PORTRAIT)) == 1
    alone = {
        StorybookDialect()
        .compile(
            render_spec([MIA], seed=seed),
            Told(figures=(Figure(WHO),)),
        )
        .prompt
        for seed in range(20)
    }
    assert len(alone) == 1
