"""What happens on a page: actions, moods, held things and things to be seen."""

from uuid import UUID

import pytest

from actors.extractors.rules.reader import RuleReader
from server.domain.characters import Description, FrozenCharacter, Gender
from server.domain.ids import CharacterId
from server.domain.scenes import Figure, Scene

_CAST = [
    FrozenCharacter(CharacterId(UUID(int=number)), 1, one)
    for number, one in enumerate(
        [
            Description("Mia", species="fox", gender=Gender.FEMALE, age=6),
            Description("Grandpa Tom", age=70, gender=Gender.MALE),
            Description("Rose", age=7, gender=Gender.FEMALE),
            Description("Will", age=8, gender=Gender.MALE),
        ],
        start=1,
    )
]
_NAMES = {one.id: one.description.name.split()[-1] for one in _CAST}


def _read(text: str) -> Scene:
    return RuleReader().read(text, _CAST)


def _told(text: str, of: str) -> list[str]:
    """Returns what is read of each figure: `Mia: run home`."""
    return [
        f"{_NAMES[figure.character]}: {said}"
        for figure in sorted(_read(text).figures, key=lambda one: str(one.character))
        for said in _said(figure, of)
    ]


def _said(figure: Figure, of: str) -> tuple[str, ...]:
    match of:
        case "doing":
            return figure.doing
        case "holding":
            return figure.holding
        case _:
            return (str(figure.mood),) if figure.mood else ()


DOING: dict[str, list[str]] = {
    "Mia crept through the dark forest.": ["Mia: creep through dark forest"],
    "Rose and Will built a sandcastle.": ["Rose: build sandcastle", "Will: build sandcastle"],
    "Will ran and Rose jumped.": ["Rose: jump", "Will: run"],
    "Looking under the bed, Will found his boot.": ["Will: look under bed"],
    "Mia gave a wave.": ["Mia: wave"],
    "Will took a bite of the apple.": ["Will: bite apple"],
    "Rose had a look at the map.": ["Rose: look at map"],
    "Mia gave Rose a hug.": ["Mia: hug Rose"],
    "Grandpa Tom took a deep breath.": ["Tom: breathe"],
    "Will did a little dance.": ["Will: dance"],
    "Mia made a jump over the puddle.": ["Mia: jump over puddle"],
    "Rose wanted to climb the tree.": [],
    "Will had run all the way.": [],
    "Mia knew the answer and loved it.": [],
    '"Sit down!" said Grandpa Tom.': [],
    "Rose could not reach the shelf.": [],
    "Mia began to sing.": ["Mia: sing"],
    "Will stopped running and sat down.": ["Will: sit down"],
    "Rose was painting the fence.": ["Rose: paint fence"],
    "Mia hopped, skipped and jumped.": ["Mia: hop", "Mia: skip", "Mia: jump"],
    "Will knelt down to tie his shoe.": ["Will: kneel down", "Will: tie shoe"],
    "Rose sat on the swing, eating an apple.": ["Rose: sit on swing", "Rose: eat apple"],
    "Grandpa Tom was asleep in his chair.": ["Tom: sleep in chair"],
    "Mia fell asleep under the table.": ["Mia: sleep under table"],
    "Will tried to open the door.": [],
    "Mia waves from the window.": ["Mia: wave from window"],
    "If Will jumped, he would fall.": [],
    "Rose went on walking.": ["Rose: walk"],
    "Will got up and went to the door.": ["Will: get up", "Will: go to door"],
    "Mia burst out laughing.": ["Mia: laugh"],
    "Grandpa Tom came limping along the path.": ["Tom: limp along path"],
    "Rose was lifted by a giant.": [],
    "Will watched Mia dig a hole.": ["Mia: dig hole", "Will: watch Mia"],
    "Grandpa Tom's beard shook.": [],
    "Rose pretended to be a lion.": [],
    "Mia was curled up in a basket, fast asleep.": [
        "Mia: curl up in basket",
        "Mia: sleep in basket",
    ],
    "Grandpa Tom poured tea from a blue pot.": ["Tom: pour tea from blue pot"],
    "Rose was about to jump when Will caught her by the sleeve.": ["Will: catch by sleeve"],
    "All Will had to do was to jump.": [],
    "Rose, laughing, chased Will round the pond.": ["Rose: laugh", "Rose: chase Will round pond"],
    "Will watered the roses as Mia dug a hole, and hummed.": [
        "Mia: dig hole",
        "Will: water roses",
        "Will: hum",
    ],
}

