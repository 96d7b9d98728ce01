"""The characters of a request are people, wherever they are named or described."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from server.safety.gate import TextGate
from server.safety.rules import Category

PAGES = Path("recipe/reading/pages")
NAMED = {"characters[1].name": "Mia"}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("scene", "Mia stands naked on the beach."),
        ("page.text", "Mia steht nackt am Strand."),
        ("prompt", "MIA, undressed"),
        ("characters[1].clothing", "naked"),
        ("character.clothing", "desnuda"),
        ("scene.figures[0].wearing[0]", "nothing, nude"),
        ("story.pages[0].scene.figures[0].doing[1]", "posing in lingerie"),
    ],
)
def test_what_no_picture_may_show_of_people_it_may_not_show_of_a_character(
    gate: TextGate, field: str, text: str
) -> None:
    refusal = gate.check({field: text, **NAMED})
    assert refusal is not None
    assert (refusal.field, refusal.category) == (field, Category.SEXUAL)
    assert "Mia" not in refusal.rule


def test_a_name_in_another_script_is_found(gate: TextGate) -> None:
    fields = {"scene": "मिया नंगी है", "characters[1].name": "मिया"}
    assert gate.check(fields) is not None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Max", "The naked mole rat Max digs."),
        ("Mia", "Mia walks on naked feet past a naked tree."),
        ("Mia", "A naked tree. Mia sings."),
        ("Little Bear", "Little Bear looked at the naked chick."),
        ("A", "A naked tree."),
        ("Emperor Karl", "Emperor Karl is naked."),
    ],
)
def test_a_character_beside_something_bare_is_not_refused(
    gate: TextGate, name: str, text: str
) -> None:
    assert gate.check({"scene": text, "characters[1].name": name}) is None


def test_no_page_of_the_corpus_of_reading_is_refused_with_its_cast(gate: TextGate) -> None:
    stories: list[dict[str, Any]] = [
        yaml.safe_load(path.read_text("utf-8")) for path in sorted(PAGES.rglob("*.yaml"))
    ]
    pages = 0
    for story in stories:
        cast = {
            f"characters[{place}].{name}": text
            for place, one in enumerate(story.get("characters", ()))
            for name, text in one.items()
            if isinstance(text, str)
        }
        for page in story["pages"]:
            pages += 1
            assert gate.check({"page.text": page["text"], **cast}) is None
    assert pages > 250
