"""Old tales, not written for the grammar: the parts that can be drawn, and the reports."""

from pathlib import Path

import pytest

from actors.extractors.rules.reader import RuleReader
from actors.prompts.storybook import StorybookDialect
from recipe.tales import Knowledge, Tale, known, load_tales, main, share
from tests.unit.content import render_spec

FOLDER = Path(__file__).parent / "tales"
TALES = load_tales(FOLDER)


def test_there_are_twenty_pages_with_their_sources() -> None:
    assert len(TALES) == 20
    assert all(tale.title and tale.author and tale.year for tale in TALES)
    foreign = [tale for tale in TALES if tale.author[:5] in {"Jacob", "Hans ", "Charl", "Carlo"}]
    assert len(foreign) == 11
    assert all(tale.translator for tale in foreign)


def test_four_of_five_nouns_are_known() -> None:
    assert share(TALES, Knowledge.DRAWN, Knowledge.STOOD_FOR) >= 0.8


@pytest.mark.parametrize(
    ("noun", "becomes"),
    [
        ("wood", Knowledge.DRAWN),
        ("fir-tree", Knowledge.DRAWN),
        ("grandmother", Knowledge.DRAWN),
        ("fox", Knowledge.DRAWN),
        ("wolf", Knowledge.STOOD_FOR),
        ("troll", Knowledge.STOOD_FOR),
        ("table", Knowledge.STOOD_FOR),
        ("cheese", Knowledge.UNKNOWN),
        ("sword-hilt", Knowledge.UNKNOWN),
    ],
)
def test_how_a_noun_is_drawn(noun: str, becomes: Knowledge) -> None:
    assert known(noun) is becomes


@pytest.mark.parametrize("tale", TALES, ids=lambda tale: tale.title)
def test_what_is_read_of_a_page_and_not_drawn_as_written_is_reported(tale: Tale) -> None:
    scene = RuleReader().read(tale.text, [])
    compiled = StorybookDialect().compile(render_spec(), scene)
    told = [*scene.props, *scene.extras, *filter(None, [scene.place])]
    lost = {one.phrase for one in compiled.not_drawn}
    for phrase in told:
        if phrase not in lost:
            assert known(phrase) is Knowledge.DRAWN, f"{phrase} is dropped in silence"


def test_the_command_prints_each_tale_and_all(capsys: pytest.CaptureFixture[str]) -> None:
    main([str(FOLDER)])
    out = capsys.readouterr().out
    assert "unknown: cheese, beak" in out
    assert out.splitlines()[-1].endswith("nouns: all 20 tales")


def test_a_noun_that_is_not_in_the_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "title: A\nauthor: B\nyear: 1900\ntranslator: ''\ntext: A fox ran.\nnouns: [fox, hen]\n"
    )
    with pytest.raises(ValueError, match="hen: not in the text"):
        load_tales(tmp_path)
