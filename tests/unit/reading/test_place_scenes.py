"""The place of a page's first words, as other authors write them."""

import pytest

from tests.unit.reading.pages import read

SCENES = [
    (
        "Pip and Oma live in a caravan at the edge of the airfield. Planes come over so low "
        "that the cups jump on their hooks.",
        "caravan|airfield",
    ),
    (
        "The two sisters sat on the wall of the harbour and swung their legs. The trawlers "
        "were coming home.",
        "harbour|wall",
    ),
    (
        "High above the roofs, in the basket of a balloon, Mr. Bell was eating a sandwich. "
        "The town lay below him like a rug.",
        "basket|balloon",
    ),
    (
        "Deep down in the sea, where it is always dark, there was a school. It had no desks "
        "and no windows.",
        "school|sea",
    ),
    (
        "It was hot in the greenhouse. Tomatoes hung from the roof, and somewhere a tap dripped.",
        "greenhouse",
    ),
    (
        "Rosa's house stood at the very end of Bridge Street, next to the railway. From her "
        "bed she could hear the trains. That night she lay awake under the window.",
        "house|bed|bedroom|street",
    ),
    (
        "In the waiting room of the dentist's sat a crocodile with a scarf round its jaw.",
        "waiting room|room",
    ),
    (
        "Grandpa's shed was full of clocks. Ben was not allowed to touch them. He stood on "
        "an upturned bucket and touched one.",
        "shed",
    ),
    (
        "Down in the cellar the potatoes were whispering. Jo stood on the stairs with her "
        "torch and held her breath.",
        "cellar|stairs",
    ),
    (
        "The queue for the ghost train went twice round the fairground. Ben counted his money.",
        "fairground|fair",
    ),
    (
        "Nobody goes to the old swimming baths now, except the mice. They live in the "
        "lockers, and on Sundays they play football on the blue tiles at the bottom of the "
        "empty pool.",
        "baths|pool|swimming bath",
    ),
    (
        "Pia's bed was by the window. When the moon was full she could see the whole garden, "
        "the pear tree, the swing, the wall. Tonight there was somebody on the swing.",
        "bed|garden|bedroom|window|swing",
    ),
    (
        "On the third floor, behind the door with the brass lion, lived Madame Ott. Emil "
        "carried her coal up every evening. He knocked.",
        "floor|door|house|landing|stairs",
    ),
    (
        "The snow had covered the road, the signposts and the car. Only the church tower "
        "stuck out. Anna and the dog walked on top of the hedges.",
        "hedge|road|snow",
    ),
    ("She fell down the well. It was a dry one, luckily, and at the bottom was a door.", "well"),
    ("Out on the mudflats a boy was pulling a sledge. The tide had turned.", "mudflat"),
    (
        "We camped where the two streams meet. Dad made a fire, and Sal and I hung our wet "
        "socks on the branches.",
        "stream|camp|campsite",
    ),
    (
        "The clown's caravan stood apart from the others, behind the lions. Lights were on "
        "in it. Tilda climbed up on a bucket and peeped in.",
        "caravan|circus",
    ),
    (
        "Between the piano and the wall there is a gap, just wide enough for a mouse. Here "
        "lives Bartholomew.",
        "gap|wall|piano|living room",
    ),
    (
        "The cows had got out. They were in the lane, they were in the churchyard, and one "
        "of them was looking in at the post office.",
        "lane|churchyard|post office",
    ),
    (
        "Every Sunday they rowed across to the island for tea. This Sunday there was a mist "
        "on the lake, and half way over Uncle Jem stopped rowing.",
        "lake|boat",
    ),
    (
        "The hospital was very white and very quiet. Lou had a bed with wheels. On the next "
        "bed sat a boy with his leg in the air.",
        "hospital|bed",
    ),
    (
        "Above the baker's, above the street lamps, above Nightingale Street itself, Ines "
        "and Bo had a den. You got to it by the skylight. It was flat up there, and tarry, "
        "and from the chimney you could see the sea. Tonight they had brought blankets.",
        "den|roof|rooftop",
    ),
    (
        "The whole of Mill Street was asleep. Only Mr. Finch sat on his balcony in his vest, "
        "watering the tomatoes by the light of the moon.",
        "balcony",
    ),
    (
        "Moss lived behind the third radiator in the public library. He knew all the "
        "shelves, from Astronomy to Zoo. In the daytime he slept, and at night, when the "
        "last reader had gone home and the doors were locked, he prowled.",
        "library|public library",
    ),
    (
        "It was the last day of the holidays, and they had the whole bay to themselves. Bo "
        "dug. Ines lay flat on her back on the warm planks of the jetty, watching a gull in "
        "the high blue sky.",
        "bay|jetty|beach",
    ),
    (
        "The train was late. Ines stood on Platform 2 with her cello on her back and her "
        "ticket in her teeth. Somewhere down the line a whistle blew. A porter was sweeping "
        "the snow off the roof of a hut.",
        "platform|station",
    ),
    (
        "Mr. Finch was in his bath, singing. The bathroom was full of steam. Bo knocked. "
        "'There's a bear in the hall,' he said.",
        "bathroom|bath",
    ),
    (
        "They took the lift to the ninth floor. There were four doors, all of them grey. "
        "Behind the last one somebody was playing a trumpet. Bo rang the bell and hid behind "
        "Ines.",
        "floor|landing|corridor|lift|hall",
    ),
    (
        "When the tide is out you can walk to the island. We set off at noon with "
        "sandwiches, across the ribbed sand, past the wreck, past the poles with their "
        "beards of weed. Bo carries the bucket. Nobody else is on the sands, only gulls.",
        "sand|sands|beach|island",
    ),
    (
        "Bo's father drove the number six. It went from the docks to the cemetery and back "
        "again, and on Saturdays Bo was allowed to sit up front and ring the bell. Today the "
        "tram was full of nuns.",
        "tram",
    ),
    (
        "It began in the launderette. Mr. Finch had put in his socks, his shirts and his "
        "other trousers, and he was sitting on the bench in front of the machine, reading "
        "about Peru, when a small green hand pressed itself against the glass.",
        "launderette",
    ),
    (
        "'Are we there yet?' The road wound up and up. There were goats on the rocks and "
        "clouds below them. In the back of the truck, wedged between the fridge and the "
        "goat, Ines shut her eyes.",
        "truck|road",
    ),
    (
        "By midnight the fire had burnt low. The others were asleep in their wagons. Only "
        "Ines sat on, on the step, with Moss on her knee, and listened to the wolves on the "
        "far side of the river.",
        "wagon|step|camp|fire",
    ),
    (
        "School was over. They ran past the gate, past the church, past the pond where the "
        "ducks stood on the ice, and they did not stop till they came to the sweetshop. It "
        "was shut!",
        "sweetshop|shop|street",
    ),
    (
        "The moon looked in at the window of the sickroom. Ines had the end bed, next to the "
        "stove. She wasn't sleeping either; she was counting the cracks in the ceiling, "
        "which was once white.",
        "sickroom|room",
    ),
    (
        "Moss had never been to sea. The deck went up, and the deck went down. He was sick "
        "in a coil of rope. 'Land!' cried the lookout, but there was nothing there but a "
        "cloud.",
        "deck|ship|sea",
    ),
    (
        "Behind the gasworks there is a patch of waste ground that nobody owns. There are "
        "brambles, and half a bicycle, and a sofa with its springs out. This is our kingdom. "
        "I am the queen, because I'm Ines, and Bo is the army.",
        "ground|waste ground|patch|wasteland|gasworks|kingdom",
    ),
    (
        "'Hold on!' shouted Bo. The sledge flew down Gallows Hill, over the wall, over the "
        "frozen brook, straight through Mr. Finch's washing, and in at the open door of the "
        "henhouse.",
        "henhouse|hill",
    ),
    (
        "Aunt Sefa kept the lighthouse on Gull Rock. She had a lamp to trim and a goat to "
        "milk, and on the first day of the holidays she was waiting on the jetty in a "
        "sou'wester and a long tarry coat. Not a breath of wind stirred. 'You've brought no "
        "luggage,' she said. 'Good.'",
        "jetty",
    ),
    (
        "They climbed the path to the tower, past nettles, past a well with no bucket. Nora "
        "counted the steps. Halfway up she wasn't counting any more.",
        "path|tower|steps",
    ),
    (
        "At the top there was one round room, whitewashed, with a stove and a ladder. Pip "
        "pressed his nose to the glass. Far below crawled the ferry they had come on, no "
        "bigger than a beetle. He thought of his own bed, and of the street where the trams "
        "went by all night.",
        "room|tower|lighthouse|top",
    ),
    (
        "'Off with those shoes!' cried Aunt Sefa. So barefoot they went, over the shingle, "
        "over the weed, in and out of the rock pools, with their trousers rolled to the "
        "knee. Pip had lost his cap somewhere. He didn't mind.",
        "shingle|beach|pools|rock pool|shore",
    ),
    (
        "It had stopped drizzling by teatime. They ate their bread out of doors, on an "
        "upturned dinghy, and the gulls, white, grey and one quite black, stood round them "
        "like waiters. None of the gulls was shy.",
        "dinghy|beach|shingle|shore|outdoors",
    ),
    (
        "Under the hedge he met a toad in a state. 'There's a drain,' sobbed the toad, 'and "
        "my brother's down it.' Bramble didn't laugh. He put on his spectacles and followed "
        "her across the yard to the grating.",
        "yard|grating|hedge",
    ),
    (
        "I live at number nine, Ferry Lane, above the chandler's. I'm Nora. From my window "
        "you can see the whole of the harbour, the cranes, the customs house with its green "
        "dome, and, if there isn't any fog, the island. There is fog today.",
        "lane|window|room|house|chandler|harbour",
    ),
    (
        "Pip and I run all the way along the quay. We're not allowed on the moored boats, so "
        "we don't climb aboard; we only look. A man with a wooden leg and a parrot-green "
        "scarf is mending a net. He has no teeth.",
        "quay",
    ),
    (
        "On the bus to Granny's nobody talked. Outside the rain had turned to sleet. Pip "
        "drew a face on the misted glass, two eyes, no mouth, and the conductor in his shiny "
        "cap pretended not to see.",
        "bus",
    ),
    (
        "The souk was a tunnel of noise. Saffron and paprika stood in cones, orange, ochre, "
        "brick red; brass pots hung overhead; and down the middle, on a donkey that refused "
        "to budge, sat Aunt Sefa in dark glasses and a pale lilac shawl.",
        "souk|market",
    ),
    (
        "'Hush,' said Nora. They had crept as far as the orangery. Between the lemon trees, "
        "in a shaft of moonlight, danced a hare. It wore a crown of ivy and nothing else.",
        "orangery",
    ),
    (
        "When he woke, Pip was no longer in the attic. He was lying in long silver grass, "
        "under two moons, with not a house, not a road, not a fence to be seen. His pyjamas "
        "had turned a deep sea-green. He was not a bit frightened.",
        "grass|meadow",
    ),
    (
        "She wheeled her bicycle out of the shed and up the drive. It was one of those raw "
        "November mornings. Nora wore two jumpers, her brother's balaclava and mittens that "
        "did not match, one of them mustard, one of them plum.",
        "drive",
    ),
    (
        "Bramble hadn't got a hat, and he hadn't got a coat, but he had an umbrella, and "
        "under it, along the gutter, went Bramble. Splish! The rain bounced off the "
        "cobblestones. Not a soul was about.",
        "gutter|street|cobblestones|road",
    ),
    (
        "Once upon a time, in a pumpkin at the bottom of the Long Acre, there lived a bear "
        "called Oskar. He was not a big bear. He was scarcely bigger than a bucket, and his "
        "fur was the colour of toast.",
        "pumpkin|acre|field",
    ),
    (
        "Every Friday Mr. Abara drove his van from Upper Slipe to Nether Slipe, and every "
        "Friday it broke down on the humpback bridge. This Friday it did not. It broke down "
        "in the ford.",
        "ford",
    ),
    (
        "The baker's was shut, and so was the bank. In the whole High Street only the "
        "barber's had a light on. Oskar pushed the door, and a bell went ting. There sat Mr. "
        "Abara, up to his chin in a snow-white sheet, with foam where his beard had been.",
        "barber|barber's|street|shop",
    ),
    (
        "It was too hot to sleep. Tansy lay on the roof with the others, among the water "
        "tanks and the washing lines, and looked at the stars. Grandfather's goats coughed "
        "in the dark. Somewhere beyond the dunes, beyond the salt road, her father was "
        "driving home.",
        "roof",
    ),
    (
        "No bell rang. No dog barked. The well was dry, the pump was rusty, and there were "
        "no footprints in the dust of the square. 'Perhaps they have moved,' said Oskar, and "
        "he took off his bowler hat.",
        "square",
    ),
    (
        "Oskar had a plan. He would build a raft, and sail it down to the sea, and find the "
        "island with the three palms. But first he had to find his other wellington. He "
        "looked in the larder. He looked under the sink. It wasn't in the oven either.",
        "larder|kitchen|sink|home|house",
    ),
    (
        "Deep in the boiler room of the Grand Hotel something was ticking. Mr. Abara rolled "
        "up the sleeves of his uniform, which was bottle green with gold braid, and switched "
        "off his torch.",
        "boiler room|hotel",
    ),
    (
        "'We aren't lost,' said Kiki, 'we just don't know where we are.' They were, in fact, "
        "on an iceberg. It was pale blue, it was slippery, and it was getting smaller. There "
        "was neither land nor sail in sight.",
        "iceberg",
    ),
    (
        "At sunrise the caravan set off across the plain, eleven camels, one bear, and a "
        "girl with hair like a fox, who had never ridden before and could not stop smiling. "
        "She wore indigo from head to foot.",
        "plain",
    ),
    (
        "Tansy is up the mast. Can you see her? That's her in the crow's-nest, with the "
        "spyglass, in the captain's second-best coat. She isn't holding on.",
        "mast|ship|crow's-nest|nest",
    ),
    (
        "The doctor lived over the river, so they took the rowing boat. Mr. Abara rowed, and "
        "Tansy held the lantern up. Bats, not birds, flickered over the black water, and his "
        "freckled bald head shone like an egg.",
        "boat|river",
    ),
]


@pytest.mark.parametrize(("text", "place"), SCENES)
def test_a_page_begins_somewhere(text: str, place: str) -> None:
    assert set(read(text, cast=()).place.replace("-", " ").split()) & {
        word for one in place.split("|") for word in one.replace("-", " ").split()
    }


def test_who_finds_a_thing_somewhere_is_there() -> None:
    text = "One sunny morning Mia and Tom found an old map in the meadow behind their house."
    assert read(text).place == "meadow"
    assert read("Tom discovered a key in the attic.").place == "attic"
