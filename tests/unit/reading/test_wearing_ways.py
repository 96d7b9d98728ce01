"""What figures wear, said in more ways, and garments that nobody wears."""

import pytest

from tests.unit.reading.pages import figure, read

WORN = [
    ("Mia has a jersey with a hole in it.", "Mia", ["jersey"]),
    ("Tom lay in the hat.", "Tom", []),
    ("Mia slept in the glove all winter.", "Mia", []),
    ("Tom stood in a hat too big for him.", "Tom", ["hat"]),
    ("Mia's coat had a history.", "Mia", []),
    ("Mia rolled up the sleeves of her jumper.", "Mia", ["jumper"]),
    ("Tom had his hands in the pockets of his dungarees.", "Tom", ["dungaree"]),
    ("Mia, in a swimming cap and goggles, stood on the edge.", "Mia", ["cap", "goggle"]),
    ("Tom waved to a lady in a fur stole and a tall hat.", "Tom", []),
    ("Mia was wrapped in a tartan rug.", "Mia", ["rug"]),
    ("Tom wears a striped bathing suit and armbands.", "Tom", ["suit", "armband"]),
    ("Mia came down in her father's pullover.", "Mia", ["pullover"]),
    ("Tom's sandals slapped on the stones.", "Tom", ["sandal"]),
    ("Mia wore nothing but a vest.", "Mia", ["vest"]),
    ("Tom put his sou'wester on and ran.", "Tom", ["sou'wester"]),
    ("With a paper crown on his head Tom marched round the table.", "Tom", ["crown"]),
    ("Mia tied on her apron.", "Mia", ["apron"]),
    ("Tom buttoned his waistcoat.", "Tom", ["waistcoat"]),
    ("Mia pulled her woolly hat down over her ears.", "Mia", ["hat"]),
    ("Tom kicked off his clogs.", "Tom", []),
    ("Tom was dressed as a pirate, with an eyepatch and a wooden sword.", "Tom", ["eyepatch"]),
    ("Mia's new boots squeaked.", "Mia", ["boot"]),
    ("Tom has hung his jacket on the hook.", "Tom", []),
    ("Mia knitted a bonnet for the baby.", "Mia", []),
    ("In his best suit, Tom looked like somebody else.", "Tom", ["suit"]),
    ("Mia, muffled to the eyes in wool, could hardly walk.", "Mia", []),
    ("Tom's tie was crooked.", "Tom", ["tie"]),
    ("Mia looked for her other slipper.", "Mia", []),
    ("Tom bought a cap at the fair and put it on.", "Tom", ["cap"]),
]


@pytest.mark.parametrize(("text", "name", "worn"), WORN)
def test_what_is_worn_is_read_and_nothing_else(text: str, name: str, worn: list[str]) -> None:
    wearing = figure(read(text), name).wearing
    assert [one.split()[-1].rstrip("s") for one in wearing] == worn
