"""Likeness as it is measured: orders, kept results, cut runs and figures, with a scripted model."""

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from actors.engine.profiles import profile
from actors.engine.render import Embedding, RenderRequest, RenderResult
from actors.judging.judge import Judge
from actors.storybook import CHECKPOINT
from recipe.evaluation import AUDIT
from recipe.evaluation.audit import Audit
from recipe.evaluation.grids import Picture, read_png, write_png
from recipe.evaluation.identity import JUDGE, Case, Examiner, Seen, cases
from recipe.evaluation.likeness import Likeness, likeness_sections, marks
from recipe.evaluation.likeness_report import Measured, likeness_section
from recipe.evaluation.orders import SCALE, Order, Variant, order_of
from recipe.evaluation.report import Figure, Section
from recipe.evaluation.results import Result, Results
from recipe.evaluation.studio import Studio
from recipe.evaluation.wording import scene_spec, told_scene
from recipe.illustrator import Illustrator, Scene
from recipe.illustrator.sampling import PAIRED, PORTRAITS
from recipe.training.cast import brief_caption

REFERENCES = {Variant.BOTH, Variant.REFERENCES, Variant.CONTRADICTED, Variant.OWN}


WIDTHS = (8, 8, 16)


class Killed(Exception):
    """Raised where a run is cut."""


class ScriptedModel:
    """Makes the drawn scene of whatever case it is asked for."""

    def __init__(self, asked: Sequence[Case], renders: int = 1000) -> None:
        self._pictures = {
            case.seed: write_png(Illustrator().draw(case.scene).image) for case in asked
        }
        self._left = renders
        self.requests: list[RenderRequest] = []

    def render(self, request: RenderRequest) -> RenderResult:
        if not self._left:
            raise Killed
        self._left -= 1
        self.requests.append(request)
        return RenderResult(self._pictures[request.seed], 256, 256, "scripted")

    async def encode(self, png: bytes) -> Embedding:
        return Embedding("scripted", png[:8])


class QuickExaminer(Examiner):
    """Sees something in every picture, without a judge."""

    def __init__(self) -> None:
        super().__init__(Judge.new(WIDTHS, WIDTHS, 8, {}), None, Illustrator())

    def examine(self, case: Case, image: Picture) -> Seen:
        ranks = (int(image.mean()) % 3,) * case.people
        return Seen(ranks, ranks, (None,) * case.people)


@pytest.fixture(scope="module")
def examiner() -> Examiner:
    return QuickExaminer()


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


class MeetingModel(ScriptedModel):
    """Makes pictures only for so many callers at once."""

    def __init__(self, asked: Sequence[Case], callers: int) -> None:
        super().__init__(asked)
        self._callers = threading.Barrier(callers, timeout=60)

    def render(self, request: RenderRequest) -> RenderResult:
        self._callers.wait()
        return super().render(request)


def studio(
    model: ScriptedModel,
    examiner: Examiner,
    folder: Path,
    mark: str = "checkpoint",
    together: int = 1,
) -> Studio:
    return Studio(model, examiner, Illustrator(), folder, (mark,), together)


def orders_of(asked: Sequence[Case]) -> list[Order]:
    return [order_of(case, variant) for case in asked for variant in Variant]


def figures_of(section: Section) -> dict[str, Figure]:
    return {figure.name.split(": ", 1)[1]: figure for figure in section.figures}


@pytest.mark.parametrize("people", [1, 2])
def test_an_order_is_what_the_service_asks_its_model_for(people: int) -> None:
    for case in cases(PAIRED, 4, people):
        spec = scene_spec(case.scene, case.seed)
        scene = told_scene(case.scene, spec.characters)
        told = profile("storybook").dialect.compile(spec, scene).prompt
        for variant in Variant:
            order = order_of(case, variant, scale=0.5)
            assert order.request.prompt == (told if variant.told else brief_caption(case.scene))
            assert order.request.steps == 30
            assert order.request.seed == case.seed
            scale = 1.0 if variant is Variant.REFERENCES else 0.5
            assert (order.request.reference_scale, len(order.sources)) == (
                (scale, people) if variant in REFERENCES else (0.0, 0)
            )
        assert order_of(case, Variant.BOTH).sources == case.references


def test_contradicting_references_show_the_first_look_alikes() -> None:
    [case] = cases(PAIRED, 1, 2)
    shown = order_of(case, Variant.CONTRADICTED).sources
    assert [each.characters[0].garment for each in shown if isinstance(each, Scene)] == [
        rivals[0].garment for rivals in case.rivals
    ]
    assert set(shown).isdisjoint(case.references)


def test_own_portraits_are_ordered_from_words() -> None:
    [case] = cases(PAIRED, 1, 2)
    one, other = order_of(case, Variant.OWN).sources
    assert isinstance(one, RenderRequest)
    assert isinstance(other, RenderRequest)
    assert one.prompt != other.prompt
    assert "portrait of" in one.prompt
    assert one.prompt.endswith("smiling, plain background")


