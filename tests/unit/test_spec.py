"""The RenderSpec as JSON: written by hand, so compared with the dataclasses."""

import json
from dataclasses import asdict, fields, replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.characters import Description, FrozenCharacter, Gender
from server.domain.ids import CharacterId
from server.domain.scenes import DayTime, Figure, Mood, Scene, SceneField, Season, Weather
from server.domain.spec import SPEC_VERSION, RenderSpec
from server.domain.states import ImageType, Quality
from server.domain.styles import Style
from tests.builders import STORYBOOK_STYLE, description, render_spec
from tests.faults.scenarios.versions import NEW_QUALITY

_TEXT = st.text(max_size=20)
_CHARACTERS = st.builds(
    FrozenCharacter,
    st.uuids(),
    st.integers(1, 9),
    st.builds(
        Description,
        _TEXT,
        st.none() | st.integers(0, 150),
        st.sampled_from(Gender),
        *[_TEXT] * 5,
        *[st.lists(_TEXT, max_size=3).map(tuple)] * 2,
    ),
)
SPECS = st.builds(
    RenderSpec,
    st.sampled_from(ImageType),
    st.builds(Style, _TEXT, st.integers(1, 9), *[_TEXT] * 4),
    st.lists(_CHARACTERS, max_size=3).map(tuple),
    _TEXT,
    _TEXT,
    _TEXT,
    st.integers(1, 4096),
    st.integers(1, 4096),
    st.sampled_from(Quality),
    st.integers(0, 2**32 - 1),
    st.booleans(),
    st.lists(_CHARACTERS, max_size=2).map(tuple),
    st.lists(_TEXT, max_size=2).map(tuple),
)
_UNLESS_EMPTY = {"others", "before", "fixed"}
"""The fields that old digests have nothing of."""

MIA = (FrozenCharacter(UUID(int=1), 1, description()),)


@given(SPECS)
def test_a_spec_comes_back_from_the_database_as_it_was(spec: RenderSpec) -> None:
    assert RenderSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


@given(SPECS)
def test_nothing_of_a_spec_is_left_out(spec: RenderSpec) -> None:
    whole = {
        name: value for name, value in asdict(spec).items() if value or name not in _UNLESS_EMPTY
    }
    assert json.loads(json.dumps(spec.to_json())) == json.loads(json.dumps(whole, default=str))


@pytest.mark.parametrize(
    ("kind", "batched", "cropped", "version"),
    [
        (ImageType.SCENE, False, False, 1),
        (ImageType.PORTRAIT, True, False, 2),
        (ImageType.COVER, False, False, 2),
        (ImageType.SCENE, False, True, 3),
        (ImageType.COVER, True, True, 3),
    ],
)
def test_a_spec_has_the_oldest_version_whose_workers_can_draw_it(
    kind: ImageType, batched: bool, cropped: bool, version: int
) -> None:
    assert render_spec(image_type=kind).version(batched=batched, cropped=cropped) == version


@pytest.mark.parametrize("cropped", [False, True])
def test_an_older_worker_cannot_draw_from_references(cropped: bool) -> None:
    with_references = render_spec(use_references=True)
    assert with_references.version(batched=True, cropped=cropped) == 4
    nobody = replace(with_references, characters=())
    assert nobody.version(batched=True, cropped=cropped) < 4


@pytest.mark.parametrize("field", ["others", "before"])
@pytest.mark.parametrize("batched", [False, True])
def test_an_older_worker_cannot_draw_what_other_pages_say(field: str, batched: bool) -> None:
    values: dict[str, Any] = {"others": MIA, "before": ("It rained.",)}
    spec = render_spec(image_type=ImageType.SCENE, **{field: values[field]})
    assert spec.version(batched=batched, cropped=False) == 5 < SPEC_VERSION


