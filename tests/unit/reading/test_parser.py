"""Clauses of sentences of many shapes, as picture books have them."""

import pytest

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.names import Names
from actors.extractors.rules.parser import read_clauses
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.tokens import read_sentences
from server.domain.characters import Description, Gender

_NAMES = Names(
    [
        Description("Mia", species="fox", gender=Gender.FEMALE, age=6),
        Description("Grandpa Tom", age=70, gender=Gender.MALE),
        Description("Rose", age=7, gender=Gender.FEMALE),
        Description("Will", age=8, gender=Gender.MALE),
        Description("Zoë", age=8, gender=Gender.FEMALE),
        Description("美雪", age=8, gender=Gender.FEMALE),
        Description("अनन्या", age=8, gender=Gender.FEMALE),
    ]
)

# Each: a text, and its clauses: `subject: verb object, place, =complement`, heads only.
SENTENCES: dict[str, list[str]] = {
    # Speech.
    '"Where is Tom?" whispered Mia.': ["Mia: whisper"],
    "'Come in!' said the old fox.": ["fox: say"],
    "\u201cWe are late,\u201d Will called from the door.": ["Will: call, from door"],
    '"Look!" cried Rose, pointing at the sky.': ["Rose: cry", "Rose: point, at sky"],
    # Lines, capitals, questions.
    "Over the hill\nand down the lane\nran Rose and Will\nin the pouring rain.": [
        "Rose+Will: run, over hill, down lane, in rain"
    ],
    "MIA RAN HOME AND SHUT THE DOOR.": ["Mia: run", "Mia: shut door"],
    "Did the fox see the moon?": ["fox: see moon"],
    # The subject after the verb.
    "On the hill stood a castle.": ["castle: stand, on hill"],
    "Down the road came a red bus.": ["bus: come, down road"],
    "Out jumped a frog!": ["frog: jump out"],
    "Up went the balloon.": ["balloon: go up"],
    "In her basket were apples, plums and a loaf of bread.": ["apple+plum+loaf: be, in basket"],
    # Participles.
    "Mia sat on the step, eating an apple.": ["Mia: sit, on step", "Mia: eat apple"],
    "Looking under the bed, Will found his boot.": ["Will: look, under bed", "Will: find boot"],
    "Rose, laughing, threw a snowball at Will.": ["Rose: laugh", "Rose: throw snowball, at Will"],
    "Will held up the fish, grinning from ear to ear.": [
        "Will: hold up fish",
        "Will: grin, from ear, to ear",
    ],
    "Mia watched the geese fly over the lake.": ["Mia: watch goose", "goose: fly, over lake"],
    "There were three bears in the kitchen, eating porridge.": [
        "there: be bear, in kitchen",
        "bear: eat porridge",
    ],
    # Relative clauses.
    "The girl who lived in the mill waved.": ["girl: live, in mill", "girl: wave"],
    "Mia picked a flower that smelled of honey.": ["Mia: pick flower", "flower: smell, of honey"],
    "The fox that had stolen the cheese hid behind a barrel.": [
        "fox: steal cheese",
        "fox: hide, behind barrel",
    ],
    "The boat that Will built floated on the pond.": [
        "Will: build boat",
        "boat: float, on pond",
    ],
    # Several of a kind.
    "Rose and Will built a boat and a raft.": ["Rose+Will: build boat+raft"],
    "Mia hopped, skipped and jumped.": ["Mia: hop", "Mia: skip", "Mia: jump"],
    "The cat, the dog and the mouse slept by the fire.": ["cat+dog+mouse: sleep, by fire"],
    "They looked in the box, under the bed and behind the door.": [
        "they: look, in box, under bed, behind door"
    ],
    "The snowman wore a scarf, two buttons and a hat with a feather.": [
        "snowman: wear scarf+button+hat, with feather"
    ],
    "Mia opened the box and the frog jumped out.": ["Mia: open box", "frog: jump out"],
    "Neither the fox nor the bear spoke.": ["no fox+no bear: speak"],
    # Infinitives.
    "Will wanted to build a house.": ["Will: want", "want> Will: build house"],
    "Rose knelt down to tie her shoe.": ["Rose: kneel down", "kneel> Rose: tie shoe"],
    "Will stopped running and sat down.": [
        "Will: stop",
        "stop> Will: run",
        "Will: sit down",
    ],
    # What there is.
    "There was a ladder against the wall.": ["there: be ladder, against wall"],
    "Nobody was on the beach.": ["no nobody: be, on beach"],
    # The present tense.
    "Mia waves from the window and smiles.": ["Mia: wave, from window", "Mia: smile"],
    "Grandpa Tom puts the kettle on the stove.": ["Tom: put kettle, on stove"],
    "She is sitting on the swing, and he is pushing her.": ["she: sit, on swing", "he: push she"],
    "Mia sleeps while Will reads a book by the lamp.": ["Mia: sleep", "Will: read book, by lamp"],
    # Phrasal verbs.
    "Will put on his boots and ran out.": ["Will: put on boot", "Will: run out"],
    "She took her coat off.": ["she: take off coat"],
    "He picked the kitten up and carried it home.": ["he: pick up kitten", "he: carry it"],
    "The wind blew the leaves off the trees.": ["wind: blow leaf, off tree"],
    # Similes.
    "Rose swam like a fish.": ["Rose: swim, like fish"],
    "His hands were as cold as ice.": ["hand: be, as ice, =cold"],
    # Contractions, hyphens, scripts.
    "Mia didn't open the door.": ["Mia: not open door"],
    "Will couldn't find his other sock.": ["Will: not find sock"],
    "It's raining, and Mia's boots are wet.": ["it: rain", "boot: be, =wet"],
    "A red-haired girl in a knee-length coat whistled.": ["girl: whistle, in coat"],
    "Zoe\u0308 climbed the cre\u0300me-coloured wall.": ["Zoë: climb wall"],
    "美雪 smiled and folded a crane.": ["美雪: smile", "美雪: fold crane"],
    "अनन्या ate the mango.": ["अनन्या: eat mango"],
    # Phrases before and between.
    "Mia crept through the dark forest.": ["Mia: creep, through forest"],
    "The boy with the red hat climbed the tree.": ["boy: climb tree, with hat"],
    "Mia, the little fox, danced in the snow.": ["Mia: be fox", "Mia: dance, in snow"],
    "When the rain stopped, Mia went out.": ["rain: stop", "Mia: go out"],
    "Behind the barn, the hen sat on her eggs.": ["hen: sit, behind barn, on egg"],
    "With a lantern in her hand, Mia walked into the cave.": [
        "Mia: walk, with lantern, in hand, into cave"
    ],
    "Rose stood at the window, her nose against the glass.": [
        "Rose: stand, at window",
        "nose: , against glass",
    ],
    "Tired and hungry, the bear lay down under a tree.": [
        "bear: lie down, under tree, =tired, =hungry"
    ],
    "The ship sailed on and on, past the island, until it reached the harbour.": [
        "ship: sail on, past island",
        "it: reach harbour",
    ],
    "The old man who sold balloons gave Mia a red one and waved goodbye.": [
        "man: sell balloon",
        "man: give Mia+one",
        "man: wave goodbye",
    ],
    "Will crept to the door, opened it and peeped out.": [
        "Will: creep, to door",
        "Will: open it",
        "Will: peep out",
    ],
    "Mia, her basket on her arm, walked to the market.": [
        "Mia: walk, to market",
        "basket: , on arm",
    ],
    "Rose sat down because her feet hurt.": ["Rose: sit down", "foot: hurt"],
    "Before the sun rose, the miller and his son loaded the cart.": [
        "sun: rise",
        "miller+son: load cart",
    ],
    "Mia and Rose, tired and wet, crawled into the tent.": [
        "Mia+Rose: crawl, into tent, =tired, =wet"
    ],
    "Down came the rain, and up went the umbrellas.": ["rain: come down", "umbrella: go up"],
    "All the animals came: the cow, the pig and two geese.": [
        "animal: come",
        "cow+pig+goose: ",
    ],
    "Will heard a noise and hid under the bed.": ["Will: hear noise", "Will: hide, under bed"],
    "The cat watched the bird hopping on the lawn.": [
        "cat: watch bird",
        "bird: hop, on lawn",
    ],
    "Rose is too small to reach the bell.": ["Rose: be, =small", "be> Rose: not reach bell"],
    "With a splash, Will fell into the pond.": ["Will: fall, with splash, into pond"],
    "There, on the top shelf, stood a tin soldier.": ["soldier: stand, on shelf"],
    "Mia has brushed her hair and put on her best dress.": [
        "Mia: brush hair",
        "Mia: put on dress",
    ],
    "Never had Rose seen such a big fish.": ["Rose: not see fish"],
    "One by one, the ducklings jumped into the water.": ["duckling: jump, into water"],
    "Mia rolled a snowball, Will rolled another, and Rose found a hat.": [
        "Mia: roll snowball",
        "Will: roll another",
        "Rose: find hat",
    ],
    "The dog, wagging its tail, ran after the stick that Rose threw.": [
        "dog: wag tail",
        "dog: run, after stick",
        "Rose: throw stick",
    ],
    "In the garden grow tulips and roses.": ["tulip+rose: grow, in garden"],
    "Tom, who is as strong as an ox, lifts the cart.": [
        "Tom: be, as ox, =strong",
        "Tom: lift cart",
    ],
    "Rose let the bird fly away.": ["Rose: let bird", "bird: fly away"],
    "Will made a boat from paper and sailed it in the bath.": [
        "Will: make boat, from paper",
        "Will: sail it, in bath",
    ],
    "The badger had neither hat nor boots, and an icicle hung from his nose.": [
        "badger: have no hat+no boot",
        "icicle: hang, from nose",
    ],
    "Tom read from a fat book, and Mia and Will listened.": [
        "Tom: read, from book",
        "Mia+Will: listen",
    ],
    "Will fetched a bucket, and together he and Rose scrubbed the floor.": [
        "Will: fetch bucket",
        "he+Rose: scrub floor",
    ],
    # Voice, tense, two objects.
    "The door was opened by a giant.": ["door: open, by giant"],
    "Rose had lost her mitten.": ["Rose: lose mitten"],
    "Mia gave Rose a flower.": ["Mia: give Rose+flower"],
}


