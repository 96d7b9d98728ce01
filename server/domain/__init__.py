"""The nouns of the house, free of SQL, protos and libraries."""
