"""Settings of every test."""

import signal

from hypothesis import settings

# A shell's background job ignores Ctrl-C, and so would the processes that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A slow machine is no bug: no test asserts on time, and neither should Hypothesis.
settings.register_profile("imggen", deadline=None)
settings.load_profile("imggen")
