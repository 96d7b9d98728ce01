"""What a family holds, does and feels on a page, and when it is."""

import pytest

from server.domain.characters import Description, Gender
from server.domain.scenes import Figure, Scene
from tests.unit.reading.pages import read

FAMILY = (
    Description("Mia", species="human", gender=Gender.FEMALE, age=7),
    Description("Tom", species="human", gender=Gender.MALE, age=7),
    Description("Grandma Rose", species="human", gender=Gender.FEMALE, age=68),
    Description("Rusty", species="dog", gender=Gender.MALE),
    Description("Mr. Bell", species="human", gender=Gender.MALE, age=50),
)
HELD = {
    "Mia clutched her teddy bear.": ["Mia: teddy bear"],
    "Tom hugged the pumpkin to his chest.": ["Tom: pumpkin"],
    "With a lantern in her hand, Mia crept down the stairs.": ["Mia: lantern"],
    "Rusty trotted in with a slipper in his mouth.": ["Rusty: slipper"],
    "Grandma Rose came out of the shed with a rake over her shoulder.": ["Grandma Rose: rake"],
    "Mia had a balloon on a string.": ["Mia: balloon", "Mia: string"],
    "Mr. Bell lifted his hat.": [],
    "Tom pulled the sledge up the hill.": [],
    "Mia waved a flag.": ["Mia: flag"],
    "Mr. Bell leaned on his umbrella and laughed.": ["Mr. Bell: umbrella"],
    "Tom was eating an ice cream.": ["Tom: ice cream"],
    "Grandma poured tea from a blue pot.": ["Grandma Rose: blue pot"],
    "Mia picked a daisy and gave it to Tom.": ["Mia: daisy", "Tom: daisy"],
    "Tom put down his suitcase.": [],
    "Mia dropped the plate. It broke into a hundred pieces.": [],
    "In her arms Mia carried a fat orange cat.": ["Mia: fat orange cat"],
    "Tom's hands were full of cherries.": ["Tom: cherry"],
    "Mia balanced a tray of cakes on one hand.": ["Mia: tray"],
    "Grandma stirred the soup with a wooden spoon.": ["Grandma Rose: wooden spoon"],
    "Mr. Bell wiped his glasses with a handkerchief.": ["Mr. Bell: handkerchief"],
    "Tom poked the jellyfish with a stick.": ["Tom: stick"],
    "Mia sat on the step with her violin on her knees.": ["Mia: violin"],
    "Rusty had a bone between his paws.": ["Rusty: bone"],
    "Mia took the key from its hook and unlocked the door.": ["Mia: key"],
    "Tom tucked the book under his arm.": ["Tom: book"],
    "Grandma Rose was knitting a long, long scarf.": ["Grandma Rose: long , long scarf"],
    "Mia swung the bucket as she walked.": ["Mia: bucket"],
    "Tom blew his trumpet as loudly as he could.": ["Tom: trumpet"],
    "The dog dragged a branch across the lawn.": ["Rusty: branch"],
    "Mr. Bell read his newspaper.": ["Mr. Bell: newspaper"],
    "Mia opened her umbrella.": ["Mia: umbrella"],
    "Tom shone his torch into the cave.": ["Tom: torch"],
    "Mia handed Tom the hammer.": ["Tom: hammer"],
    '"Catch!" shouted Mia, and threw the ball to Tom.': ["Mia: ball", "Tom: ball"],
    "Grandma sipped her cocoa.": ["Grandma Rose: cocoa"],
    "Tom had a wooden sword and a shield made of cardboard.": ["Tom: wooden sword", "Tom: shield"],
    "Mia was dragging a huge sack behind her.": ["Mia: huge sack"],
    "Tom cradled the tiny bird in his hands.": ["Tom: tiny bird"],
    "Mia squeezed the letter in her fist.": ["Mia: letter"],
    "Mr. Bell raised his baton.": ["Mr. Bell: baton"],
    "Mia tied the rope to the tree.": ["Mia: rope"],
    "Tom reached for the highest apple.": [],
    "Mia drew a whale in the sand with a stick.": ["Mia: stick"],
    "Grandma had her glasses in her hand and was looking for them.": ["Grandma Rose: glass"],
    "Tom had no torch.": [],
    "Mia grabbed her bag and ran.": ["Mia: bag"],
    "Mia wore a basket on her back.": [],
    "Tom held on to the railing with both hands.": [],
    "Mia held her grandmother's hand.": [],
}
FELT = {
    "Mia's lip trembled.": ["Mia: sad"],
    "Tom's jaw dropped.": ["Tom: surprised"],
    '"Who ate my pie?" roared Mr. Bell, and he stamped his foot.': ["Mr. Bell: angry"],
    "Tom could not stop giggling.": ["Tom: laughing"],
    "Grandma smiled.": ["Grandma Rose: happy"],
    "Mia yawned and rubbed her eyes.": ["Mia: tired"],
    "Rusty wagged his tail.": ["Rusty: happy"],
    "Tom's knees were shaking.": ["Tom: afraid"],
    "Mia was so proud that she could have burst.": ["Mia: proud"],
    "Mr. Bell frowned.": ["Mr. Bell: angry"],
    "Tom blushed and looked at his shoes.": ["Tom: shy"],
    "Mia stared with her mouth open.": ["Mia: surprised"],
    "Tom was not afraid of the dark.": [],
    "Mia clapped her hands and jumped for joy.": ["Mia: happy"],
    "Grandma shook her fist at the crows.": ["Grandma Rose: angry"],
    "Tom hung his head.": ["Tom: sad"],
    "Neither Mia nor Tom was sad.": [],
    "Mia wondered what was in the box.": ["Mia: curious"],
    "Mr. Bell was in a terrible temper.": ["Mr. Bell: angry"],
    "Tom burst out laughing.": ["Tom: laughing"],
    "The dog growled.": ["Rusty: angry"],
    "Mia was scared stiff.": ["Mia: afraid"],
    "Tom sobbed into his pillow.": ["Tom: sad"],
    "Mia hid her face in her hands.": ["Mia: afraid"],
    "Tom gasped.": ["Tom: surprised"],
    "Grandma hummed contentedly.": ["Grandma Rose: happy"],
}
TIMES = {
    "The sun had just gone down behind the barn.": ["evening"],
    "It was dark in the cupboard, and Mia could see nothing.": [],
    "At breakfast Tom spilt his milk.": ["morning"],
    "Stars came out one by one.": ["night"],
    "The first snow of the winter fell on the roofs.": ["winter"],
    "It was a hot day in July.": ["summer"],
    "The moon shone on the snow.": ["night"],
    "Tom was never up before noon.": [],
    "One spring morning the egg cracked.": ["morning", "spring"],
    "When the clock struck midnight, the toys woke up.": ["night"],
    "After supper they played cards.": ["evening"],
    "It was late. Mia's eyes would not stay open.": ["evening"],
    "They had lunch under the plum tree.": ["day"],
    "Tom dreamed of summer. Outside the snow was falling.": [],
    "The sun rose over the hills.": ["dawn"],
    "On Christmas Eve the lights went out.": ["winter"],
    "It was nearly dark when they got home.": ["evening"],
    "By lamplight Grandma read to them.": [],
    "At dusk the bats came out.": ["evening"],
    "In the afternoon they went to the pool.": ["day"],
}


def _named(scene: Scene) -> list[tuple[str, Figure]]:
    return [(FAMILY[one.character.int - 1].name, one) for one in scene.figures]


@pytest.mark.parametrize("text", HELD)
def test_hands_hold_what_a_page_says(text: str) -> None:
    figures = _named(read(text, cast=FAMILY))
    assert [f"{name}: {thing}" for name, one in figures for thing in one.holding] == HELD[text]


@pytest.mark.parametrize("text", FELT)
def test_bodies_show_moods(text: str) -> None:
    figures = _named(read(text, cast=FAMILY))
    assert [f"{name}: {one.mood}" for name, one in figures if one.mood] == FELT[text]


@pytest.mark.parametrize("text", TIMES)
def test_time_is_when_it_happens(text: str) -> None:
    scene = read(text)
    assert [str(one) for one in (scene.time, scene.season) if one] == TIMES[text]


@pytest.mark.parametrize(
    ("text", "weather"),
    [
        ("It did not rain, and the wind did not blow.", []),
        ("It has not stopped raining since Monday.", ["rain"]),
        ("The sun does not shine here.", []),
    ],
)
def test_weather_that_does_not_come_is_none(text: str, weather: list[str]) -> None:
    assert [str(one) for one in read(text).weather] == weather
