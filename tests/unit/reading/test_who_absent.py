"""Those of whom a text tells although they are not there."""

import pytest

from tests.unit.reading.casts import FAMILY, who_is_on


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("Mia missed Tom.", ["Mia"]),
        ("Mia thought of Grandpa Joe.", ["Mia"]),
        ("Tom dreamt that Mia could fly.", ["Tom"]),
        ("Mia remembered how Tom had laughed.", ["Mia"]),
        ("A photograph of Grandpa Joe hung above the stove. Tom dusted it.", ["Tom"]),
        ("Mia painted Biscuit with a blue brush.", ["Mia"]),
        ("Mia drew a picture of Tom.", ["Mia"]),
        ("Tom wrote a long letter to Mrs. Bell.", ["Tom"]),
        ("Mia waited for Tom by the gate.", ["Mia"]),
        ("Tom was waiting for Mia, but she did not come.", ["Tom"]),
        ("Mia looked for Tom under the bed.", ["Mia"]),
        ("Tom heard Biscuit barking far away.", ["Tom"]),
        ("Mia could hear Grandpa Joe in the next room.", ["Mia"]),
        ("Mia talked about Tom all day.", ["Mia"]),
        ("Mia told Tom about Grandpa Joe.", ["Mia", "Tom"]),
        ("Tom was away at sea. Mia counted the days.", ["Mia"]),
        ("Mia wished that Tom were there.", ["Mia"]),
        ("If Tom came, Mia would show him the nest.", []),
        ("Mia was as tall as Tom.", ["Mia"]),
        ("Mia swam like Biscuit.", ["Mia"]),
        ("Mia ran faster than Tom ever had.", ["Mia"]),
        ("Mia stood in front of Tom's house.", ["Mia"]),
        ("Mia wore Tom's coat.", ["Mia"]),
        ("Mia found Biscuit's collar in the grass.", ["Mia"]),
        ("The boat belonged to Grandpa Joe. Tom untied it.", ["Tom"]),
        ("Tomorrow Tom would be nine. Mia wrapped his present.", ["Mia"]),
        ("Long ago, Grandpa Joe had built this boat. Now Mia sailed it.", ["Mia"]),
        ("Grandpa Joe's voice came from upstairs. Mia looked up.", ["Mia"]),
        ("Nobody knew where Biscuit was. Tom searched the garden.", ["Tom"]),
        ("Mia read the letter from Tom.", ["Mia"]),
        ("Mia was looking forward to seeing Tom.", ["Mia"]),
        ("Tom knew that Mia was at school.", ["Tom"]),
        ("Mia asked for Tom at the door. Mrs. Bell shook her head.", ["Mia", "Mrs. Bell"]),
        ("They named the boat after Grandpa Joe. Tom painted the name.", ["Tom"]),
    ],
)
def test_people_who_are_elsewhere(page: str, names: list[str]) -> None:
    """Those who are thought of, expected, drawn or compared with are not on the picture."""
    assert who_is_on(page, FAMILY) == names


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("Tom was not there. Mia sat down alone.", ["Mia"]),
        ("Tom wasn't in the kitchen. Mia looked under the table.", ["Mia"]),
        ("Neither Tom nor Mia came. Biscuit lay by the gate.", ["Biscuit"]),
        ("Biscuit had run away. Mia cried.", ["Mia"]),
        ("Biscuit was gone. Mia cried.", ["Mia"]),
        ("There was no Tom, no Mia, only Grandpa Joe.", ["Grandpa Joe"]),
        ("Mia went without Tom.", ["Mia"]),
        ("Mia came, but not Tom.", ["Mia"]),
        ("Everyone was there except Biscuit.", ["Grandpa Joe", "Mia", "Mrs. Bell", "Tom"]),
        ("Nobody was on the beach.", []),
        ("Not a soul was about. The swings creaked.", []),
        ("Mia could not see Biscuit anywhere.", ["Mia"]),
        ("Tom never came. Mia ate both cakes.", ["Mia"]),
        ("Mia did not see Tom, who sat in the tree above her.", ["Mia", "Tom"]),
        ("Mia did not laugh.", ["Mia"]),
        ("Tom would not get up.", ["Tom"]),
        ("Mrs. Bell had gone to town. Mia was alone with Biscuit.", ["Biscuit", "Mia"]),
        ("Mrs. Bell had not come home yet. Tom laid the table.", ["Tom"]),
        ("Mia played alone, for Tom was ill in bed.", ["Mia"]),
        ("Only Tom was missing. Mia lit the candles.", ["Mia"]),
        ("Instead of Tom, Grandpa Joe opened the door.", ["Grandpa Joe"]),
        ("It was not Tom but Biscuit who scratched at the door.", ["Biscuit"]),
        ("There was no sign of Tom. Mia called and called.", ["Mia"]),
        ("Tom had not slept. He sat up in bed.", ["Tom"]),
        ("Mia had lost a tooth. She showed it to Tom.", ["Mia", "Tom"]),
    ],
)
def test_people_who_are_said_not_to_be_there(page: str, names: list[str]) -> None:
    """A presence that the text denies is obeyed; a denied action leaves its doer there."""
    assert who_is_on(page, FAMILY) == names


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("“Hello, Mia!” said Tom.", ["Mia", "Tom"]),
        ("“Where is Tom?” asked Mia.", ["Mia"]),
        ("“Tom is at the dentist's,” Mia said.", ["Mia"]),
        ('"Come here, Biscuit!" called Mia. Biscuit wagged his tail.', ["Biscuit", "Mia"]),
        ('"Biscuit! Biscuit!" Mia called. But no one answered.', ["Mia"]),
        ("'Look at me!' shouted Tom.", ["Tom"]),
        ("“Good night,” said Mrs. Bell, and she put out the lamp.", ["Mrs. Bell"]),
        ("“Grandpa Joe will be cross,” whispered Mia to Tom.", ["Mia", "Tom"]),
        ("“Thank you, Mrs. Bell,” said Mia.", ["Mia", "Mrs. Bell"]),
        ("“I like Tom,” said Mia.", ["Mia"]),
        ("“Mia, have you seen Biscuit?” asked Tom.", ["Mia", "Tom"]),
        ("\u2013 Are you cold, Mia? asked Tom.", ["Mia", "Tom"]),
        ("“Mia!” Tom shouted. There was no answer.", ["Tom"]),
        ("“I wish Grandpa could see this,” said Tom.", ["Tom"]),
        ("“Are we there yet?” asked Tom. “Soon,” said Grandpa Joe.", ["Grandpa Joe", "Tom"]),
        ("“Sit, Biscuit,” said Tom.", ["Biscuit", "Tom"]),
        ("“This is my friend Tom,” Mia told Mrs. Bell.", ["Mia", "Mrs. Bell", "Tom"]),
    ],
)
def test_speech(page: str, names: list[str]) -> None:
    """The speaker is there, and the one who is spoken to, not the one who is spoken of."""
    assert who_is_on(page, FAMILY) == names