def test_a_key_changes_with_all_that_decides_a_result() -> None:
    case, next_case = cases(PAIRED, 2, 1)
    order = order_of(case, Variant.BOTH)
    others = [
        order_of(case, Variant.BOTH, scale=0.5),
        order_of(case, Variant.CONTRADICTED),
        order_of(next_case, Variant.BOTH),
        replace(order, request=replace(order.request, steps=20)),
        replace(order, columns=((0.0, 0.5),)),
        replace(order, case=replace(case, rivals=((*case.rivals[0][1:],),))),
    ]
    assert len({each.key(["mark"]) for each in [order, *others]}) == 7
    assert order.key(["mark"]) == order_of(cases(PAIRED, 1, 1)[0], Variant.BOTH).key(["mark"])
    assert order.key(["mark"]) != order.key(["another"])


def test_a_drawn_scene_is_seen_as_it_is_and_a_look_alike_is_not() -> None:
    examiner = Examiner(Judge.load(CHECKPOINT / JUDGE), Audit.load(AUDIT), Illustrator())
    for case in cases(PAIRED, 1, 2):
        seen = examiner.examine(case, Illustrator().draw(case.scene).image)
        assert (seen.ranks, seen.eyes) == ((0, 0), (True, True))
        assert all(rank for rank in seen.rival_ranks)
        cast = tuple(each for each, *_ in case.rivals)
        rival = examiner.examine(
            case, Illustrator().draw(replace(case.scene, characters=cast)).image
        )
        assert rival.rival_ranks == (0, 0)
    one = Illustrator().draw(case.references[0]).image
    assert examiner.examine(case, one).ranks == (None, None)


def test_each_picture_is_made_once_with_its_references_in_their_columns(
    examiner: Examiner, tmp_path: Path
) -> None:
    asked = cases(PAIRED, 1, 2)
    model = ScriptedModel(asked)
    made = studio(model, examiner, tmp_path)
    results = made.measure(orders_of(asked))
    assert [result.variant for result in results] == [*Variant]
    with_references = [request for request in model.requests if request.references]
    assert len(with_references) == len(REFERENCES)
    for request in with_references:
        assert [(each.left, each.right) for each in request.references] == [(0, 0.5), (0.5, 1)]
    assert made.picture(order_of(asked[0], Variant.DRAWN)).shape == (256, 256, 3)
    assert made.references(order_of(asked[0], Variant.OWN)).shape == (256, 256, 3)


def test_a_run_that_was_cut_goes_on_and_makes_nothing_twice(
    examiner: Examiner, tmp_path: Path
) -> None:
    asked = cases(PAIRED, 3, 1)
    orders = orders_of(asked)
    whole = ScriptedModel(asked)
    expected = studio(whole, examiner, tmp_path / "whole").measure(orders)
    cut = ScriptedModel(asked, renders=8)
    with pytest.raises(Killed):
        studio(cut, examiner, tmp_path).measure(orders)
    file = tmp_path / "results.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*lines[:-1], lines[-1][: len(lines[-1]) // 2]]))

    rest = ScriptedModel(asked)
    assert studio(rest, examiner, tmp_path).measure(orders) == expected
    # One line was cut while it was written, and nothing else is made again.
    assert len(rest.requests) == len(whole.requests) - len(cut.requests) + 1
    assert len(Results(file)) == len(orders)
    again = ScriptedModel(asked, renders=0)
    assert studio(again, examiner, tmp_path).measure(orders) == expected


def test_orders_in_work_at_once_have_the_results_of_one_after_the_other(
    examiner: Examiner, tmp_path: Path
) -> None:
    asked = cases(PAIRED, 4, 1)
    orders = [order_of(case, Variant.WORDS) for case in asked]
    expected = studio(ScriptedModel(asked), examiner, tmp_path / "one").measure(orders)
    together = studio(MeetingModel(asked, 4), examiner, tmp_path / "four", together=4)
    assert together.measure(orders) == expected


def test_results_of_another_checkpoint_or_without_their_picture_do_not_count(
    examiner: Examiner, tmp_path: Path
) -> None:
    [case] = cases(PAIRED, 1, 1)
    order = order_of(case, Variant.WORDS)
    for mark, renders in (("one", 1), ("one", 0), ("other", 1)):
        model = ScriptedModel([case])
        studio(model, examiner, tmp_path, mark).measure([order])
        assert len(model.requests) == renders
    for picture in tmp_path.glob("*.png"):
        picture.unlink()
    model = ScriptedModel([case])
    studio(model, examiner, tmp_path, "one").measure([order])
    assert len(model.requests) == 1


