"""Models for load and fault tests, shipped with the rest: scripted ones and stored pictures."""