@pytest.mark.parametrize("text", SENTENCES)
def test_a_sentence_is_read_as_its_clauses(text: str) -> None:
    """Subjects, verbs, objects and places are found, in the order of the clauses."""
    found = [
        _shown(clause)
        for sentence in read_sentences(text, _NAMES)
        for clause in read_clauses(sentence)
    ]
    assert found == SENTENCES[text]


def _shown(clause: Clause) -> str:
    subject = "+".join(map(_head, clause.subject))
    verb = " ".join(filter(None, [clause.verb, clause.particle]))
    objects = "+".join(map(_head, clause.objects))
    said = " ".join(filter(None, ["not" if clause.negated else "", verb, objects]))
    places = [f"{word} {_head(phrase)}" for word, phrase in clause.places]
    looks = [f"={'not ' if one.negated else ''}{one.token.lower}" for one in clause.complements]
    governor = f"{clause.governor.verb}> " if clause.governor is not None else ""
    return f"{governor}{subject}: " + ", ".join([said, *places, *looks])


def _head(phrase: NounPhrase) -> str:
    head = phrase.head
    word = head.lemma
    if head.character is not None:
        word = _NAMES.cast[head.character].name.split()[-1]
    elif head.lower in {"her", "him"}:
        word = {"her": "she", "him": "he"}[head.lower]
    return f"no {word}" if phrase.negated else word
