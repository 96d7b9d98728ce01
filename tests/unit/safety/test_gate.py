"""What the gate refuses and lets pass, rule by rule."""

from itertools import product

import pytest

from server.safety.folding import Folding
from server.safety.gate import Refusal, TextGate, load_gate
from server.safety.lists import LANGUAGES, Lists
from server.safety.patterns import Phrase
from server.safety.rules import Category

# A refused text and a harmless one with the same words, by the rule.
EXAMPLES = {
    "sexual-words": ("A porn film.", "A breast of chicken and a blue tit."),
    "people-undressed": ("A naked woman.", "A naked mole rat saw the woman."),
    "people-and-desire": ("The queen makes a suggestive pose.", "The queen suggests a pose."),
    "body-shown": ("Huge breasts.", "The robin has a huge red breast."),
    "slang-of-the-body": ("Suck my dick.", "Dick Whittington had my cat."),
    "self-harm-words": ("She hanged herself.", "The thief was hanged at dawn."),
    "self-harm-by-wounds": ("He slits both wrists.", "He cut the rope around her foot."),
    "self-harm-as-advice": ("Tips to stop eating.", "Tips for eating soup."),
    "hate-words": ("White power!", "The white horse has power."),
    "hate-of-people": ("Gays should be shot.", "Nazis said that gays should be shot."),
    "symbols-of-hate": ("A red swastika.", "A swastika of petals at the Diwali festival."),
    "violence-words": ("A severed head.", "The king was killed in the battle."),
    "violence-with-blood": ("Blood is everywhere.", "Three drops of blood fell on the snow."),
    "violence-to-bodies": ("A headless body.", "A headless horseman."),
    "torture-shown": ("They tortured him, and blood ran.", "Waiting is torture, said Max."),
    "massacres-at-schools": ("A gunman at the school.", "A shooting star above the school."),
    "weapons-words": ("A pipe bomb.", "A pipe and a bath bomb."),
    "weapons-as-advice": ("How to make a bomb.", "How to make a bomb of paper."),
    "drugs-words": ("Some cocaine.", "Some cocoa."),
    "drugs-taken": ("She injects morphine.", "A crack in the wall."),
    "profanity-words": ("What the fuck.", "What the duck said."),
}
MINORS = {"minors-words", "minors-and-sexual-words", "minors-undressed", "minors-and-desire"}


@pytest.mark.parametrize("rule", EXAMPLES)
def test_each_rule_refuses_its_words_and_passes_harmless_neighbours(
    gate: TextGate, rule: str
) -> None:
    refused, harmless = EXAMPLES[rule]
    refusal = gate.check({"text": refused})
    assert refusal is not None
    assert refusal.rule == rule
    assert gate.check({"text": harmless}) is None


def test_each_rule_has_an_example(lists: Lists) -> None:
    assert {rule.name for rule in lists.rules} == EXAMPLES.keys() | MINORS


def test_each_language_has_words_for_the_gravest_rules(lists: Lists) -> None:
    groups = {group for rule in lists.rules if rule.name in MINORS for group in rule.needs}
    for language in LANGUAGES:
        present = {phrase.group for phrase in lists.phrases if phrase.language == language}
        assert groups <= present


@pytest.mark.parametrize(
    "text",
    [
        "The emperor was naked, said the child.",
        "The child saw the emperor naked.",
        "The king is naked, cried the boy.",
        "Der König ist nackt, rief das Kind.",
        "O rei vai nu, disse o menino.",
        "Le roi était nu et l'enfant riait.",
        "El rey va desnudo, dijo el niño.",
        "राजा नंगा है, बच्चे ने कहा।",
        "الملك عار، قال الطفل.",
        "The girl undressed her doll.",
        "A horny toad.",
        "The sister cut her wrist bandage into a flag.",
    ],
)
def test_tales_are_not_refused(gate: TextGate, text: str) -> None:
    assert gate.check({"text": text}) is None