TOGETHER: dict[str, list[str]] = {
    "It rained, so Rose and Will ran home.": ["Rose: run", "Will: run"],
    "A leaf fell, then Rose and Will danced.": ["Rose: dance", "Will: dance"],
    "Rose met Will. The path led to a pond, and they both jumped.": ["Rose: jump", "Will: jump"],
    "Rose and Will stood up. Both waved.": [
        "Rose: stand up",
        "Rose: wave",
        "Will: stand up",
        "Will: wave",
    ],
    "Mia, Rose and Will met. They sat on the floor, all three of them, and Will coughed.": [
        "Mia: sit on floor",
        "Rose: sit on floor",
        "Will: sit on floor",
        "Will: cough",
    ],
    "Mia, Rose and Will met. Three of them waved.": ["Mia: wave", "Rose: wave", "Will: wave"],
}

HANDLED: dict[str, list[str]] = {
    "Rose took a lantern from the shelf.": ["Rose: take lantern"],
    "Mia took off her boots.": ["Mia: take off boots"],
    "Will moved the chair.": ["Will: move chair"],
    "Mia took an hour.": [],
    "Will got into the bath.": ["Will: get into bath"],
    "Will got into trouble.": [],
    "Rose straightened the picture.": ["Rose: straighten picture"],
    "Will was taught to read by a teacher.": [],
    "A boy called Will lived here.": [],
}

MOODS: dict[str, list[str]] = {
    "Mia was happy.": ["Mia: happy"],
    "Will smiled at Rose.": ["Will: happy"],
    "Rose cried.": ["Rose: sad"],
    "Rose burst into tears.": ["Rose: sad"],
    "Will said with a smile that it was late.": ["Will: happy"],
    "Grandpa Tom frowned.": ["Tom: angry"],
    "Mia was not afraid.": [],
    "Will wasn't sad any more.": [],
    "Rose yawned and rubbed her eyes.": ["Rose: tired"],
    "Mia trembled with fear.": ["Mia: afraid"],
    "Will jumped for joy.": ["Will: happy"],
    "Grandpa Tom gave a grin.": ["Tom: happy"],
    "Mia looked sad.": ["Mia: sad"],
    "Rose felt very proud of her boat.": ["Rose: proud"],
    "A frightened Will hid under the bed.": ["Will: afraid"],
    "Mia ran home happily.": ["Mia: happy"],
    "The dog was angry, but Rose laughed.": ["Rose: laughing"],
    "Will stared at the dragon in surprise.": ["Will: surprised"],
    "Tears ran down Mia's cheeks.": ["Mia: sad"],
    "Rose's face lit up.": ["Rose: happy"],
    "Tired and hungry, Will sat down on a log.": ["Will: tired"],
    "Mia wanted to be brave, but she was scared.": ["Mia: afraid"],
    "The cross old man shouted at Will.": [],
    "Rose made Grandpa Tom happy.": ["Tom: happy"],
    "Will never smiled.": [],
    "Mia was so excited that she hopped.": ["Mia: happy"],
    "Grandpa Tom stamped his foot in rage.": ["Tom: angry"],
    "Rose blushed.": ["Rose: shy"],
    "Will had been sad, but now he was laughing.": ["Will: laughing"],
    '"I am so angry!" thought the wolf, and Mia slept.': [],
    "Grandpa Tom giggled, his eyes shining.": ["Tom: laughing"],
    "Grandpa Tom was in a terrible temper.": ["Tom: angry"],
    '"Oh dear," sobbed Mia.': ["Mia: sad"],
    '"Come here!" cried Mia.': [],
    "Rose was bored, and then she was cross.": ["Rose: angry"],
    "Mia woke up feeling grumpy.": ["Mia: angry"],
    "Will was too excited to sleep.": ["Will: happy"],
    "A smile spread over Rose's face.": ["Rose: happy"],
    "Will tore the paper and crossed the road.": [],
    "Mia laughed and cried.": ["Mia: laughing"],
}

