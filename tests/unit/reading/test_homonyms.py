"""Homonyms: a lamp or daylight, a club or an animal, by the words around them."""

import pytest

from server.domain.scenes import Scene
from tests.unit.reading.pages import figure, read

THING, EXTRA, NEITHER = "thing", "extra", "neither"


@pytest.mark.parametrize(
    ("noun", "meant", "text"),
    [
        ("light", THING, "Tom switched on the light."),
        ("light", THING, "The light above the table swung."),
        ("light", THING, "A red light blinked on the wall."),
        ("light", THING, "There was a light on the mast of the boat."),
        ("light", THING, "Mia turned off the light by her bed."),
        ("light", THING, "The lights on the tree were red and green."),
        ("light", THING, "Mum stopped the car at the lights."),
        ("light", THING, "Tom hung a string of lights over the door."),
        ("light", NEITHER, "Mia sat in the light of the moon."),
        ("light", NEITHER, "A light rain fell on the roof."),
        ("light", NEITHER, "The kite was light as a feather."),
        ("light", NEITHER, "Tom went to light the fire."),
        ("light", NEITHER, "Light came through the curtains."),
        ("light", NEITHER, "The evening light turned the field gold."),
        ("light", NEITHER, "Bright light filled the room."),
        ("light", NEITHER, "Mia read by the light of a lamp."),
        ("light", NEITHER, "It was getting light when Tom woke up."),
        ("light", NEITHER, "Mia held the coin up to the light."),
    ],
)
def test_a_lamp_is_a_thing_and_daylight_is_none(noun: str, meant: str, text: str) -> None:
    assert _meaning(read(text), noun) == meant


@pytest.mark.parametrize(
    ("noun", "meant", "text"),
    [
        ("bat", EXTRA, "A bat flew out of the cave."),
        ("bat", EXTRA, "Bats hung from the roof of the cave."),
        ("bat", EXTRA, "Mia saw a bat in the barn."),
        ("bat", EXTRA, "A little brown bat squeaked above Tom."),
        ("bat", THING, "Tom swung his bat."),
        ("bat", THING, "A cricket bat lay on the grass."),
        ("bat", THING, "Mia hit the ball with her bat."),
        ("bat", THING, "Tom carried a bat and a ball."),
        ("bat", THING, "Mia picked up the bat."),
        ("bat", THING, "Tom leaned the bat against the wall."),
    ],
)
def test_a_bat_is_an_animal_or_a_club(noun: str, meant: str, text: str) -> None:
    assert _meaning(read(text), noun) == meant


@pytest.mark.parametrize(
    ("noun", "meant", "text"),
    [
        ("ring", THING, "Tom found a gold ring under the stone."),
        ("ring", THING, "A ring lay on the table."),
        ("ring", THING, "Mum put the ring in a box."),
        ("ring", THING, "Mia dropped a rubber ring into the pool."),
        ("ring", NEITHER, "Mia wore a ring on her finger."),
        ("ring", NEITHER, "They danced in a ring around the fire."),
        ("ring", NEITHER, "The elephants sat in a ring."),
        ("ring", NEITHER, "There was a ring of dust on the table."),
        ("ring", NEITHER, "Tom gave the bell a ring."),
        ("ring", NEITHER, "A ring of stones stood on the hill."),
        ("watch", THING, "Tom looked at his watch."),
        ("watch", THING, "A watch lay on the table."),
        ("watch", THING, "Grandma wound her watch."),
        ("watch", THING, "Tom put the watch in a drawer."),
        ("watch", THING, "Mia found a watch in the sand."),
        ("watch", THING, "A silver watch hung on a chain."),
        ("watch", NEITHER, "The sailors kept watch all night."),
        ("watch", NEITHER, "Tom was on watch."),
        ("watch", NEITHER, "Tom stayed to watch the birds."),
        ("watch", NEITHER, "The dog kept a close watch on the sheep."),
        ("note", THING, "Tom found a note on the table."),
        ("note", THING, "There was a note pinned to the door."),
        ("note", THING, "Tom read the note."),
        ("note", THING, "The teacher gave Mia a note."),
        ("note", NEITHER, "Mia sang a high note."),
        ("note", NEITHER, "The flute played a long note."),
        ("note", NEITHER, "The last note faded."),
        ("note", NEITHER, "Tom took note of the time."),
    ],
)
def test_what_is_found_is_no_circle_sound_or_duty(noun: str, meant: str, text: str) -> None:
    assert _meaning(read(text), noun) == meant


