"""The lists that others keep, and ours over them."""

import subprocess
import sys

import pytest

from server.safety import kept
from server.safety.folding import Folding
from server.safety.lists import LANGUAGES, Lists
from server.safety.patterns import phrases
from server.safety.vocabulary import Vocabulary


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_kept_lists_have_words_in_every_language(language: str) -> None:
    assert len(list(kept.patterns(language))) > 50


def test_the_confusables_are_unicodes() -> None:
    assert kept.confusables()["а"] == ["a"]


def test_no_code_of_the_lists_packages_is_run() -> None:
    code = (
        "import sys; from server.safety.gate import load_gate; load_gate();"
        "names = {'safetype', 'glin_profanity', 'confusable_homoglyphs'};"
        "sys.exit(bool(names & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_package_without_its_lists_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "safetype", raising=False)
    with pytest.raises(ModuleNotFoundError, match="the text gate reads its lists"):
        list(kept.patterns("en"))


def test_each_group_belongs_to_a_rule(lists: Lists) -> None:
    groups = {group for rule in lists.rules for group in rule.groups}
    assert groups == {phrase.group for phrase in lists.phrases} - {"harmless"}


def test_a_stem_of_two_letters_is_an_error(folding: Folding) -> None:
    short = phrases("en", "group", "ab*", folding)
    with pytest.raises(ValueError, match="too short"):
        Vocabulary(short, frozenset(), frozenset())
