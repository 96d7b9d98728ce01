"""Who is there, and who else, in sentences of many kinds."""

import pytest

from tests.unit.reading.casts import FAMILY, read, who_is_on


@pytest.mark.parametrize(
    ("pages", "names", "extras"),
    [
        (
            "Grandpa Joe and Mia ran home. || Two tired sailors fell asleep on the sofa.",
            ["Grandpa Joe", "Mia"],
            [],
        ),
        (
            "Mia lived with her grandfather in a lighthouse. Every night he lit the lamp, and "
            "she read to him.",
            ["Grandpa Joe", "Mia"],
            [],
        ),
        ("The door creaked. Who was there? It was only Biscuit.", ["Biscuit"], []),
        (
            "A girl and a boy sat on the wall. The girl was Mia, and the boy was Tom.",
            ["Mia", "Tom"],
            [],
        ),
        (
            "Mia ran. Biscuit ran after her. A flock of pigeons flew up.",
            ["Biscuit", "Mia"],
            ["pigeon"],
        ),
        (
            "All night long Mia thought about the bear at the zoo. In the morning she told Mrs. "
            "Bell.",
            ["Mia", "Mrs. Bell"],
            [],
        ),
        ("Tom and his dog sat by the fire.", ["Biscuit", "Tom"], []),
        ("Tom and his grandfather sat by the fire.", ["Grandpa Joe", "Tom"], []),
        ("Mia's friend Tom had a secret.", ["Tom"], []),
        ("Tom had a dog called Biscuit.", ["Biscuit", "Tom"], []),
        ("The little girl with the red boots jumped into the puddle.", ["Mia"], []),
        ("Biscuit's ears went up. Somebody was coming!", ["Biscuit"], []),
        ("Two children stood at the gate: Mia and Tom.", ["Mia", "Tom"], []),
        (
            "Mia, who loved the sea, and Tom, who did not, walked along the beach.",
            ["Mia", "Tom"],
            [],
        ),
        (
            "“Help!” cried a small voice. Tom looked down. There, in the nettles, sat a hedgehog.",
            ["Tom"],
            ["hedgehog"],
        ),
        (
            "On Monday Mia drew a cat. On Tuesday she drew a dog. On Wednesday she drew Tom.",
            ["Mia"],
            [],
        ),
        ("The children's mother had made soup. Mia and Tom ate it all.", ["Mia", "Tom"], []),
        ("Mrs. Bell had a hat like a wedding cake. The class giggled.", ["Mrs. Bell"], ["class"]),
        ("The teacher, Mrs. Bell, clapped her hands. || The teacher sat down.", ["Mrs. Bell"], []),
        ("The old dog snored.", ["Biscuit"], []),
        (
            "Nothing moved. The street was empty, the shops were shut, and the moon hung over "
            "the roofs.",
            [],
            [],
        ),
        (
            "Far below, the cars looked like beetles and the people like ants. Mia held Grandpa "
            "Joe's hand.",
            ["Grandpa Joe", "Mia"],
            [],
        ),
        ("She had never seen so many people. Mia gripped her bag.", ["Mia"], []),
        ("Tom hid behind his mother's skirt.", ["Tom"], ["mother"]),
        (
            "A policeman held up his hand, and the cars stopped, and Mia and the ducks crossed "
            "the road.",
            ["Mia"],
            ["policeman", "duck"],
        ),
        ("Mia wanted a dog more than anything.", ["Mia"], []),
        ("There had once been a bear in these woods. Tom looked over his shoulder.", ["Tom"], []),
        ("“I'm a pirate,” said Tom. “And I'm the parrot,” said Mia.", ["Mia", "Tom"], []),
        ("Tom was the captain and Mia was the crew.", ["Mia", "Tom"], []),
        ("Tom ran to the nurse, but the nurse was busy.", ["Tom"], ["nurse"]),
        ("Mia opened the box. Inside lay a doll, a bear and a clockwork mouse.", ["Mia"], []),
        (
            "Mia woke Tom, Tom woke Grandpa Joe, and Grandpa Joe woke the dog.",
            ["Biscuit", "Grandpa Joe", "Mia", "Tom"],
            [],
        ),
        ("Only the dog had seen it. He barked and barked.", ["Biscuit"], []),
        ("Mia sent Tom a postcard.", ["Mia"], []),
        ("Tom stood where the lions had been.", ["Tom"], []),
        ("“Bears!” shouted Tom. But it was only the neighbours.", ["Tom"], ["neighbour"]),
        ("Tom was so tired that he could have slept on a horse.", ["Tom"], []),
        (
            "The queue was long. A fat man, a thin man and a lady with a poodle stood in front "
            "of Mia.",
            ["Mia"],
            ["man", "lady", "poodle"],
        ),
        ("The wolf in the story had yellow eyes. Mia pulled up the blanket.", ["Mia"], []),
        (
            "Mia pulled up the blanket. “What big teeth you have!” read Grandpa Joe.",
            ["Grandpa Joe", "Mia"],
            [],
        ),
        (
            "Neither the dog nor the children noticed the thief.",
            ["Biscuit", "Mia", "Tom"],
            ["thief"],
        ),
        (
            "No children played in the park that day. Grandpa Joe sat alone on the bench.",
            ["Grandpa Joe"],
            [],
        ),
        ("Then Mia was alone. She listened. Footsteps!", ["Mia"], []),
        ("Mia sang to the sleeping baby.", ["Mia"], ["baby"]),
        ("Mia and I are best friends. || We climb trees, she and I.", ["Mia"], []),
        (
            "“We,” said Tom, “are going to the moon.” He and Mia put on their helmets.",
            ["Mia", "Tom"],
            [],
        ),
        ("HELP! cried MIA. HELP! cried TOM.", ["Mia", "Tom"], []),
        ("One by one the stars came out. Tom counted them.", ["Tom"], []),
        ("The photographer took a picture of Mia and Tom.", ["Mia", "Tom"], ["photographer"]),
        (
            "Mia looked at the photograph. There was Grandpa Joe with a moustache, and beside "
            "him a boy.",
            ["Mia"],
            [],
        ),
        ("Mia could not sleep without Biscuit.", ["Mia"], []),
        (
            "The house was full of aunts and cousins. Tom crawled under the table, where Biscuit "
            "was already lying.",
            ["Biscuit", "Tom"],
            ["aunt", "cousin"],
        ),
        (
            "Down the road came a farmer with three sheep and a goat.",
            [],
            ["farmer", "sheep", "goat"],
        ),
        (
            "Long ago there lived a king who hated music. || One morning a boy with a drum came "
            "to the gate. It was Tom.",
            ["Tom"],
            [],
        ),
        ("Oh, how Tom laughed!", ["Tom"], []),
        ("Crash! went the vase. Biscuit hid under the bed.", ["Biscuit"], []),
        ("If only Tom were here, thought Mia.", ["Mia"], []),
        ("Tom, of course, was late.", ["Tom"], []),
        ("It was Mia's birthday, but Tom had forgotten. He slapped his forehead.", ["Tom"], []),
        (
            "Mia's birthday cake had six candles. Everybody sang.",
            ["Biscuit", "Grandpa Joe", "Mia", "Mrs. Bell", "Tom"],
            [],
        ),
    ],
)
def test_who_else_is_there(pages: str, names: list[str], extras: list[str]) -> None:
    """Those of the cast are told from others."""
    assert who_is_on(pages, FAMILY) == names
    assert list(read(pages, FAMILY).extras) == extras
