"""Moods, times and weather by their words."""

from collections.abc import Mapping

from server.domain.scenes import DayTime, Mood, Season, Weather

MOODS: Mapping[Mood, frozenset[str]] = {
    Mood.HAPPY: frozenset(
        [
            "delight",
            "glee",
            "bliss",
            "relief",
            "cheerily",
            "gaily",
            "gleefully",
            "joyfully",
            "delightedly",
            "contented",
            "happy",
            "happily",
            "cheerful",
            "cheerfully",
            "glad",
            "merry",
            "merrily",
            "smile",
            "smiling",
            "grin",
            "beam",
            "beaming",
            "delighted",
            "joyful",
            "joy",
            "pleased",
            "content",
            "contentedly",
            "cheer",
            "jolly",
            "gleeful",
            "thrilled",
            "overjoyed",
            "excited",
            "grinning",
            "glow",
            "cheery",
        ]
    ),
    Mood.LAUGHING: frozenset(
        ["laugh", "laughing", "giggle", "giggling", "chuckle", "laughter", "chortle"]
    ),
    Mood.SAD: frozenset(
        [
            "despair",
            "grief",
            "misery",
            "mournfully",
            "tearfully",
            "miserably",
            "dejected",
            "lonesome",
            "gloom",
            "sad",
            "sadly",
            "unhappy",
            "miserable",
            "cry",
            "weep",
            "sob",
            "tearful",
            "tear",
            "lonely",
            "gloomy",
            "gloomily",
            "sorrowful",
            "sorrow",
            "heartbroken",
            "glum",
            "downcast",
            "disappointed",
            "weeping",
            "crying",
            "sobbing",
            "homesick",
            "forlorn",
            "wail",
            "sulk",
        ]
    ),
    Mood.AFRAID: frozenset(
        [
            "alarm",
            "dread",
            "horror",
            "fearfully",
            "petrified",
            "afraid",
            "scared",
            "frightened",
            "fearful",
            "terrified",
            "trembling",
            "tremble",
            "worried",
            "worry",
            "anxious",
            "anxiously",
            "nervous",
            "nervously",
            "fear",
            "quake",
            "terror",
            "alarmed",
            "panic",
            "timidly",
            "scaredy",
            "fright",
            "startle",
            "uneasy",
        ]
    ),
    Mood.ANGRY: frozenset(
        [
            "temper",
            "fury",
            "anger",
            "enraged",
            "grouchy",
            "cranky",
            "indignantly",
            "irritated",
            "angry",
            "angrily",
            "furious",
            "furiously",
            "cross",
            "crossly",
            "grumpy",
            "grumpily",
            "scowl",
            "frown",
            "glare",
            "rage",
            "fierce",
            "fiercely",
            "mad",
            "growl",
            "stamp",
            "annoyed",
            "grump",
            "indignant",
            "scowling",
        ]
    ),
    Mood.SURPRISED: frozenset(
        [
            "dumbfounded",
            "astounded",
            "shock",
            "surprised",
            "surprise",
            "astonished",
            "amazed",
            "astonishment",
            "amazement",
            "gasp",
            "shocked",
            "startled",
            "wide-eyed",
            "bewildered",
            "wonder",
            "gape",
            "flabbergasted",
            "open-mouthed",
        ]
    ),
    Mood.TIRED: frozenset(
        [
            "weariness",
            "exhaustion",
            "drowsily",
            "worn-out",
            "tired",
            "sleepy",
            "sleepily",
            "weary",
            "wearily",
            "yawn",
            "exhausted",
            "drowsy",
            "yawning",
        ]
    ),
    Mood.SHY: frozenset(
        [
            "sheepish",
            "sheepishly",
            "bashfully",
            "shy",
            "shyly",
            "bashful",
            "blush",
            "blushing",
            "embarrassed",
            "timid",
        ]
    ),
    Mood.PROUD: frozenset(["proud", "proudly", "triumphant", "triumphantly"]),
    Mood.CALM: frozenset(
        [
            "peace",
            "serenely",
            "contentment",
            "calm",
            "calmly",
            "peaceful",
            "peacefully",
            "relaxed",
            "serene",
        ]
    ),
    Mood.CURIOUS: frozenset(
        ["curiosity", "inquisitive", "curious", "curiously", "puzzled", "puzzle", "interested"]
    ),
}
"""The words of each mood in their base form."""

