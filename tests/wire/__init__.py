"""A server of OpenAI's images API for tests and demonstrations, which draws pictures of its own.

It answers chat completions, too, as far as the reading of a page needs them. It is written from
OpenAI's published contract, and knows nothing of the programs that call it.
"""
