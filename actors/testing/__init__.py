"""Models for load and fault tests, shipped with the rest: scripted, and stored pictures."""
