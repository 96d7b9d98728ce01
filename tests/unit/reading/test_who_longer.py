"""Longer stories: who is there, and who else, on each of their pages."""

from collections.abc import Sequence

import pytest

from server.domain.characters import Description
from tests.unit.reading.casts import F, M, needed, read, who_is_on, without_optional

ISLAND = (
    Description("Maud", age=8, gender=F, species="human"),
    Description("Captain Bonnet", age=60, gender=M, species="human"),
    Description("Salty", species="parrot", gender=F),
)
TRAP = (
    Description("Fenn", species="fox", gender=M, skin="silver fur"),
    Description("Lark", species="human", gender=F, age=10),
    Description("the miller", species="human", gender=M),
)
FEAST = (
    Description("Mei", species="human", gender=F, age=6),
    Description("Bao", species="human", gender=M, age=9),
    Description("Nai Nai", species="human", gender=F, age=71),
)
OWL = (
    Description("Professor Quibble", species="owl", gender=M, clothing="a green waistcoat"),
    Description("Nettie", species="hedgehog", gender=F),
    Description("Bramwell", species="hedgehog", gender=M),
)
DONKEY = (
    Description("Tomás", species="human", gender=M, age=7),
    Description("Abuela", species="human", gender=F, age=70),
    Description("Churro", species="donkey", gender=M),
)
VIOLIN = (
    Description("Wren Hollis", species="human", gender=F, age=11),
    Description("Mr. Adeyemi", species="human", gender=M, age=55),
    Description("Jonah", species="human", gender=M, age=11),
)


