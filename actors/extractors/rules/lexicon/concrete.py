"""Nouns that end as ideas do, and name things, places or beings that can be drawn."""

CONCRETE = frozenset(
    {
        *("pavement", "basement", "parchment", "garment", "monument", "apartment", "document"),
        *("compartment", "cement", "battlement", "embankment", "ointment", "vestment", "casement"),
        *("instrument", "ornament", "implement", "filament", "fragment", "pigment", "segment"),
        *("tenement", "encampment", "equipment", "firmament", "liniment", "condiment", "pediment"),
        *("ship", "flagship", "warship", "spaceship", "airship", "starship", "steamship"),
        *("battleship", "longship", "lightship", "township", "rocket-ship", "pirate-ship"),
        *("toy-ship", "sailing-ship", "rocketship", "hood", "monkshood", "riding-hood"),
        *("fence", "residence", "ambulance", "appliance", "lance", "kingdom", "dukedom"),
        *("city", "station", "fire-station", "railway-station", "carnation", "decoration"),
        *("illustration", "potion", "lotion", "constellation", "contraption", "plantation"),
        *("television", "mansion", "harness", "lioness", "baroness", "governess", "wilderness"),
        *("prism", "inscription", "concoction"),
    }
)
