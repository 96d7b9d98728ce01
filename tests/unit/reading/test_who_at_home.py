"""Who of a household and of a wood is on a page, and who else."""

import pytest

from server.domain.characters import Description, Gender
from tests.unit.reading.casts import who_is_on
from tests.unit.reading.pages import read

FAMILY = (
    Description("Mia", species="human", gender=Gender.FEMALE, age=7),
    Description("Tom", species="human", gender=Gender.MALE, age=7),
    Description("Grandma Rose", species="human", gender=Gender.FEMALE, age=68),
    Description("Rusty", species="dog", gender=Gender.MALE),
    Description("Mr. Bell", species="human", gender=Gender.MALE, age=50),
)
WOOD = (
    Description("Pip", species="mouse", gender=Gender.MALE),
    Description("Hazel", species="squirrel", gender=Gender.FEMALE),
    Description("Old Owl", species="owl", gender=Gender.MALE),
    Description("Captain Bramble", species="hedgehog", gender=Gender.MALE),
)
AT_HOME = {
    "Mia kicked her brother under the table.": ["Mia", "Tom"],
    "The twins raced to the gate, and Rusty raced after them.": ["Mia", "Rusty", "Tom"],
    'Grandma put down her knitting. "Who let the dog in?" she asked.': ["Grandma Rose"],
    "Mia wrote a letter to Grandma Rose.": ["Mia"],
    "Somewhere upstairs Mr. Bell was practising the trombone. Mia put her fingers in her ears.": [
        "Mia"
    ],
    "Nobody was at home but Rusty, who was asleep on the sofa.": ["Rusty"],
    'The old man looked at the boy and laughed. "You are right," said Tom.': ["Tom"],
    "Tom dreamed of a dog who could fly.": ["Tom"],
    '"Grandma!" shouted Tom. There was no answer.': ["Tom"],
    "They had lost Tom in the crowd. Mia climbed onto a bench and looked for him.": ["Mia"],
    "In the photograph Grandma was young and had long black plaits. Mia looked "
    "at it for a long time.": ["Mia"],
    "Without Mia the house was very quiet. Tom sat on the stairs with Rusty.": ["Rusty", "Tom"],
    "Mia and her grandmother picked cherries all afternoon.": ["Grandma Rose", "Mia"],
    "Her friend was already at the corner.": [],
    "There were only five plates on the table. The soup steamed.": [],
    "Then the dog barked, and everyone jumped.": [
        "Grandma Rose",
        "Mia",
        "Mr. Bell",
        "Rusty",
        "Tom",
    ],
    "Mr. Bell locked the shop and walked home. A cat followed him.": ["Mr. Bell"],
    "Mia thought about Rusty all day long.": ["Mia"],
    '"Mum says Tom has the measles," said Mia.': ["Mia"],
    "Tom's shoe lay in the mud, but Tom was gone.": [],
    "While Grandma slept, the two children crept down the stairs.": ["Grandma Rose", "Mia", "Tom"],
    "Everybody was there except Tom.": ["Grandma Rose", "Mia", "Mr. Bell", "Rusty"],
    "If only Grandma were here! Mia wiped her nose.": ["Mia"],
    "Tom carried the puppy home in his jacket.": ["Rusty", "Tom"],
    "She was called Mia, and she was seven. He was called Tom, and he was seven too.": [
        "Mia",
        "Tom",
    ],
    "The children built a snowman. He had coal eyes and Mr. Bell's old hat.": ["Mia", "Tom"],
    "Mia was not afraid of Mr. Bell any more. She rang his bell.": ["Mia"],
    "As soon as Mr. Bell had gone, Tom opened the box.": ["Tom"],
    "Mia was playing chess with Grandma when the lights went out.": ["Grandma Rose", "Mia"],
    "Down the lane came Mr. Bell on his bicycle, and behind him, barking, came Rusty.": [
        "Mr. Bell",
        "Rusty",
    ],
    '"Come here, boy," said Grandma. Rusty wagged his tail.': ["Grandma Rose", "Rusty"],
}
"""Pages of a family, each with those who are on it."""
IN_THE_WOOD = {
    "The mouse and the squirrel shared a nut.": ["Hazel", "Pip"],
    "High above them, in the fork of the oak, the owl opened one eye.": ["Old Owl"],
    '"Who\'s there?" asked the Captain. Pip did not dare to answer.': ["Captain Bramble", "Pip"],
    'A hedgehog in a blue uniform marched up the path. "Captain Bramble, at your service!"': [
        "Captain Bramble"
    ],
    "Hazel told the others about the flood.": ["Captain Bramble", "Hazel", "Old Owl", "Pip"],
    "Nobody had seen Pip since Tuesday. Hazel put up a poster.": ["Hazel"],
    "The two friends sat on the wall. Pip had the cheese and Hazel had the bread.": [
        "Hazel",
        "Pip",
    ],
    "All the animals of the wood came to the party, even Old Owl.": [
        "Captain Bramble",
        "Hazel",
        "Old Owl",
        "Pip",
    ],
    "The rain fell and fell. The stream was a river now.": [],
    "He found no squirrel in the tree, only empty shells.": [],
    "Pip climbed onto the hedgehog's boat.": ["Pip"],
    "The owl? He was asleep, as always, in his hollow tree.": ["Old Owl"],
}
"""Pages of animals, each with those who are on it."""
OTHERS = {
    "A fisherman was mending his nets on the quay. Mia watched him.": ["fisherman"],
    "Mia's mother waved from the window.": ["mother"],
    "Two policemen rode by on white horses.": ["policeman", "horse"],
    "A butterfly settled on Tom's nose.": ["butterfly"],
    "A lady with a parrot on her shoulder sold them the tickets.": ["lady", "parrot"],
    "Tom wanted to be a pirate.": [],
    "Mia is as brave as a lion.": [],
    "There was no baker and no butcher in the town.": [],
    "Hens scratched in the yard, and a goat looked over the fence.": ["hen", "goat"],
    "The crowd cheered. Mr. Bell bowed.": ["crowd"],
    "A nurse pushed Grandma's chair into the sun.": ["nurse"],
    "Mia drew a witch with a green nose.": [],
    "An old sailor told them about sharks and mermaids.": ["sailor"],
    "Rusty chased the ducks into the pond.": ["duck"],
    "The waiter brought Tom a fish with its head on.": ["waiter"],
    "She bought six eggs from a farmer.": ["farmer"],
    "Her cousins were coming on Sunday.": [],
    "Next to Mia sat a girl with a plaster on her knee.": ["girl"],
    "A band was playing, and people danced in the square.": ["band", "people"],
    '"My aunt is a dentist," said Tom.': [],
    "Children ran in and out of the fountain.": ["child"],
    "Mr. Bell's cat lay in the window of the shop.": ["cat"],
    "A swan hissed at them from the reeds.": ["swan"],
    "Tom caught a trout with his bare hands.": [],
    "The statue of the general had a pigeon on its hat.": ["pigeon"],
    "The doctor came, and after him the mayor, out of breath.": ["doctor", "mayor"],
    "There were sheep on the hill and gulls above it.": ["sheep", "gull"],
}
"""Pages of a family, each with the others who are on it."""


@pytest.mark.parametrize("text", AT_HOME)
def test_who_of_a_family_is_there(text: str) -> None:
    assert who_is_on(text, FAMILY) == AT_HOME[text]


@pytest.mark.parametrize("text", IN_THE_WOOD)
def test_who_of_the_wood_is_there(text: str) -> None:
    assert who_is_on(text, WOOD) == IN_THE_WOOD[text]


@pytest.mark.parametrize("text", OTHERS)
def test_others_are_those_who_are_seen(text: str) -> None:
    assert list(read(text, cast=FAMILY).extras) == OTHERS[text]