@pytest.mark.parametrize(
    ("cast", "pages"),
    [
        (
            ISLAND,
            [
                (
                    "Maud found the map in a bottle. It was wet at the edges, and somebody "
                    "had drawn a skull on it with red ink. “Captain!” she shouted.",
                    ["Maud"],
                    [],
                ),
                (
                    "The captain was asleep in his hammock with his hat over his face. On his "
                    "stomach sat the parrot, and she was not asleep at all.",
                    ["Captain Bonnet", "Salty"],
                    [],
                ),
                (
                    "“X marks the spot,” said the captain. He put on his spectacles. “I "
                    "buried nothing there. It must have been my brother.” Maud had not known "
                    "that he had a brother.",
                    ["Captain Bonnet", "Maud"],
                    [],
                ),
                (
                    "They rowed until their hands were sore. Salty flew ahead. No ship "
                    "followed them, no gull cried, and not a soul was to be seen on the "
                    "island.",
                    ["Captain Bonnet", "Maud", "Salty"],
                    [],
                ),
                (
                    "On the beach sat a man who looked exactly like the captain. “You're "
                    "late,” he said.",
                    ["Captain Bonnet?", "Maud?", "Salty?"],
                    ["man"],
                ),
                (
                    "The brothers wept. They laughed. They fell into each other's arms. Maud "
                    "and Salty looked at the sea.",
                    ["Captain Bonnet", "Maud", "Salty"],
                    ["brother?"],
                ),
            ],
        ),
        (
            TRAP,
            [
                (
                    "Every night something stole the miller's hens. He set a trap. He sat up "
                    "with a lantern. He saw nothing but snow.",
                    ["the miller"],
                    ["hen?"],
                ),
                (
                    "It was Lark who found the tracks. They led across the frozen river and "
                    "into the wood, and she followed them, though her father had told her "
                    "never to go there alone.",
                    ["Lark"],
                    [],
                ),
                (
                    "In a hollow under a pine lay a fox. His silver fur was matted; one paw "
                    "was caught in the miller's trap. He didn't growl. He only looked at her.",
                    ["Fenn", "Lark"],
                    [],
                ),
                (
                    "Lark had never been so afraid. She thought of the hens. She thought of "
                    "what the miller would say. Then she knelt down in the snow and opened "
                    "the iron teeth.",
                    ["Lark", "Fenn?"],
                    [],
                ),
                (
                    "“Did you see him?” asked the miller the next morning. Lark shook her "
                    "head. Behind him, at the edge of the field, two ears stood up like "
                    "leaves.",
                    ["Lark", "the miller", "Fenn?"],
                    [],
                ),
                (
                    "After that not one hen was ever missing. But on her window-sill, "
                    "whenever it snowed, the girl found a pine cone.",
                    ["Lark"],
                    [],
                ),
            ],
        ),
        (
            FEAST,
            [
                (
                    "It is New Year's Eve, and the whole street smells of oranges. My brother "
                    "Bao carries the lanterns. I carry the string. I am Mei, and I am in "
                    "charge.",
                    ["Mei", "Bao"],
                    [],
                ),
                (
                    "Nai Nai is making dumplings. Her hands are white with flour. “Where's "
                    "your father?” she asks. He is on the train. He is always on the train.",
                    ["Nai Nai", "Mei?", "Bao?"],
                    [],
                ),
                (
                    "Bang! Bang! BANG! Bao covers his ears. I don't. A dragon is coming down "
                    "the street, a red one with forty legs.",
                    ["Bao", "Mei"],
                    ["dragon"],
                ),
                (
                    "Under the dragon are twenty men in white shoes, and I know one of the "
                    "shoes. “Ba!” I shout.",
                    ["Mei", "Bao?"],
                    ["man", "dragon?"],
                ),
                (
                    "We eat until midnight. Nobody talks about the train. Nai Nai falls "
                    "asleep with a dumpling on her fork.",
                    ["Mei", "Bao", "Nai Nai"],
                    [],
                ),
            ],
        ),
        (
            OWL,
            [
                (
                    "Professor Quibble had lost his spectacles. He had looked in the teapot; "
                    "he had looked in the clock. “Without them,” he said, “I cannot tell a "
                    "beetle from a button.”",
                    ["Professor Quibble"],
                    [],
                ),
                (
                    "The hedgehogs came at once. Nettie looked low. Bramwell looked high, "
                    "which for a hedgehog is not very high.",
                    ["Nettie", "Bramwell", "Professor Quibble?"],
                    [],
                ),
                (
                    "“Have you tried your head, sir?” said Nettie. The owl put up a wing. "
                    "There they were.",
                    ["Nettie", "Professor Quibble", "Bramwell?"],
                    [],
                ),
                (
                    "He was so ashamed that he read to the two of them until bedtime: a story "
                    "about a bear who could not count.",
                    ["Professor Quibble", "Nettie", "Bramwell"],
                    [],
                ),
                (
                    "The wood was dark now. The moon hung in the branches like a lost "
                    "balloon, and nothing stirred, not even a mouse.",
                    [],
                    [],
                ),
                (
                    "Two small hedgehogs trotted home through the leaves. “He's very clever,” "
                    "said Bramwell. “Very,” said his sister.",
                    ["Nettie", "Bramwell"],
                    [],
                ),
            ],
        ),
        (
            DONKEY,
            [
                (
                    "Tomás would not eat. He would not sleep. He lay on his bed and stared at "
                    "the ceiling, because Churro had been sold.",
                    ["Tomás"],
                    [],
                ),
                (
                    "His grandmother sat down beside him. “When I was a girl,” she said, “I "
                    "had a goose called General Franco. He bit the priest.”",
                    ["Abuela", "Tomás"],
                    [],
                ),
                (
                    "Tomás almost smiled. Almost. He missed the soft grey ears and the "
                    "terrible singing.",
                    ["Tomás"],
                    [],
                ),
                (
                    "At dawn a noise woke the village. EE-AW! EE-AW! Tomás flew down the "
                    "stairs in his nightshirt. There at the gate, with a chewed rope round "
                    "his neck, stood the donkey.",
                    ["Tomás", "Churro"],
                    [],
                ),
                (
                    "The man who had bought him came puffing up the hill. “Keep him,” he "
                    "said. “He sings.”",
                    ["Tomás?", "Churro?"],
                    ["man"],
                ),
                (
                    "Abuela paid the man with two cheeses and a kiss. The boy and the donkey "
                    "danced round and round the well.",
                    ["Abuela", "Tomás", "Churro"],
                    ["man"],
                ),
            ],
        ),
        (
            VIOLIN,
            [
                (
                    "Wren hated the violin. The violin hated Wren. Mr. Adeyemi, who taught "
                    "them both, closed his eyes.",
                    ["Wren Hollis", "Mr. Adeyemi"],
                    [],
                ),
                (
                    "A wren sang in the hedge outside. “Listen,” said the teacher. “She "
                    "doesn't count. She doesn't worry.”",
                    ["Mr. Adeyemi", "Wren Hollis?"],
                    ["wren"],
                ),
                (
                    "That evening Wren sat on the fire escape with her bow. Next door, at his "
                    "window, Jonah was practising the drums. He waved a stick at her.",
                    ["Wren Hollis", "Jonah"],
                    [],
                ),
                (
                    "“You're flat,” he called. “You're LOUD,” she called back. They played "
                    "until the lights went out in all the houses.",
                    ["Wren Hollis", "Jonah"],
                    [],
                ),
                (
                    "The hall was packed. Parents, grandparents and babies filled every row, "
                    "and Wren's knees knocked together. Where was Jonah? His stool was empty.",
                    ["Wren Hollis"],
                    ["parent", "grandparent", "baby"],
                ),
                (
                    "Then a drum began, softly, at the back. Heads turned. Jonah came down "
                    "the aisle, drumming, and Mr. Adeyemi lifted his hand.",
                    ["Jonah", "Mr. Adeyemi", "Wren Hollis?"],
                    [],
                ),
                (
                    "In the photograph in the newspaper the two of them look like lions. Wren "
                    "keeps it under her pillow.",
                    ["Wren Hollis"],
                    [],
                ),
            ],
        ),
    ],
)
def test_longer_stories(
    cast: Sequence[Description], pages: Sequence[tuple[str, list[str], list[str]]]
) -> None:
    """Each page has those who are on it; those that end in a question mark may be."""
    for end, (_, names, extras) in enumerate(pages, 1):
        told = " || ".join(text for text, _, _ in pages[:end])
        assert without_optional(who_is_on(told, cast), names) == needed(names)
        assert without_optional(read(told, cast).extras, extras) == needed(extras)