def test_more_pictures_and_scales_are_measured_on_top_of_those_there_are(
    examiner: Examiner, tmp_path: Path
) -> None:
    def measured(count: int, scales: tuple[float, ...] = ()) -> tuple[Section, int]:
        model = ScriptedModel(cases(PORTRAITS, count, 1))
        likeness = Likeness(studio(model, examiner, tmp_path / "kept"), tmp_path, scales)
        [section] = likeness.sections(PORTRAITS, count)
        return section, len(model.requests)

    few, first = measured(1)
    more, second = measured(2)
    assert second == first
    _, third = measured(2, scales=(SCALE / 2,))
    assert third == 2
    assert figures_of(few)["words alone"].beside == "of 1"
    assert figures_of(more)["words alone"].beside == "of 2"
    assert figures_of(more)["drawn"].interval is not None
    assert figures_of(more)["PSNR, words alone"].value == 100
    grid = read_png((tmp_path / "likeness-1.png").read_bytes())
    assert grid.shape == (10 * 256, 8 * 256, 3)


def test_figures_of_variants_that_were_not_asked_for_are_left_out(
    examiner: Examiner, tmp_path: Path
) -> None:
    asked = cases(PORTRAITS, 1, 1)
    model = ScriptedModel(asked)
    likeness = Likeness(studio(model, examiner, tmp_path), tmp_path, (), [Variant.WORDS])
    [section] = likeness.sections(PORTRAITS, 1)
    assert len(model.requests) == 2
    names = [name for name in figures_of(section) if not name.startswith(("eye", "PSNR"))]
    assert names == ["words and references", "words alone", "drawn"]
    assert "against words alone" in str(figures_of(section)["words and references"])
    assert "references alone" not in str(figures_of(section)["words and references"])


def result(
    variant: Variant, index: int, ranks: tuple[int | None, ...], eyes: bool | None
) -> Result:
    rivals = tuple(None if rank is None else int(rank == 0) for rank in ranks)
    return Result(f"{variant} {index}", 2, variant, index, 1.0, Seen(ranks, rivals, (eyes, None)))


def measured(
    variant: Variant, *ranks: tuple[int | None, ...], eyes: bool | None = None
) -> Measured:
    return Measured([result(variant, at, each, eyes) for at, each in enumerate(ranks)], 20.0)


def test_figures_say_their_intervals_what_was_not_found_and_who_wins() -> None:
    good, wrong, lost = (0, 0), (0, 3), (None, None)
    found = {variant: measured(variant, good, good, good, eyes=True) for variant in Variant}
    found[Variant.WORDS] = measured(Variant.WORDS, good, wrong, lost, eyes=False)
    found[Variant.NEITHER] = measured(Variant.NEITHER, lost, lost, lost)
    found[Variant.CONTRADICTED] = measured(Variant.CONTRADICTED, good, wrong, lost)
    section = likeness_section(found, 2, {0.5: found[Variant.WORDS]})
    figures = figures_of(section)
    both, words = figures["words and references"], figures["words alone"]
    assert (both.value, both.target, both.verdict) == (100, 96, "met")
    assert both.beside == (
        "of 6; against words alone +3 -0, p 0.25; against references alone, at scale 1 +0 -0, p 1"
    )
    assert words.value == 50
    assert words.beside == "of 6; 2 not found"
    assert "18.8 to 81.2; of 6" in str(words)
    assert figures["fall without the adapter"].value == 100
    assert figures["contradicted, as the words say"].value == 50
    assert figures["contradicted, as the reference shows"].value == pytest.approx(100 / 6)
    assert figures["words and references at 0.5"].value == 50
    eyes = figures["eye colour, words and references"]
    assert (eyes.value, eyes.target, eyes.beside) == (100, 85, "of 3")
    assert figures["eye colour, words alone"].value == 0
    assert figures["PSNR, words and references at 0.5"].value == 20
    assert json.loads(json.dumps(words.interval)) == pytest.approx([18.76, 81.24], abs=0.01)


def test_eyes_that_nobody_reads_are_not_measured() -> None:
    found = {variant: measured(variant, (0, 0)) for variant in Variant}
    eyes = figures_of(likeness_section(found, 2))["eye colour, words and references"]
    assert eyes.verdict == "NOT MEASURED"


def test_without_an_adapter_or_a_judge_no_character_is_ranked(tmp_path: Path) -> None:
    sections = likeness_sections(tmp_path, PORTRAITS, 1, tmp_path, AUDIT)
    figures = [figure for section in sections for figure in section.figures]
    assert [figure.verdict for figure in figures] == ["NOT MEASURED"] * 3
    assert "no ip_adapter/ip_adapter.safetensors and no judge/model" in figures[0].missing


def test_the_marks_of_a_checkpoint_change_with_any_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet" / "weights").write_bytes(b"1")
    before = marks(tmp_path, AUDIT)
    assert before == marks(tmp_path, AUDIT)
    (tmp_path / "unet" / "weights").write_bytes(b"2")
    assert marks(tmp_path, AUDIT)[0] != before[0]
    assert marks(tmp_path, tmp_path / "none")[1] != before[1]
