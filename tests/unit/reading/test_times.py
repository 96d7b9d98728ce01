"""Time of day, season and weather, as the rules read them."""

import pytest

from tests.unit.reading.pages import read

TIMES = [
    ("One morning Mia woke up early.", "morning"),
    ("That night Tom could not sleep.", "night"),
    ("By nightfall they were home.", "night"),
    ("The sun was setting over the hills.", "evening"),
    ("The sun rose. Mia yawned.", "dawn|morning"),
    ("It had rained all night. In the morning everything was wet.", "morning"),
    ("In the afternoon they went swimming.", "day"),
    ("At dusk the bats came out.", "evening"),
    ("At daybreak the cock crew.", "dawn"),
    ("Stars twinkled above the barn.", "night"),
    ("The moon shone through the window.", "night"),
    ("It was midnight. The clock struck twelve.", "night"),
    ("Mia remembered the evening by the sea.", ""),
    ("Tomorrow morning they would go to the zoo.", ""),
    ("It was not night yet.", ""),
    ("Her hair was as black as night.", ""),
    ("It had been a long night.", ""),
    ("After supper, when the lamps were lit, Tom told a story.", "evening"),
    ("At noon it was hot.", "day"),
    ("Good night, said Grandma, and put out the light.", "night|"),
    ("Late that evening Bruno knocked.", "evening"),
    ("Last night there was a storm. Now the sun shines.", ""),
    ("Every morning Bruno ate honey.", "morning|"),
    ("They walked all day. When it grew dark, they lit a fire.", "night|evening"),
    ("Before dawn they set out.", "dawn|night|"),
    ("Day after day Mia waited.", ""),
    ("On a moonlit path Tom met a fox.", "night"),
    ("The moon was a silver boat in the sky.", "night"),
    ("At breakfast Tom spilt his milk.", "morning"),
]

SEASONS = [
    ("It was spring, and the trees were green.", "spring"),
    ("In spring the birds came back.", "spring"),
    ("Mia drank from the spring.", ""),
    ("The spring of the clock was broken.", ""),
    ("One summer's day they went to the lake.", "summer"),
    ("Winter came, and the pond froze.", "winter"),
    ("In the fall Mia raked leaves.", "autumn"),
    ("Mia had a fall. She fell off the wall.", ""),
    ("It was autumn. Red leaves blew about.", "autumn"),
    ("Last winter they had built a snowman.", ""),
    ("Tom longed for summer.", ""),
    ("It was a cold January evening.", "winter"),
    ("On Christmas Eve Mia hung up her stocking.", "winter"),
    ("Bruno would sleep until spring.", ""),
    ("It was July, and nobody wore shoes.", "summer"),
    ("It was not yet summer.", ""),
    ("Winter was over.", ""),
    ("A wintry wind shook the door.", "winter"),
    ("Flowers grow here in summer, but now the garden was bare.", "summer|"),
]

WEATHERS = [
    ("It was raining hard.", "rain"),
    ("It snowed all day.", "snow"),
    ("The sun shone.", "sun"),
    ("It was a stormy day.", "storm"),
    ("The wind blew her hat away.", "wind"),
    ("Thick fog lay over the fields.", "fog"),
    ("A rainbow stood over the hill.", "rainbow"),
    ("It stopped raining.", ""),
    ("It had stopped snowing. Mia went out.", "snow|"),
    ("It was no longer raining.", ""),
    ("There was no wind.", ""),
    ("There was no rain, but the wind howled.", "wind"),
    ("Tom ran as fast as the wind.", ""),
    ("Snow White sat in the kitchen.", ""),
    ("Mia thought of the snow in the mountains.", ""),
    ("Her coat was as white as snow.", ""),
    ("The rain had gone.", ""),
    ("The rain drummed on the roof.", "rain"),
    ("Raindrops ran down the window.", "rain"),
    ("Lightning flashed over the sea.", "storm"),
    ("The storm was over.", ""),
    ("It was windy and wet.", "wind"),
    ("Not a cloud was in the sky.", ""),
    ("The sky was cloudless.", ""),
    ("Dark clouds gathered above the village.", "cloud"),
    ("The sun had gone in.", ""),
    ("The sun came out.", "sun"),
    ("The sunny garden was full of bees.", "sun"),
    ("Snowflakes danced in the air.", "snow"),
    ("If it rained, they would stay at home.", ""),
    ("Mia danced like a leaf in the wind.", ""),
    ("The sun went down.", ""),
    ("A storm of laughter filled the hall.", ""),
    ("The fog had lifted, and the sun shone.", "sun"),
    ("The grass was wet after the rain.", ""),
    ("It had snowed in the night, and the roofs were white with snow.", "snow"),
    ("It will rain tomorrow.", ""),
    ("It poured.", "rain"),
    ("A shower of sparks flew up the chimney.", ""),
    ("Mia took a shower.", ""),
]


@pytest.mark.parametrize(("text", "time"), TIMES)
def test_the_time_of_day_is_the_page_s_own(text: str, time: str) -> None:
    assert str(read(text).time or "") in time.split("|")


@pytest.mark.parametrize(("text", "season"), SEASONS)
def test_the_season_is_the_page_s_own(text: str, season: str) -> None:
    assert str(read(text).season or "") in season.split("|")


@pytest.mark.parametrize(("text", "weather"), WEATHERS)
def test_the_weather_is_the_page_s_own(text: str, weather: str) -> None:
    assert " ".join(read(text).weather) in weather.split("|")
