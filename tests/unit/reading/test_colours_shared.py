"""Colours of one of several, shared out, and likened."""

import pytest

from tests.unit.reading.pages import read

COLOURS = {
    "Mia's coat was red, and so were her boots.": ["red coat", "red boot"],
    "Tom wore a green jumper and blue shorts.": ["green jumper", "blue short"],
    "The dragon was green all over, with a yellow belly.": ["yellow belly", "green dragon"],
    "The old lady was dressed all in black.": ["black clothes"],
    "A girl in blue stood at the gate.": ["blue clothes"],
    "She had long black hair and eyes as green as grass.": ["black hair", "green eye"],
    "His nose turned as red as a tomato.": ["red nose"],
    "Three kittens tumbled out of the basket, one grey, one white and one ginger.": [
        "grey kitten",
        "white kitten",
        "ginger kitten",
    ],
    "The leaves had turned red and gold.": ["red and gold leaf"],
    "On the table lay two apples. One was red and the other was yellow.": [
        "red apple",
        "yellow apple",
    ],
    "Her socks did not match: one was striped, the other spotted.": [
        "striped sock",
        "spotted sock",
    ],
    "The door, which had once been blue, was now a dusty grey.": ["dusty grey door"],
    "Mia painted the fence bright yellow.": ["bright yellow fence"],
    "He dyed his beard purple.": ["purple beard"],
    "They followed the yellow brick road.": ["yellow road"],
    "The parrot had a scarlet head, a blue back and a long green tail.": [
        "scarlet head",
        "blue back",
        "green tail",
    ],
    "Out of the hat came a snow-white rabbit with pink eyes.": ["snow-white rabbit", "pink eye"],
    "Tom's mittens were navy blue with white snowflakes.": ["white snowflake", "navy blue mitten"],
    "The walls were painted the colour of honey.": ["honey wall"],
    "She wore a dress of pale green silk.": ["pale green dress"],
    "It was a tiny car, cherry red and very shiny.": ["cherry red car"],
    "The sea was as grey as lead.": ["grey sea"],
    "In the window sat a tabby cat.": ["tabby cat"],
    "Grandma tied a polka-dot scarf round her silver hair.": ["polka-dot scarf", "silver hair"],
    "The pony had a white star on its forehead and four white socks.": ["white star", "white sock"],
    "A small brown bird hopped onto the red mailbox.": ["brown bird", "red mailbox"],
    "Between the green leaves hung hundreds of oranges.": ["green leaf"],
    "The king's beard was white, but his eyebrows were still black.": [
        "white beard",
        "black eyebrow",
    ],
    "Tom pulled a blue-and-white checked handkerchief from his pocket.": [
        "blue-and-white checked handkerchief"
    ],
    "The fox's fur shone copper in the evening sun.": ["copper fur"],
    "Under her raincoat she was wearing orange pyjamas with green frogs on them.": [
        "orange pyjamas",
        "green frog",
    ],
    "The lighthouse is red and white, like a candy cane.": ["red and white lighthouse"],
    "Mia's cheeks were pink with cold.": ["pink cheek"],
    "He had a round face, brown eyes, and a moustache the colour of rust.": [
        "brown eye",
        "rust moustache",
    ],
    "The balloon, a fat yellow one, drifted over the roofs.": ["yellow balloon"],
    "All the boats in the harbour were blue, except for one, which was pink.": [
        "blue boat",
        "pink boat",
    ],
    "The witch's cat was black, of course.": ["black cat"],
    "Tom's tongue was blue from the ice lolly.": ["blue tongue"],
    "She put on her best dress, the lilac one.": ["lilac dress"],
    "The frog wore nothing but a tiny golden crown.": ["golden crown"],
    "The snow was blue in the moonlight.": ["blue snow"],
    "The bus was bright red, and its driver wore a purple turban.": [
        "bright red bus",
        "purple turban",
    ],
    "A rainbow-coloured fish swam out of the dark.": ["rainbow-coloured fish"],
    "The baby owl was a ball of grey fluff.": ["grey fluff"],
    "Mia drew a purple elephant with her green crayon.": ["purple elephant", "green crayon"],
    "His hair had gone white overnight.": ["white hair"],
    "She wasn't wearing her red hat but the brown one.": ["brown hat"],
    "There was not a single green leaf on the tree.": [],
    "Tom wished he had a yellow bike.": [],
    "A curtain of dark blue velvet hid the stage.": ["dark blue curtain"],
    "The mouse was no bigger than a thimble, and its coat was the palest gold.": ["pale gold coat"],
    "Two black swans and a white one glided past.": ["black swan", "white swan"],
    "With her red bucket and her blue spade Mia marched down to the sea.": [
        "red bucket",
        "blue spade",
    ],
    "Grandpa's tractor used to be green. Now it is mostly rust.": [],
    "He had sandy hair, and freckles all over.": ["sandy hair"],
    "The tortoise's shell was patterned in brown and gold.": ["brown and gold patterned shell"],
    "Blue smoke curled from the chimney of the tiny house.": ["blue smoke"],
    "The lamp threw a golden light on the snow.": ["golden light"],
    "A woman with flaming red hair was selling green umbrellas.": ["green umbrella", "red hair"],
    "The twins wore matching yellow raincoats.": ["yellow raincoat"],
    "Mia looked at the blue, blue sky.": ["blue blue sky"],
    "The moon was round and orange.": ["orange moon"],
    "His trousers, green ones with a patch on the knee, were far too short.": ["green trouser"],
    "Her new bicycle was as blue as a summer's day, with a silver bell.": [
        "silver bell",
        "blue bicycle",
    ],
}
"""Sentences, each with what has a colour."""


@pytest.mark.parametrize("text", COLOURS)
def test_things_have_the_colours_that_are_said_of_them(text: str) -> None:
    assert list(read(text).colours) == COLOURS[text]