MOOD_OF: Mapping[str, Mood] = {word: mood for mood, words in MOODS.items() for word in words}

TIMES: Mapping[str, DayTime] = {
    **dict.fromkeys(("dawn", "sunrise", "daybreak", "cockcrow", "first-light"), DayTime.DAWN),
    **dict.fromkeys(("morning", "breakfast"), DayTime.MORNING),
    **dict.fromkeys(
        ("noon", "midday", "afternoon", "daytime", "lunchtime", "lunch", "daylight"), DayTime.DAY
    ),
    **dict.fromkeys(
        ("evening", "sunset", "dusk", "twilight", "teatime", "supper", "suppertime", "nightfall"),
        DayTime.EVENING,
    ),
    **dict.fromkeys(
        (
            "night",
            "midnight",
            "moonlight",
            "moonlit",
            "bedtime",
            "moonrise",
            "moonbeam",
            "starlight",
            "starry",
            "tonight",
        ),
        DayTime.NIGHT,
    ),
    **dict.fromkeys(
        ("moonrise", "moonbeam", "nightfall", "night-time", "nighttime", "starlit", "nightly"),
        DayTime.NIGHT,
    ),
}
"""Words for a part of the day."""

MEALS = frozenset(
    {"breakfast", "lunch", "supper", "lunchtime", "suppertime", "teatime", "bedtime", "moonlit"}
)
"""Words that tell the time less surely than its own name does."""

SEASONS: Mapping[str, Season] = {
    "spring": Season.SPRING,
    "springtime": Season.SPRING,
    "summer": Season.SUMMER,
    "midsummer": Season.SUMMER,
    "summertime": Season.SUMMER,
    "autumn": Season.AUTUMN,
    "winter": Season.WINTER,
    "midwinter": Season.WINTER,
    "wintry": Season.WINTER,
    "christmas": Season.WINTER,
    "autumnal": Season.AUTUMN,
    "fall": Season.AUTUMN,
    **dict.fromkeys(("march", "april", "may"), Season.SPRING),
    **dict.fromkeys(("june", "july", "august"), Season.SUMMER),
    **dict.fromkeys(("september", "october", "november", "halloween"), Season.AUTUMN),
    **dict.fromkeys(("december", "january", "february"), Season.WINTER),
}
"""Words for a season; `fall`, `spring` and `may` are one only where their neighbours say so."""

WEATHERS: Mapping[str, Weather] = {
    **dict.fromkeys(
        ("sun", "sunny", "sunshine", "sunlight", "sunlit", "sunbeam", "sun-drenched"), Weather.SUN
    ),
    **dict.fromkeys(
        (
            "rain",
            "rainy",
            "drizzly",
            "sleet",
            "drizzle",
            "raindrop",
            "downpour",
            "shower",
            "rain-soaked",
        ),
        Weather.RAIN,
    ),
    **dict.fromkeys(
        (
            "storm",
            "stormy",
            "thunder",
            "lightning",
            "thunderstorm",
            "hailstorm",
            "rainstorm",
            "tempest",
            "gale",
        ),
        Weather.STORM,
    ),
    **dict.fromkeys(
        ("snow", "snowy", "snowstorm", "snowflake", "blizzard", "snowfall", "snowdrift"),
        Weather.SNOW,
    ),
    **dict.fromkeys(("fog", "foggy", "mist", "misty", "haze"), Weather.FOG),
    **dict.fromkeys(
        ("wind", "windy", "blustery", "gusty", "breeze", "breezy", "gust"), Weather.WIND
    ),
    **dict.fromkeys(("cloud", "cloudy", "overcast"), Weather.CLOUD),
    "rainbow": Weather.RAINBOW,
}
"""Words for weather in their base form."""
