"""The text gate: what the texts of a story may say.

It reads texts and lists, and knows neither the store nor the network. `TextGate` checks texts;
`words/` holds our lists, one file per language, and `rules.toml` what they add up to.
"""