@pytest.mark.parametrize(
    ("pages", "names"),
    [
        ("Mia sat on the step and waited for Tom. At last he came.", ["Mia", "Tom"]),
        ("Mia missed Tom. He had moved to the city.", ["Mia"]),
        ("Mia missed Tom. He told the best stories.", ["Mia"]),
        ("Tom looked for Biscuit, who was hiding in the shed.", ["Biscuit", "Tom"]),
        ("Mia hid in the cupboard. “Where are you, Mia?” called Tom.", ["Mia", "Tom"]),
        ("Mia carried Biscuit in her arms.", ["Biscuit", "Mia"]),
        ("Tom threw the ball to Mia.", ["Mia", "Tom"]),
        ("Biscuit ran between Tom's legs.", ["Biscuit", "Tom"]),
        ("Mia put her hand into Grandpa Joe's hand.", ["Grandpa Joe", "Mia"]),
        ("Snow lay on Tom's shoulders.", ["Tom"]),
        ("Grandpa Joe lived far away, in a house by the sea. Tom packed his bag.", ["Tom"]),
        ("Mia pretended that Biscuit was a horse.", ["Biscuit", "Mia"]),
        ("“I want Grandpa!” wailed Tom.", ["Tom"]),
        ("Mia dreamt of Biscuit. In her dream he could fly.", ["Mia"]),
        ("Mia closed her eyes and saw Grandpa Joe's boat.", ["Mia"]),
        ("Mia hid the letter from Tom under her pillow.", ["Mia"]),
        ("Mia hid from Tom.", ["Mia", "Tom"]),
        ("The cake was for Mrs. Bell. Tom carried it upstairs.", ["Tom"]),
        ("Tom and Mia did not speak.", ["Mia", "Tom"]),
        ("Nobody laughed but Tom.", ["Tom"]),
        (
            "Everyone laughed but Tom, who hung his head.",
            ["Biscuit", "Grandpa Joe", "Mia", "Mrs. Bell", "Tom"],
        ),
        ("Tom was too small to reach the shelf. Mia helped him.", ["Mia", "Tom"]),
        ("When Mia woke, Tom had already left.", ["Mia"]),
        ("Tom is not here. Mia is alone in the big house.", ["Mia"]),
        ("Mia was not alone. Biscuit lay at her feet.", ["Biscuit", "Mia"]),
        ("The bench was empty. Nobody sat there, not even Grandpa Joe.", []),
        ("The sea was grey. Far out, a ship went by.", []),
        ("Mia had never met Mrs. Bell. She rang the bell.", ["Mia"]),
        ("“Tom, wake up!” Mia shook him.", ["Mia", "Tom"]),
        ("Tom was as quiet as a mouse, and so was Mia.", ["Mia", "Tom"]),
        (
            "Who had eaten the pie? Tom looked at Biscuit. Biscuit looked at the floor.",
            ["Biscuit", "Tom"],
        ),
        ("Far away, in her own bed, Mrs. Bell was snoring.", ["Mrs. Bell"]),
        ("Mia followed Biscuit's footprints through the snow.", ["Mia"]),
        ("Tom was nowhere to be seen. Mia whistled.", ["Mia"]),
        ("“Tom?” Mia whispered. The room stayed silent.", ["Mia"]),
        ("She would tell Tom everything tomorrow, Mia thought.", ["Mia"]),
        ("Mia sang the song that Grandpa Joe had taught her.", ["Mia"]),
        ("Mia sat where Tom always sat.", ["Mia"]),
        ("Next door, Tom's piano had fallen silent. Mia listened.", ["Mia"]),
        ("Before Tom could answer, Mia slammed the door.", ["Mia", "Tom"]),
        ("Mia wiped the tears from Tom's face.", ["Mia", "Tom"]),
        ("Behind her stood Grandpa Joe with his hat in his hands. || Mia turned round.", ["Mia"]),
        ("Tom is on the swing, and Mia pushes him.", ["Mia", "Tom"]),
        ("Tom took Mia by the hand, and together they jumped.", ["Mia", "Tom"]),
    ],
)
def test_who_is_there_all_the_same(pages: str, names: list[str]) -> None:
    """What is told of somebody later, or of a body, decides."""
    assert who_is_on(pages, FAMILY) == names
