"""The plain extractor on passages of tales in the public domain."""

import pytest

from actors.extractors import PlainExtractor
from actors.extractors.base import MAX_WORDS
from tests.unit.content import character

# Each: the characters, the page, words that the scene must contain, words that it must omit.
PASSAGES: dict[str, tuple[list[str], str, list[str], list[str]]] = {
    "little red riding hood": (
        ["Red Riding Hood"],
        "Once upon a time there was a dear little girl who was loved by everyone who looked at "
        'her, but most of all by her grandmother. One day her mother said to her, "Come, Little '
        "Red Riding Hood, here is a piece of cake and a bottle of wine; take them to your "
        'grandmother, she is ill and weak." The grandmother lived out in the wood, half a league '
        "from the village, and just as Little Red Riding Hood entered the wood, a wolf met her.",
        ["entered the wood", "a wolf met her"],
        ["cake", "said to her"],
    ),
    "hansel and gretel": (
        ["Hansel", "Gretel"],
        "Hard by a great forest dwelt a poor wood-cutter with his wife and his two children. The "
        "boy was called Hansel and the girl Gretel. 'What is to become of us?' said he to his "
        "wife. It was now three mornings since they had left their father's house. They began to "
        "walk again, but they always came deeper into the forest, and they saw a beautiful "
        "snow-white bird sitting on a bough.",
        ["Hansel", "Gretel", "forest", "bird sitting on a bough"],
        ["become of us"],
    ),
    "goldilocks": (
        ["Goldilocks"],
        "“Who’s been sleeping in my bed?” growled the Great Big Bear in his great, rough, gruff "  # noqa: RUF001
        "voice. Goldilocks woke, and when she saw the three bears on one side of the bed, she "
        "tumbled herself out at the other, and jumped out of the window.",
        ["Goldilocks woke", "three bears", "jumped out of the window"],
        ["Who"],
    ),
    "the little match girl": (
        [],
        "It was so terribly cold. Snow was falling, and it was almost dark. Evening came on, the "
        "last evening of the year. In the cold and gloom a poor little girl, bareheaded and with "
        "bare feet, was walking through the streets.",
        ["Snow was falling", "Evening came on", "walking through the streets"],
        [],
    ),
    "the little mermaid": (
        ["Mermaid"],
        "On a moonlit night the little mermaid rose up to the surface of the sea and saw a great "
        "ship with three masts. A handsome young prince stood on the deck.",
        ["moonlit night", "sea", "prince stood on the deck"],
        [],
    ),
    "cinderella": (
        ["Cinderella"],
        'The king had a great feast made ready in the castle hall. "Whose shoe is this?" asked '
        "the prince. Cinderella came in, washed her face and hands, and bowed to the prince, who "
        "gave her the golden shoe.",
        ["castle hall", "Cinderella came in", "golden shoe"],
        ["Whose", "asked the prince"],
    ),
    "the three little pigs": (
        ["Wolf"],
        "'I'll huff and I'll puff, and I'll blow your house in!' said the wolf. So he huffed, and "
        "he puffed, and he blew the house in, and ate up the little pig.",
        ["blew the house in", "ate up the little pig"],
        ["I'll", "said"],
    ),
    "alice": (
        ["Alice"],
        "Alice was beginning to get very tired of sitting by her sister on the bank: once or twice "
        "she had peeped into the book her sister was reading, but it had no pictures or "
        "conversations in it, “and what is the use of a book,” thought Alice “without pictures or "
        "conversations?”",
        ["Alice", "sitting by her sister on the bank", "book her sister was reading"],
        ["what is the use", "thought"],
    ),
    "the ugly duckling": (
        [],
        "The sun shone warmly on the meadow. An old duck sat on her nest among the burdock leaves, "
        "waiting for her ducklings to hatch. At last one eggshell after another began to crack. "
        '"Peep, peep!" they said.',
        ["sun shone", "meadow", "duck sat on her nest"],
        ["Peep", "said"],
    ),
    "the hare and the tortoise": (
        ["Hare", "Tortoise"],
        "A hare was one day making fun of a tortoise for being so slow. The hare ran swiftly "
        "across the field and lay down beneath a tree to sleep, while the tortoise walked on and "
        "on under the hot sun.",
        ["ran swiftly across the field", "the tortoise walked on"],
        [],
    ),
    "the jungle book": (
        ["Mowgli"],
        "It was seven o'clock of a very warm evening in the hills. Mowgli sat with Father Wolf at "
        'the mouth of the cave, and the moon shone into it. "Augrh!" said Father Wolf. "It is '
        'time to hunt again." ',
        ["evening in the hills", "Mowgli sat with Father Wolf", "the moon shone"],
        ["Augrh", "hunt"],
    ),
    "the snow queen": (
        ["Gerda"],
        "Little Gerda stood without shoes and without gloves in the middle of cold, icy Finland. "
        "She ran forward as quickly as she could, when a whole regiment of snowflakes came round "
        "her.",
        ["Gerda stood without shoes", "regiment of snowflakes"],
        [],
    ),
}


async def scene(page: str, *names: str) -> str:
    return await PlainExtractor().scene(page, [character(name) for name in names])


@pytest.mark.parametrize("tale", PASSAGES)
async def test_a_scene_keeps_characters_actions_and_places_but_no_speech(tale: str) -> None:
    names, page, kept, lost = PASSAGES[tale]
    found = await scene(page, *names)
    assert [words for words in kept if words not in found] == []
    assert [words for words in lost if words in found] == []
    assert 0 < len(found.split()) <= MAX_WORDS
    assert await scene(page, *names) == found


async def test_a_long_page_keeps_its_limit_and_its_order() -> None:
    page = " ".join(page for _, page, _, _ in PASSAGES.values())
    found = await scene(page, "Gerda", "Hansel")
    assert len(found.split()) <= MAX_WORDS
    assert found.index("Hansel") < found.index("Gerda")


async def test_a_sentence_that_is_too_long_is_cut_between_clauses() -> None:
    page = "In the garden " + ", and then ".join(f"Mia picked flower {n}" for n in range(30))
    found = await scene(page, "Mia")
    assert len(found.split()) <= MAX_WORDS
    assert found.startswith("In the garden Mia picked flower 0, and then")
    assert found[-1].isdigit()


async def test_words_without_a_clause_are_cut_at_the_limit() -> None:
    assert len((await scene("la " * 500)).split()) == MAX_WORDS


async def test_a_page_that_is_all_speech_is_taken_as_it_is() -> None:
    assert await scene('"Open the door!" "No!"') == "Open the door! No!"


async def test_speech_that_runs_on_over_paragraphs_is_left_out() -> None:
    page = '"There was a fox.\n"There was a bear," said Mia.\nShe sat in the garden.'
    assert await scene(page, "Mia") == "She sat in the garden."


async def test_apostrophes_are_not_quotes_and_titles_end_no_sentence() -> None:
    page = "Mr. Fox took the boys' hats from the wolf's house. 'Twas cold in the wood."
    assert await scene(page, "Mr Fox") == page


@pytest.mark.parametrize("page", ["", "   ", "\n\n", '""'])
async def test_a_page_without_words_has_no_scene(page: str) -> None:
    assert await scene(page) == ""