def test_an_emperor_excuses_himself_and_nobody_else(gate: TextGate, lists: Lists) -> None:
    for language in LANGUAGES:
        [excuse, *_] = _texts(lists, language, "emperor")
        for first, last in (("bare", "child"), ("child", "bare")):
            pair = f"{_texts(lists, language, first)[0]} {_texts(lists, language, last)[0]}"
            for text in (f"{excuse} ; {pair}", f"{pair} ; {excuse}"):
                assert gate.check({"text": text}) is not None, language


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_gravest_combinations_are_refused(
    gate: TextGate, lists: Lists, folding: Folding, language: str
) -> None:
    """Every word of a list next to the first ones of another; nothing of them is shown."""
    excused = {"emperor", "harmless"}
    passed = 0
    for rule in (rule for rule in lists.rules if rule.name in MINORS):
        listed = [_texts(lists, language, group) for group in sorted(rule.needs)]
        for texts in product(*(each if len(listed) == 1 else each[:20] for each in listed)):
            text = " ".join(texts)
            refusal = gate.check({"text": text})
            words = set(folding.fold(text).split())
            if any(words & _words(lists, group) for group in excused):
                continue
            passed += refusal is None or refusal.category is not Category.SEXUAL_MINORS
    assert passed == 0


@pytest.mark.parametrize(
    "text",
    [
        "The woman on the hill said that after the shearing every sheep was naked.",
        "Here comes a woman. Naked as they are, the hills are cold.",
    ],
)
def test_words_far_from_each_other_do_not_add_up(gate: TextGate, text: str) -> None:
    assert gate.check({"text": text}) is None
    assert gate.check({"text": "The woman was naked."}) is not None


def test_a_refusal_names_the_field_and_never_the_word(gate: TextGate) -> None:
    refusal = gate.check({"name": "Lily", "text": "A hare runs. What the fuck."})
    assert refusal == Refusal("text", "profanity-words", Category.PROFANITY)


def test_texts_of_two_fields_add_up_only_where_the_rule_says_so(gate: TextGate) -> None:
    assert gate.check({"title": "How to make", "text": "A bomb of colour"}) is None
    assert gate.check({"name": "", "text": ""}) is None
    assert gate.check({}) is None


@pytest.mark.parametrize(
    "text",
    [
        "Scunthorpe, Essex and Penistone",
        "The cockerel, the peacock and the shuttlecock",
        "An assassin, a classic, an assembly and a bassoon",
        "shiitake, matsutake and a shih tzu",
        "the pen is mine; who re-reads it? Put a hat on",
        "the titmouse, the great tit and the pussy willow",
        "Mamá da un beso; por no dormir",
        "il a pu te voir; il en cultive",
        "Poornima and Anu's dog",
        "He vergaß den Rappen und die Vögeln",
        "Salopette rouge",
        "Ich wichse die Schuhe",
        "O homem viu a via do comboio",
        "انت حر يا صديقي",
        "काम और सूत्र",
    ],
)
def test_ordinary_words_that_contain_a_listed_one_pass(gate: TextGate, text: str) -> None:
    assert gate.check({"text": text}) is None


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("How to k i l l myself", Category.SELF_HARM),
        ("sh*t, f*ck", Category.PROFANITY),
        ("Was für eine Scheeeiße", Category.PROFANITY),
        ("بالمخدرات", Category.DRUGS),
        ("Bastard!", Category.PROFANITY),
    ],
)
def test_other_spellings_and_inflections_are_refused(
    gate: TextGate, text: str, category: Category
) -> None:
    refusal = gate.check({"text": text})
    assert refusal is not None
    assert refusal.category is category


@pytest.mark.parametrize("text", ["William the Bastard came by ship", "He drew a bastard sword"])
def test_a_bastard_of_history_passes(gate: TextGate, text: str) -> None:
    assert gate.check({"text": text}) is None


def test_a_second_gate_is_of_its_own() -> None:
    assert load_gate() is not load_gate()


def _texts(lists: Lists, language: str, group: str) -> list[str]:
    ours = (each for each in lists.phrases if (each.language, each.group) == (language, group))
    return [" ".join(words) for phrase in ours for words in _words_of(phrase)]


def _words_of(phrase: Phrase) -> list[tuple[str, ...]]:
    return list(product(*(sorted(choice.words) for choice in phrase.choices)))[:40]


def _words(lists: Lists, group: str) -> set[str]:
    return {
        word
        for phrase in lists.phrases
        if phrase.group == group
        for choice in phrase.choices
        for word in choice.words
    }
