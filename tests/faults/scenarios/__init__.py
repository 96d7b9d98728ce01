"""The scenarios: each breaks one thing, and says what came of it."""
