"""Names of files that every system takes, and that none mixes up."""

import unicodedata

import pytest

from imggen.cli.file_names import FileNames, file_stem

ID = "68f9b9c8-4f3e-4c2a-8d5a-0f7a1f6f2b11"
OTHER = "1a2b3c4d-4f3e-4c2a-8d5a-0f7a1f6f2b11"


@pytest.mark.parametrize(
    ("text", "stem"),
    [
        ("The Map!", "the-map"),
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\Mia", "c-mia"),
        ("a\x1b[31m\x00b", "a-31m-b"),
        ("Mia . ", "mia"),
        ("CON", "con_"),
        ("com1", "com1_"),
        ("COM¹", "com¹_"),
        ("console", "console"),
        ("मीरा", "मीरा"),
        ("🦊️", ""),
        ("\u3164", ""),
        ("...", ""),
    ],
)
def test_a_text_becomes_the_name_of_a_file(text: str, stem: str) -> None:
    assert file_stem(text) == stem


@pytest.mark.parametrize("text", ["物" * 100, "a" * 500, "é" * 200, "🧑‍🚀मी" * 90, "x" * 500 + "é"])
def test_a_name_fits_every_file_system_with_its_suffix(text: str) -> None:
    names = FileNames()
    made = [names.of(text, id_, ".png") for id_ in (ID, OTHER)]
    assert made[0] != made[1]
    assert all(len(name.encode()) <= 120 and name.endswith(".png") for name in made)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mia", "mia!"),
        ("Straße", "STRASSE"),
        (unicodedata.normalize("NFC", "Zoé"), unicodedata.normalize("NFD", "Zoé")),
        ("ﬁn", "fin"),
        ("İda", "i̇da"),
        ("物" * 100, "物" * 101),
        ("🦊", "🐻"),
    ],
)
def test_two_names_are_never_one_file(one: str, other: str) -> None:
    names = FileNames()
    first, second, third = (
        names.of(*each, ".png") for each in ((one, ID), (other, OTHER), (other, ID))
    )
    folded = {
        unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
        for name in (first, second, third)
    }
    assert len(folded) == 3, (first, second, third)


def test_a_name_with_a_part_of_an_id_is_not_that_of_another_picture() -> None:
    names = FileNames()
    made = [names.of("Mia", ID, ".png"), names.of(f"Mia {OTHER[:8]}", ID, ".png")]
    made += [names.of("Mia", OTHER, ".png"), names.of("Mia", OTHER[:-1] + "2", ".png")]
    assert len(set(made)) == 4
