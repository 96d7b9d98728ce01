"""What is learned of reading: a table of word vectors, and the places that words tell."""
