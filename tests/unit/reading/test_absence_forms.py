"""What pages deny, in more forms."""

import pytest

from tests.unit.reading.pages import read

DENIED = [
    ("He walked straight, not sideways.", ["sideways"]),
    ("Mia didn't stop until she reached the gate.", []),
    ("For once the crane in the harbour stood still and did not swing.", ["swing"]),
    ("The captain wore his jacket but not his cap.", ["cap"]),
    ("They had a sail and no oars.", ["oar"]),
    ("It wasn't raining, though the sky was black.", ["rain"]),
    ("There had been no rain since Easter.", ["rain"]),
    ("Not a cloud could be seen.", ["cloud"]),
    ("Not a leaf moved.", ["leaf"]),
    ("Nothing moved but the cat's tail.", []),
    ("Mia hardly dared to breathe.", []),
    ("She no longer swept the stairs.", ["sweep"]),
    ("Nobody had swept the stairs for years.", []),
    ("Tom forgot his umbrella.", ["umbrella"]),
    ("The swing hung empty.", []),
    ("The lamps weren't lit yet.", []),
    ("The pool had no water in it.", ["water"]),
    ("The nest was empty: no egg, no chick, not even a feather.", ["chick", "egg", "feather"]),
    ("Instead of a crown the king wore a saucepan.", ["crown"]),
    ("She was neither crying nor laughing.", ["cry", "laugh"]),
    ("He isn't wearing shoes, only one sock.", ["shoe"]),
    ("Mia would not eat her soup.", ["eat"]),
    ("Mia couldn't find her shoes anywhere.", ["shoe"]),
    ("The horse had lost its rider.", ["rider"]),
    ("His hair had been cut off; not a curl was left.", ["curl"]),
    ("Her dress was blue, never pink.", ["pink"]),
    ("It had stopped snowing.", ["snow"]),
    ("The fog had gone.", ["fog"]),
    ("There were no longer any ships in the bay.", ["ship"]),
    ("The old tram never rang its bell any more.", ["ring"]),
    ("The door did not open.", ["open"]),
    ("Tom wasn't smiling.", ["smile"]),
    ("The tree has lost its leaves.", ["leaf"]),
    ("Mia's feet were bare.", []),
    ("The moon was nowhere to be seen.", ["moon"]),
    ("Not one of the boats had a sail.", ["sail"]),
    ("The snowman had no arms, no nose and no scarf.", ["arm", "nose", "scarf"]),
    ("She wouldn't take off her hat.", []),
    ("He gave away his coat.", ["coat"]),
    ("All the birds had flown away.", ["bird"]),
    ("The sky was bare of stars.", ["star"]),
    ("Tom lacked a tail.", ["tail"]),
    ("Mia refused to dance.", ["dance"]),
    ("The wind had dropped.", ["wind"]),
    ("He had forgotten to put on his tie.", ["tie"]),
    ("They were not wearing their masks.", ["mask"]),
    ("A dog without a collar came in.", ["collar"]),
    ("The clock had stopped and its hands were missing.", ["hand"]),
    ("The cupboard contained no cake.", ["cake"]),
    ("There was nobody on the pier.", ["nobody"]),
    ("There's no one at the window.", ["nobody"]),
    ("No smoke rose from the chimney.", ["smoke"]),
    ("The lighthouse was not striped but plain white.", ["striped"]),
    ("Tom isn't a prince and he hasn't got a horse.", ["horse", "prince"]),
    ("Never again did she climb the wall.", ["climb"]),
    ("Without so much as a candle they went down.", ["candle"]),
]


@pytest.mark.parametrize(("text", "denied"), DENIED)
def test_what_is_denied_is_read_and_nothing_else(text: str, denied: list[str]) -> None:
    assert sorted(read(text).absent) == denied
