"""Words for what somebody is like that no picture can show."""

UNSEEN = frozenset(
    {
        *("adventurous", "ambitious", "artistic", "attentive", "bold", "bookish", "boastful"),
        *("bossy", "brave", "bravest", "bright", "brilliant", "careful", "careless", "caring"),
        *("cautious", "charming", "chatty", "clever", "clumsy", "compassionate", "confident"),
        *("considerate", "cooperative", "courageous", "courteous", "cowardly", "creative"),
        *("cunning", "curious", "daring", "decisive", "dependable", "determined", "devoted"),
        *("diligent", "disobedient", "dishonest", "dutiful", "eager", "earnest", "easygoing"),
        *("empathetic", "energetic", "enthusiastic", "fair", "faithful", "fearless", "forgetful"),
        *("forgiving", "friendly", "funny", "fussy", "generous", "gentle", "giving", "good"),
        *("gracious", "greedy", "gullible", "hardworking", "heroic", "helpful", "honest"),
        *("hopeful", "humble", "humorous", "imaginative", "impatient", "impulsive"),
        *("independent", "industrious", "ingenious", "inquisitive", "intelligent", "inventive"),
        *("jealous", "just", "kind", "kindhearted", "knowledgeable", "lazy", "learned"),
        *("lovable", "loving", "loyal", "lucky", "magical", "mean", "mighty"),
        *("mischievous", "modest", "musical", "mysterious", "naughty", "nosy", "obedient"),
        *("observant", "open", "optimistic", "organised", "organized", "patient", "peaceful"),
        *("persistent", "pessimistic", "playful", "plucky", "polite", "practical", "punctual"),
        *("quick", "rebellious", "reckless", "reliable", "resourceful", "respectful", "rude"),
        *("selfish", "selfless", "sensible", "sensitive", "shrewd", "silly", "sincere", "sly"),
        *("smart", "sneaky", "sociable", "stubborn", "studious", "superstitious"),
        *("sweet", "talented", "talkative", "tenacious", "thoughtful", "tidy", "timid"),
        *("tolerant", "tricky", "troublesome", "trusting", "trustworthy", "truthful"),
        *("understanding", "unselfish", "vain", "valiant", "warm", "warmhearted", "wise"),
        *("witty", "wishful", "hearted", "minded", "natured", "spirited", "tempered", "willed"),
        *("witted", "working"),
    }
)
"""Qualities: a brave girl looks as any other does."""

MODIFIERS = frozenset(
    {
        *("bit", "deeply", "extremely", "hard", "heart", "incredibly", "often", "person", "pretty"),
        *("short", "sometimes", "somewhat", "soul", "spirit", "strong", "terribly", "truly"),
        *("afraid", "bad", "cold"),
    }
)
"""Words that go with a quality, and show no more than it."""

TASTES = frozenset(
    {
        *("adores", "believes", "can", "cannot", "dislikes", "dreams", "enjoys", "fond", "good"),
        *("hates", "hopes", "interested", "knows", "likes", "longs", "love", "loves", "remembers"),
        *("speaks", "tells", "thinks", "trusts", "wants", "wishes"),
    }
)
"""The first words of what somebody likes, knows or is able to do: `loves books`."""