@pytest.mark.parametrize(
    ("noun", "meant", "text"),
    [
        ("palm", THING, "A palm stood on the beach."),
        ("palm", THING, "Tom climbed the palm."),
        ("palm", THING, "Coconuts hung from the palms."),
        ("palm", THING, "The parrot sat in a tall palm."),
        ("palm", THING, "Tom slept under a palm."),
        ("palm", NEITHER, "A coin lay on Tom's palm."),
        ("palm", NEITHER, "Mia held the seed in her palm."),
        ("palm", NEITHER, "Tom's palms were sweaty."),
        ("palm", NEITHER, "Mia opened her palm."),
        ("palm", NEITHER, "The bird ate from the palm of his hand."),
        ("trunk", THING, "Tom opened the trunk in the attic."),
        ("trunk", THING, "Grandma packed her trunk with clothes."),
        ("trunk", THING, "Tom sat on a fallen trunk."),
        ("trunk", THING, "Mia leaned against the trunk of the oak."),
        ("trunk", THING, "Tom dragged the trunk down the stairs."),
        ("trunk", THING, "A squirrel ran up the trunk."),
        ("trunk", NEITHER, "The elephant raised its trunk."),
        ("trunk", NEITHER, "The elephant curled his trunk around the log."),
        ("trunk", NEITHER, "Water sprayed from the elephant's trunk."),
        ("trunk", NEITHER, "The elephant put the bun in its mouth with its trunk."),
        ("chest", THING, "Tom opened the chest."),
        ("chest", THING, "The pirates buried the chest in the sand."),
        ("chest", THING, "The chest was full of gold."),
        ("chest", THING, "Mia sat on the chest."),
        ("chest", THING, "There was a wooden chest under the bed."),
        ("chest", NEITHER, "Tom puffed out his chest."),
        ("chest", NEITHER, "Tom's chest hurt."),
        ("chest", NEITHER, "Mia crossed her arms on her chest."),
        ("chest", NEITHER, "Tom held the book against his chest."),
    ],
)
def test_trees_and_boxes_are_no_parts_of_bodies(noun: str, meant: str, text: str) -> None:
    assert _meaning(read(text), noun) == meant


@pytest.mark.parametrize(
    ("noun", "meant", "text"),
    [
        ("crane", THING, "The crane lifted a beam onto the roof."),
        ("crane", THING, "A yellow crane stood on the building site."),
        ("crane", THING, "Tom sat in the cab of the crane."),
        ("crane", THING, "The crane swung its hook over the ship."),
        ("crane", EXTRA, "A crane stood in the reeds on one leg."),
        ("crane", EXTRA, "Two cranes flew over the lake."),
        ("crane", EXTRA, "The crane spread its wings."),
        ("crane", EXTRA, "A crane caught a fish in the pond."),
        ("seal", EXTRA, "A seal lay on the rock."),
        ("seal", EXTRA, "The seal clapped its flippers."),
        ("seal", EXTRA, "Mia saw a seal in the sea."),
        ("seal", EXTRA, "Two seals swam round the boat."),
        ("seal", THING, "Tom broke the seal on the letter."),
        ("seal", THING, "The letter had a red wax seal."),
        ("seal", THING, "The king pressed his seal into the wax."),
        ("seal", THING, "A golden seal hung from the scroll."),
        ("band", EXTRA, "A band played in the park."),
        ("band", EXTRA, "The brass band marched down the street."),
        ("band", EXTRA, "The band struck up a tune."),
        ("band", THING, "Mia put a rubber band round the cards."),
        ("band", NEITHER, "The hat had a blue band."),
        ("band", NEITHER, "There was a band of light under the door."),
        ("band", NEITHER, "A band of gold shone on the box."),
    ],
)
def test_animals_and_players_are_no_tools(noun: str, meant: str, text: str) -> None:
    assert _meaning(read(text), noun) == meant


@pytest.mark.parametrize(
    ("noun", "meant", "text"),
    [
        ("bow", THING, "Tom shot an arrow from his bow."),
        ("bow", THING, "Mia carried a bow and a quiver."),
        ("bow", THING, "The violin and the bow lay on the chair."),
        ("bow", NEITHER, "Tom made a deep bow."),
        ("bow", NEITHER, "The king gave a bow."),
        ("bow", NEITHER, "Mia wore a red bow in her hair."),
        ("match", THING, "Tom struck a match."),
        ("match", THING, "Mia lit the candle with a match."),
        ("match", THING, "A box of matches lay on the shelf."),
        ("match", THING, "The match burned down."),
        ("match", NEITHER, "They won the match."),
        ("match", NEITHER, "Mia watched the football match."),
        ("match", NEITHER, "After the match Tom was muddy."),
        ("match", NEITHER, "It was the last match of the season."),
        ("match", NEITHER, "The two socks were a match."),
        ("horn", THING, "The driver blew his horn."),
        ("horn", THING, "Tom blew a horn."),
        ("horn", THING, "A horn hung on the wall."),
        ("horn", THING, "The hunter put his horn on the grass."),
        ("horn", NEITHER, "The goat lowered its horns."),
        ("horn", NEITHER, "The horn of the unicorn shone."),
        ("horn", NEITHER, "The bull had sharp horns."),
    ],
)
def test_what_is_lit_blown_or_shot_with_is_no_game_or_bend(
    noun: str, meant: str, text: str
) -> None:
    assert _meaning(read(text), noun) == meant


@pytest.mark.parametrize(
    ("text", "thing"),
    [
        ("Tom swung his bat.", "bat"),
        ("Tom took a watch from the drawer.", "watch"),
        ("Tom had a note in his hand.", "note"),
    ],
)
def test_a_homonym_that_is_a_thing_can_be_held(text: str, thing: str) -> None:
    assert figure(read(text), "Tom").holding == (thing,)


def _meaning(scene: Scene, noun: str) -> str:
    """Returns what a page shows a noun as."""
    if noun in scene.extras:
        return EXTRA
    return THING if noun in {one.split()[-1] for one in scene.props} else NEITHER
