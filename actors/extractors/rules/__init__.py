"""The reader by rules: pages read as an illustrator reads them, by rules alone."""
