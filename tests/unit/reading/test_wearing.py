"""What figures wear and look like on a page, as the rules read it."""

import pytest

from tests.unit.reading.pages import figure, read

WORN = [
    ("Mia wore a red dress.", "Mia", ["red dress"]),
    ("Tom put on his boots.", "Tom", ["boot"]),
    ("Mia pulled a hat over her ears.", "Mia", ["hat"]),
    ("Grandma, in her nightgown, opened the door.", "Grandma", ["nightgown"]),
    ("Tom came down in his striped pyjamas.", "Tom", ["striped pyjamas"]),
    ("Mia was dressed in a blue coat and a woollen cap.", "Mia", ["blue coat", "cap"]),
    ("Bruno wrapped himself in a blanket.", "Bruno", ["blanket"]),
    ("Mia was wrapped in a towel.", "Mia", ["towel"]),
    ("Grandma tied the scarf round Tom's neck.", "Tom", ["scarf"]),
    ("Grandma put a cap on Tom's head.", "Tom", ["cap"]),
    ("Tom had a feather in his hair.", "Tom", ["feather"]),
    ("There was a ribbon in Mia's hair.", "Mia", ["ribbon"]),
    ("Mia had a sword in her belt and a crown on her head.", "Mia", ["crown"]),
    ("His waistcoat was velvet, and Bruno bowed.", "Bruno", []),
    ("Bruno's waistcoat was velvet.", "Bruno", ["waistcoat"]),
    ("Mia's hair was in two plaits.", "Mia", ["plait"]),
    ("Mia changed into her swimsuit.", "Mia", ["swimsuit"]),
    ("Tom buttoned up his coat.", "Tom", ["coat"]),
    ("Tom slipped into his wellingtons.", "Tom", ["wellingtons"]),
    ("Grandma sat by the fire with a shawl round her shoulders.", "Grandma", ["shawl"]),
    ("Mia has bare feet.", "Mia", ["bare feet"]),
    ("Grandma helped Mia into her raincoat.", "Mia", ["raincoat"]),
    ("Tom wore a mask that Mia had made.", "Tom", ["mask"]),
    ("A mask hid Tom's face.", "Tom", []),
    ("Mia was wearing her mother's shoes.", "Mia", ["shoe"]),
    ("Bruno wore nothing but a bow tie.", "Bruno", ["bow tie|tie"]),
    ("Tom stood there in nothing but his socks.", "Tom", ["sock"]),
    ("A crown lay on a cushion. Mia put it on.", "Mia", ["crown"]),
    ("Tom sat under a huge straw hat.", "Tom", ["straw hat"]),
    ("Mia had a daisy behind one ear.", "Mia", ["daisy"]),
    ("Tom had put a rose in his buttonhole.", "Tom", ["rose"]),
    ("Bruno had a bandage round his tail.", "Bruno", ["bandage"]),
    ("Tom's straw hat had a hole in it.", "Tom", ["straw hat"]),
    ("Mia stood there in a jacket over a blue dress.", "Mia", ["jacket", "blue dress"]),
    ("Tom's cap was green.", "Tom", ["cap"]),
]

NOT_WORN = [
    ("Mia took off her hat.", "Mia", ["hat"]),
    ("Mia took her boots off.", "Mia", ["boot"]),
    ("Tom was not wearing his coat.", "Tom", ["coat"]),
    ("Mia had not put on her jacket.", "Mia", ["jacket"]),
    ("Tom had lost his cap.", "Tom", ["cap"]),
    ("Grandma came without her glasses.", "Grandma", ["glasses"]),
    ("Mia forgot her scarf.", "Mia", ["scarf"]),
    ("Tom wore neither shoes nor socks.", "Tom", ["shoe", "sock"]),
    ("Bruno unwound his scarf.", "Bruno", ["scarf"]),
    ("Mia stepped out of her shoes.", "Mia", ["shoe"]),
    ("Tom pulled off his wet jumper.", "Tom", ["jumper"]),
    ("Tom had no hat on.", "Tom", ["hat"]),
    ("Mia gave Tom her mittens.", "Mia", ["mitten"]),
    ("Grandma hung her coat on the hook.", "Grandma", ["coat"]),
    ("Mia wanted to wear her crown.", "Mia", []),
    ("Tom looked at the hat in the window.", "Tom", []),
    ("Mia folded her dresses and put them in the trunk.", "Mia", []),
    ("Bruno found a glove in the snow.", "Bruno", []),
    ("Mia went out barefoot.", "Mia", ["shoe"]),
]


@pytest.mark.parametrize(("text", "name", "worn"), WORN)
def test_what_is_worn_is_read(text: str, name: str, worn: list[str]) -> None:
    wearing = figure(read(text), name).wearing
    for one in worn:
        assert any(
            all(word in said for word in way.split()) for way in one.split("|") for said in wearing
        ), wearing


@pytest.mark.parametrize(("text", "name", "without"), NOT_WORN)
def test_what_is_not_worn_is_not(text: str, name: str, without: list[str]) -> None:
    who = figure(read(text), name)
    assert who.wearing == ()
    for one in without:
        assert one in who.without