def test_an_older_worker_cannot_draw_or_read_what_an_author_has_fixed() -> None:
    spec = render_spec(image_type=ImageType.SCENE, fixed=Scene(place="mill"))
    assert spec.version(batched=False, cropped=False) == spec.plan_version == 6
    assert replace(spec, fixed=None).plan_version == 5
    emptied = replace(spec, fixed=Scene(empty=(SceneField.PLACE,)))
    assert emptied.version(batched=False, cropped=False) == emptied.plan_version == 7
    assert spec.content_digest() != replace(spec, fixed=None).content_digest()


def test_an_older_worker_cannot_draw_or_read_for_a_draft() -> None:
    spec = render_spec(image_type=ImageType.SCENE, quality=Quality.DRAFT)
    assert spec.version(batched=False, cropped=False) == spec.plan_version == SPEC_VERSION == 8


def test_the_scenario_of_a_new_version_asks_for_what_only_that_version_draws() -> None:
    spec = render_spec(quality=Quality(NEW_QUALITY))
    assert spec.version(batched=False, cropped=False) == SPEC_VERSION


def test_what_an_author_has_fixed_comes_back_as_it_was() -> None:
    figure = Figure(
        CharacterId(uuid4()), ("climb",), Mood.SAD, ("rope",), ("red hat",), ("left shoe",)
    )
    weather = (Weather.RAIN, Weather.WIND)
    fixed = Scene(
        *((figure,), (), ("crowd",), "mill", DayTime.NIGHT, Season.WINTER, weather),
        *(("lamp",), ("red lamp",), ("hat",)),
    )
    for scene in (fixed, Scene(place="mill"), Scene((Figure(figure.character),))):
        stored = json.loads(json.dumps(render_spec(fixed=scene).to_json()))
        assert RenderSpec.from_json(stored).fixed == scene


def test_a_spec_from_before_references_has_none() -> None:
    old = render_spec(use_references=True).to_json()
    del old["use_references"]
    assert not RenderSpec.from_json(old).use_references


def test_a_spec_from_before_other_pages_knows_none() -> None:
    old = RenderSpec.from_json(render_spec(characters=MIA).to_json())
    assert (old.others, old.before, old.cast) == ((), (), MIA)


def test_the_fields_keep_their_order() -> None:
    spec = render_spec(others=MIA, before=("It rained.",), fixed=Scene(place="mill"))
    assert list(spec.to_json()) == [field.name for field in fields(RenderSpec)]


CHANGES: tuple[dict[str, Any], ...] = (
    {"image_type": ImageType.COVER},
    {"style": replace(STORYBOOK_STYLE, version=2)},
    {"characters": ()},
    {"scene": "a wood"},
    {"page_text": "Mia runs."},
    {"model": "sdxl"},
    {"width": 1536},
    {"height": 1536},
    {"quality": Quality.HD},
    {"use_references": True},
    {"others": MIA},
    {"before": ("It rained.",)},
    {"fixed": Scene(place="mill")},
)


def test_a_digest_is_of_everything_but_the_seed() -> None:
    spec = render_spec()
    others = [replace(spec, **change) for change in CHANGES]
    digests = {one.content_digest() for one in (spec, *others)}
    assert len(digests) == 1 + len(CHANGES)
    assert {name for change in CHANGES for name in change} | {"seed"} == {
        field.name for field in fields(RenderSpec)
    }
    assert replace(spec, seed=8).content_digest() == spec.content_digest()


@given(SPECS)
def test_a_stored_spec_has_the_same_digest(spec: RenderSpec) -> None:
    stored = RenderSpec.from_json(json.loads(json.dumps(spec.to_json())))
    assert stored.content_digest() == spec.content_digest()


def test_digests_stay_as_they_are() -> None:
    # Another one means that nothing which was stored before is reused.
    spec = render_spec(characters=MIA)
    digest = "b54083baaf97770d8cec08e38c70729702180ab0034663e6623dad1547e360d1"
    assert spec.content_digest().hex() == digest
