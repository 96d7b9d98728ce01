"""Settings of every test."""

from hypothesis import settings

# A slow machine is no bug: no test asserts on time, and neither should Hypothesis.
settings.register_profile("imggen", deadline=None)
settings.load_profile("imggen")
