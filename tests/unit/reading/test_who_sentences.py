"""Who is there, and who else, in single sentences of many kinds."""

import pytest

from tests.unit.reading.casts import FAMILY, read, who_is_on


@pytest.mark.parametrize(
    ("page", "names", "extras"),
    [
        (
            "Tom peeped through the keyhole. Mrs. Bell was dancing with a broom.",
            ["Mrs. Bell", "Tom"],
            [],
        ),
        (
            "Mia and Biscuit went to fetch Grandpa Joe from the station. His train was late.",
            ["Biscuit", "Mia"],
            [],
        ),
        ("No sooner had Tom shut the door than Biscuit scratched at it.", ["Biscuit", "Tom"], []),
        ("There was no one in the boat. Its oars were gone.", [], []),
        ("Far from home, Tom wondered whether Mia still fed his rabbit.", ["Tom"], []),
        (
            "Grandpa Joe's chair was empty. His pipe lay on the table. Mia sat down and waited.",
            ["Mia"],
            [],
        ),
        ("Mia's grandmother had been a pilot. Her goggles hung on a nail by the door.", [], []),
        ("Mia put on Tom's boots and Grandpa Joe's hat and went out into the rain.", ["Mia"], []),
        ("Tom's shadow fell across the page. Mia shut the book.", ["Mia", "Tom"], []),
        ("“Did you call me, Mrs. Bell?” asked Tom. She hadn't.", ["Mrs. Bell", "Tom"], []),
        ("Mia kissed Grandpa Joe on the nose.", ["Grandpa Joe", "Mia"], []),
        (
            "A boy was crying on the steps. “What is your name?” asked Mia. “Tom,” said the boy.",
            ["Mia", "Tom"],
            [],
        ),
        (
            "Grandpa Joe told the children a story. Once upon a time, he said, there "
            "lived a wolf with a wooden leg.",
            ["Grandpa Joe", "Mia", "Tom"],
            [],
        ),
        ("Biscuit is the best dog in the world. He sleeps on my feet.", ["Biscuit"], []),
        ("Under the bed, behind the shoes, in the very darkest corner, two eyes shone.", [], []),
        ("“Biscuit isn't a wolf,” said Tom crossly. “He's a dog.”", ["Tom"], []),
        (
            "Mia drew a line in the sand. On one side stood Tom, on the other side stood Biscuit.",
            ["Biscuit", "Mia", "Tom"],
            [],
        ),
        (
            "It was so dark that Mia could not see Tom, though he stood right beside her.",
            ["Mia", "Tom"],
            [],
        ),
        ("Mia hadn't seen Tom since Christmas.", ["Mia"], []),
        ("Mia walks the dog. Tom feeds him. Nobody brushes him.", ["Biscuit", "Mia", "Tom"], []),
        ("Not Tom, not Grandpa Joe, but Mia held the reins.", ["Mia"], []),
        ("All at once Tom wasn't afraid any more.", ["Tom"], []),
        ("What would Grandpa Joe have done? Mia took a deep breath.", ["Mia"], []),
        (
            "When the clock struck twelve, Mrs. Bell locked the school and went home.",
            ["Mrs. Bell"],
            [],
        ),
        (
            "Mia threw a stick, and the dog brought it back, and she threw it again.",
            ["Biscuit", "Mia"],
            [],
        ),
        ("Sometimes Mia pretends to be a lion. Today she is one.", ["Mia"], []),
        ("Tom could smell Grandpa Joe's pancakes.", ["Tom"], []),
        ("They say that a monster lives in the lake. Tom has never seen it.", ["Tom"], []),
        ("The boy in the window waved. Mia waved back.", ["Mia", "Tom"], []),
        ("Mia has a friend nobody can see.", ["Mia"], []),
        ("Someone had left a basket on the step. In it slept three kittens.", [], ["kitten"]),
        ("Tom, Mia and two other children were building a dam.", ["Mia", "Tom"], ["child"]),
    ],
)
def test_who_a_sentence_shows(page: str, names: list[str], extras: list[str]) -> None:
    """Those of the cast are told from others."""
    assert who_is_on(page, FAMILY) == sorted(names)
    assert list(read(page, FAMILY).extras) == extras


@pytest.mark.parametrize(
    ("page", "names", "extras"),
    [
        ("MIA! TOM! WHERE ARE YOU? Mrs. Bell stamped her foot.", ["Mrs. Bell"], []),
        ("Mia has Grandpa Joe's nose and Mrs. Bell's laugh.", ["Mia"], []),
        ("The bear in Mia's book wore trousers. Mia laughed.", ["Mia"], []),
        ("The parrot said “Mia! Mia!” but Mia was not at home.", [], ["parrot"]),
        ("Tom talked to Mia on the telephone.", ["Tom"], []),
        ("Who's that at the door? It's only the wind. Mia goes back to bed.", ["Mia"], []),
        ("The ferry left without them. Mia and Tom sat down.", ["Mia", "Tom"], []),
        ("The shepherd's dog barked at Biscuit.", ["Biscuit"], ["dog"]),
        ("The statue of the general had snow on its hat. Mia walked round it.", ["Mia"], []),
        ("Cows stood in the road. Tom counted the cows.", ["Tom"], ["cow"]),
        ("Tom and Mia looked everywhere for the cat.", ["Mia", "Tom"], []),
        ("He's gone, thought Mia, and Tom will never come back.", ["Mia"], []),
    ],
)
def test_more_that_a_sentence_shows(page: str, names: list[str], extras: list[str]) -> None:
    """Who is called, telephoned or likened to is not there."""
    assert who_is_on(page, FAMILY) == names
    assert list(read(page, FAMILY).extras) == extras
