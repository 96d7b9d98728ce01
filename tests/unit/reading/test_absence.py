"""What pages deny, in every form, and what only looks like a denial."""

import pytest

from tests.unit.reading.pages import read

DENIED = [
    ("Mia went out without a hat.", ["hat"]),
    ("Tom had no umbrella.", ["umbrella"]),
    ("Grandma wore no glasses.", ["glasses"]),
    ("The kite was not blue but green.", ["blue"]),
    ("Bruno wore neither boots nor socks.", ["boot", "sock"]),
    ("Tom never smiled.", ["smile"]),
    ("There was nobody on the beach.", ["nobody"]),
    ("It was no longer raining.", ["rain"]),
    ("It stopped snowing.", ["snow"]),
    ("The rain had stopped.", ["rain"]),
    ("Mia took off her coat.", ["coat"]),
    ("Mia took her coat off and hung it up.", ["coat"]),
    ("Tom had lost a shoe.", ["shoe"]),
    ("Grandma had forgotten her scarf.", ["scarf"]),
    ("Tom left his cap at home.", ["cap"]),
    ("Tom went out hatless.", ["hat"]),
    ("Mia ran barefoot over the grass.", ["shoe"]),
    ("The captain was bald.", []),
    ("The streets were empty.", []),
    ("Mia took the bag instead of the basket.", ["basket"]),
    ("She was sad rather than angry.", ["angry"]),
    ("The moon had not yet risen.", ["moon"]),
    ("The dragon was gone.", ["dragon"]),
    ("Tom could not find his lantern.", ["lantern"]),
    ("Bruno did not growl.", ["growl"]),
    ("There weren't any clouds in the sky.", ["cloud"]),
    ("Not a leaf moved.", ["leaf"]),
    ("The boat had no sail and no oars.", ["sail", "oar"]),
    ("The cat was not asleep.", ["asleep"]),
    ("Mia isn't wearing her glasses any more.", ["glasses"]),
    ("There are no stars tonight, nor is there a moon.", ["star", "moon"]),
    ("Nobody danced.", ["nobody|dance"]),
    ("The tree had lost all its leaves.", ["leaf"]),
    ("The starless sky was black.", ["star"]),
    ("The soup had no salt in it; the table had no cloth.", ["salt", "cloth"]),
    ("Tom's sled was missing.", ["sled"]),
    ("The snow had melted.", ["snow"]),
    ("It wasn't a wolf at all, it was Bruno.", ["wolf"]),
    ("Mia put on her boots, but not her mittens.", ["mitten"]),
    ("Neither the horse nor the cart was there.", ["horse", "cart"]),
    ("Tom hadn't brought his kite.", ["kite"]),
    ("The dog wasn't barking any more.", ["bark"]),
    ("He was no giant, just a tall man.", ["giant"]),
    ("Mia kicked off her slippers.", ["slipper"]),
    ("She pulled off her wet socks.", ["sock"]),
    ("There was not one bird in the garden.", ["bird"]),
    ("The wind had died down.", ["wind"]),
    ("She came with no basket.", ["basket"]),
    ("Where were her shoes? They were gone.", ["shoe"]),
    ("The garden was without flowers.", ["flower"]),
    ("Bruno's chair stood empty; Bruno was not there.", []),
    ("They had run out of bread.", ["bread"]),
    ("Tom has given away his balloon.", ["balloon"]),
    ("The blanket is neither red nor green.", ["red", "green"]),
    ("Grandma has left her stick behind.", ["stick"]),
    ("Mia let go of the balloon.", []),
    ("The fog had lifted.", ["fog"]),
    ("It was not a big castle.", ["big"]),
    ("Tom had lost one of his boots.", ["boot"]),
    ("Her hair was no longer in plaits.", ["plait"]),
    ("But it was not snow. It was feathers.", ["snow"]),
    ("Without so much as a scarf she ran out.", ["scarf"]),
    ("None of them smiled.", ["smile"]),
    ("The sign was gone.", ["sign"]),
    ("He was not red, like other squirrels, but white.", ["red"]),
    ("A tree with cogs instead of baubles stood there.", ["bauble"]),
    ("Nothing stirred, not even a mouse.", ["mouse"]),
]