HOLDING: dict[str, list[str]] = {
    "Mia stood at the gate with a lantern in her hand.": ["Mia: lantern"],
    "Will carried a basket.": ["Will: basket"],
    "Rose hugged her bear.": ["Rose: bear"],
    "Will led a goat on a string.": ["Will: string"],
    "Mia came back, a fish in her mouth.": ["Mia: fish"],
    "Grandpa Tom had a newspaper under his arm.": ["Tom: newspaper"],
    "Grandpa Tom sat there. In his hand was a letter.": ["Tom: letter"],
    "Rose held out a flower.": ["Rose: flower"],
    "Will picked up a stone.": ["Will: stone"],
    "Mia waved her flag.": ["Mia: flag"],
    "Rose ate a pear.": ["Rose: pear"],
    "Will did not carry the bag.": [],
    "Mia dropped the cup.": [],
    "Grandpa Tom leaned on his stick.": ["Tom: stick"],
    "Holding a candle, Rose tiptoed down the stairs.": ["Rose: candle"],
    "Will wanted to hold the kite.": [],
    "Mia clutched a teddy bear to her chest.": ["Mia: teddy bear"],
    "Rose held Will's hand.": [],
    "Will caught the ball.": ["Will: ball"],
    "Rose was reading a book about dragons.": ["Rose: book"],
    "Her arms full of flowers, Rose ran to the gate.": ["Rose: flower"],
    "Mia carried a basket of apples and a jug.": ["Mia: basket", "Mia: jug"],
    "Grandpa Tom swept the floor with a broom.": ["Tom: broom"],
    "Will drew a whale with a blue pencil.": ["Will: blue pencil"],
    "Rose snatched the map from the table.": ["Rose: map"],
    "Will had put down the bucket.": [],
    "Mia lifted her head.": [],
    "Grandpa Tom, umbrella in hand, crossed the road.": ["Tom: umbrella"],
    "Will flew a kite.": ["Will: kite"],
    "With a wooden spoon in one hand and a bowl in the other, Rose stirred the dough.": [
        "Rose: wooden spoon",
        "Rose: bowl",
    ],
    "Rose climbed the wall with an umbrella under her arm.": ["Rose: umbrella"],
    "Grandpa Tom's hands were full of parcels.": ["Tom: parcel"],
    "Will found a ball, threw it up and caught it.": ["Will: ball"],
    "Will shook the tree.": [],
    "Rose played her flute on the balcony.": ["Rose: flute"],
}

PROPS: dict[str, list[str]] = {
    "Mia sat on a log.": ["log"],
    "Will put the basket of apples on the table.": ["basket", "apple", "table"],
    "Rose hugged her teddy bear.": ["teddy bear"],
    "There was a ladder against the wall.": ["ladder", "wall"],
    "Mia's nose was as soft as butter.": [],
    "Will rolled along like a ball.": [],
    "Grandpa Tom had a good idea.": [],
    "Rose raised her arm.": [],
    "Will wore a red coat and a hat.": [],
    '"I want a bicycle," said Rose.': [],
    "Mia dreamt of a ship.": [],
    "There was no ladder.": [],
    "Will had lost his kite.": [],
    "Rose remembered the old piano.": [],
    "A red car stood in front of the house.": ["red car"],
    "Mia watered the roses with a can.": ["rose", "can"],
    "They walked in the forest without a lamp.": [],
    "Grandpa Tom baked a cake with three candles.": ["cake", "candle"],
    "On the shelf were cups, plates and a kettle.": ["shelf", "cup", "plate", "kettle"],
    "Will took a bite of the apple.": ["apple"],
    "The clock struck eight.": ["clock"],
    "Mia played the piano in the morning.": ["piano"],
    "Rose looked at the moon for a long time.": ["moon"],
    "Will tripped over a root.": ["root"],
    "A kite got caught in the tree.": ["kite", "tree"],
    "Her heart was a drum.": [],
    "Mia rode on a wooden horse.": ["wooden horse"],
    "Grandpa Tom talked about trains.": [],
    "Rose ate a bowl of soup by the fire.": ["bowl", "soup", "fire"],
    "Will gave Mia a piece of chocolate.": ["chocolate"],
    "Mia did not open the door.": ["door"],
    "Will sat in the wheelbarrow like a king on his throne.": ["wheelbarrow"],
    "A trail of crumbs led to the bed.": ["crumb", "bed"],
    "On the hill stood a castle.": ["hill", "castle"],
    "Two of them sat on a bench.": ["bench"],
    "Rose was too small to reach the bell.": ["bell"],
    "Will looked for the key under the cushions.": ["cushion"],
}


@pytest.mark.parametrize("text", [*DOING, *TOGETHER, *HANDLED])
def test_actions_are_those_that_can_be_seen(text: str) -> None:
    """Each of its own doer, in base form."""
    assert _told(text, "doing") == {**DOING, **TOGETHER, **HANDLED}[text]


@pytest.mark.parametrize("text", MOODS)
def test_a_mood_is_that_of_whom_it_is_said(text: str) -> None:
    """Neither a denied one nor somebody else's."""
    assert _told(text, "mood") == MOODS[text]


@pytest.mark.parametrize("text", HOLDING)
def test_held_things_are_in_hands_arms_or_mouths(text: str) -> None:
    """Held now, and not by wish."""
    assert _told(text, "holding") == HOLDING[text]


@pytest.mark.parametrize("text", PROPS)
def test_things_are_those_that_are_there_to_be_seen(text: str) -> None:
    """No bodies, garments, ideas, comparisons or wishes."""
    assert sorted(_read(text).props) == sorted(PROPS[text])