SHOWN = [
    ("Not only Mia but also Tom wore a hat.", ["hat", "mia"]),
    ("There was nothing but snow.", ["snow", "nothing"]),
    ("No sooner had Mia sat down than the bell rang.", ["sit", "bell"]),
    ("Tom could not help laughing.", ["laugh", "help"]),
    ("Bruno did not stop running.", ["run", "stop"]),
    ("Mia did not smile until she saw the puppy.", ["puppy"]),
    ("Tom had nothing to eat except bread.", ["bread"]),
    ("No doubt it was a fox.", ["fox", "doubt"]),
    ("Mia could hardly wait.", ["wait"]),
    ("It was no use.", ["use"]),
    ("There was no time to lose.", ["time"]),
    ("Tom did not know where the boat was.", ["boat", "know"]),
    ("Never had Mia seen such a big cake.", ["cake"]),
    ("She had never been so happy.", ["happy"]),
    ("It was not far to the mill.", ["mill"]),
    ("All but Tom wore boots.", ["boot"]),
    ("No one but Grandma had a lamp.", ["lamp", "grandma"]),
    ("Mia did not see the fox behind her.", ["fox"]),
    ("Bruno did not mind the rain.", ["rain", "mind"]),
    ("Why don't you come in?", ["come"]),
    ("If there were no moon, they would be lost.", ["moon"]),
    ("She never went out without her hat.", ["hat"]),
    ("Tom wasn't afraid of the dog.", ["dog"]),
    ("Mia didn't want to take off her coat.", ["coat"]),
    ("Mia had not lost her hat.", ["hat"]),
    ("There is no place like home.", ["home", "place"]),
    ("Nobody saw the mouse under the table.", ["mouse", "table"]),
    ("He didn't let go of the rope.", ["rope"]),
    ("Mia was no longer alone.", ["mia"]),
    ("There was not a moment to lose.", ["moment"]),
    ("Nobody was in a hurry.", ["nobody", "hurry"]),
    ("She never wears shoes, not even in the snow.", ["snow"]),
    ("It could not have been simpler, a chair and a bed.", ["chair", "bed", "simpler"]),
    ("There, not forty feet away, was a ship.", ["foot", "ship"]),
    ("They walked for an hour without meeting anybody.", ["meeting", "anybody", "walk"]),
]

OBEYED = [
    ("Mia put on her boots. She did not put on her coat.", "coat"),
    ("Mia took off her red hat.", "hat"),
    ("The rain had stopped and the wind was still.", "rain"),
    ("The door was no longer green.", "green"),
    ("There was no cake on the table.", "cake"),
    ("Tom had not brought his ball.", "ball"),
    ("There were no clouds.", "cloud"),
    ("Mia wore a dress but no shoes.", "shoe"),
    ("Without her umbrella Mia got wet.", "umbrella"),
    ("They stopped dancing.", "dance"),
    ("Tom could not find the blue kite.", "kite"),
    ("Grandma's spectacles were gone.", "spectacles"),
    ("The tree had neither apples nor leaves.", "apple"),
    ("The bench was empty: no old man, no dog.", "dog"),
]


@pytest.mark.parametrize(("text", "denied"), DENIED)
def test_what_is_denied_is_read(text: str, denied: list[str]) -> None:
    absent = read(text).absent
    for one in denied:
        assert any(word in absent for word in one.split("|")), absent


@pytest.mark.parametrize(("text", "shown"), SHOWN)
def test_what_only_looks_denied_is_not(text: str, shown: list[str]) -> None:
    assert not set(read(text).absent) & set(shown), read(text).absent


@pytest.mark.parametrize(("text", "denied"), OBEYED)
def test_what_is_denied_is_not_drawn(text: str, denied: str) -> None:
    scene = read(text)
    drawn = [*scene.props, *scene.colours, *scene.weather, *scene.extras]
    for one in scene.figures:
        drawn += [*(said.split()[0] for said in one.doing), *one.wearing, *one.holding]
    assert not [one for one in drawn if denied in one]
